import type { CommandOutcome, CommandStreams } from "../../../streams/index.ts";
import { worldBeside } from "./exec.ts";
import type { SimulatedLog } from "./log.ts";
import { interactiveWorld, runShell, type SessionOptions } from "./session.ts";
import { printerTo } from "./terminal.ts";

export interface AttachOptions extends SessionOptions {
  readonly log: SimulatedLog;
  /** Resolves with the exit code when the container's process ends. */
  readonly ended: Promise<number>;
}

/**
 * Joins a client to the process of a simulated container: what it prints from now on. A process that reads is a shell:
 * it takes the client's commands, and ends when that says so.
 */
export async function attachToProcess(options: AttachOptions, streams: CommandStreams): Promise<CommandOutcome> {
  const { config, hostname, process, log, ended, tty } = options;
  const { stdin, stdout, signal } = streams;
  const gone = new Promise<"gone">((resolve) =>
    signal.addEventListener("abort", () => resolve("gone"), { once: true }),
  );
  if (stdin !== undefined && config.stdin === true && !process.isInterpreted) {
    const print = printerTo(stdout, tty);
    const printError = tty ? print : printerTo(streams.stderr, false);
    const shell = runShell(
      options,
      interactiveWorld(worldBeside(process, config, { print, printError }, options.clock, hostname)),
      streams,
    );
    const first = await Promise.race([shell, ended, gone]);
    if (typeof first === "object" && first.kind === "exited" && !signal.aborted) process.finish(first.code);
    return { kind: "exited", code: 0 };
  }
  stdin?.resume();
  const print = printerTo(stdout, tty);
  for await (const { text } of log.follow(log.total, signal)) print(`${text}\n`);
  return { kind: "exited", code: 0 };
}
