/** What simulated containers run: a shell and the usual small programs, in the time of their node. */
export { baseName, isInteractiveShell, isKnownProgram, isShell } from "./names.ts";
export { runProgram } from "./shell.ts";
export { OutOfMemory, type Running, type ShellWorld } from "./world.ts";
