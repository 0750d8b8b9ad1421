/** What simulated containers run: a shell and the usual small programs, in the time of their node. */
export { baseName, isAgnhost, isInteractiveShell, isKnownProgram, isServer, isShell } from "./names.ts";
export { runProgram } from "./shell.ts";
export { type FileFacts, type FileSystem, OutOfMemory, type Running, type ShellWorld } from "./world.ts";
