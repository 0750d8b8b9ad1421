import type { Clock } from "../../../host/index.ts";
import type { CommandOutcome, CommandStreams } from "../../../streams/index.ts";
import type { ContainerConfig } from "../runtime.ts";
import { runCommand, worldBeside } from "./exec.ts";
import type { SimulatedProcess } from "./process.ts";
import { baseName, isInteractiveShell, type ShellWorld } from "./shell.ts";
import { printerTo, readLines } from "./terminal.ts";

export interface SessionOptions {
  readonly clock: Clock;
  readonly process: SimulatedProcess;
  readonly config: ContainerConfig;
  readonly tty: boolean;
}

const prompt = "/ # ";
const exitPattern = /^\s*exit(?:\s+(\d+))?\s*;?\s*$/;
/** Of a command that was ended by a key. */
const interruptedExitCode = 130;

/** Runs a command in a simulated container on a client's streams: a shell reads commands, `cat` copies, others read nothing. */
export async function runOnStreams(
  options: SessionOptions,
  command: readonly string[],
  streams: CommandStreams,
): Promise<CommandOutcome> {
  const { clock, process, config, tty } = options;
  const { stdin, stdout, signal } = streams;
  const print = printerTo(stdout, tty);
  const printError = tty ? print : printerTo(streams.stderr, false);
  const world = worldBeside(process, config, { print, printError });
  if (isInteractiveShell(command) && stdin !== undefined) return runShell(options, world, streams);
  if (copiesInput(command) && stdin !== undefined) {
    for await (const chunk of stdin) print(String(chunk));
    return { kind: "exited", code: 0 };
  }
  stdin?.resume();
  const code = await runCommand(clock, world, command, { timeoutSeconds: 0, signal });
  return { kind: "exited", code };
}

/** A shell that takes its commands from its input, with its variables kept from one to the next. */
export async function runShell(
  { clock, tty }: SessionOptions,
  world: ShellWorld,
  { stdin, stdout, signal }: CommandStreams,
): Promise<CommandOutcome> {
  if (stdin === undefined) return { kind: "exited", code: 0 };
  const write = (text: string): void => void stdout?.write(text);
  let code = 0;
  let running: { readonly abort: AbortController; readonly ended: Promise<number> } | undefined;
  if (tty) write(prompt);
  for await (const input of readLines(stdin, tty ? write : undefined)) {
    if (input.kind === "interrupt") {
      running?.abort.abort(new Error("interrupted"));
      code = interruptedExitCode;
      if (running === undefined) write(prompt);
      continue;
    }
    // What is typed while a command runs waits for it; only an interrupt does not.
    if (running !== undefined) code = await running.ended;
    const exit = exitPattern.exec(input.text);
    if (exit !== null) return { kind: "exited", code: Number(exit[1] ?? code) & 0xff };
    const abort = new AbortController();
    const both = AbortSignal.any([abort.signal, signal]);
    const ended = runCommand(clock, world, ["sh", "-c", input.text], { timeoutSeconds: 0, signal: both })
      .catch(() => interruptedExitCode)
      .then((ran) => {
        running = undefined;
        code = ran;
        if (tty) write(prompt);
        return ran;
      });
    running = { abort, ended };
  }
  if (running !== undefined) code = await running.ended;
  if (tty) write("\r\n");
  return { kind: "exited", code };
}

function copiesInput(command: readonly string[]): boolean {
  return baseName(command[0] ?? "") === "cat" && command.slice(1).every((arg) => arg === "-");
}
