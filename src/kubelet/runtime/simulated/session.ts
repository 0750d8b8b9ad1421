import type { Clock } from "../../../host/index.ts";
import type { CommandOutcome, CommandStreams } from "../../../streams/index.ts";
import { type ContainerConfig, RuntimeError } from "../runtime.ts";
import { runCommand, worldBeside } from "./exec.ts";
import type { SimulatedProcess } from "./process.ts";
import { baseName, isInteractiveShell, isKnownProgram, isShell, type ShellWorld } from "./shell/index.ts";
import { absolute, packTar, TarError, unpackTar } from "./tar.ts";
import { printerTo, readLines } from "./terminal.ts";

export interface SessionOptions {
  readonly clock: Clock;
  readonly process: SimulatedProcess;
  readonly config: ContainerConfig;
  readonly hostname: string;
  readonly tty: boolean;
}

const prompt = "/ # ";
const exitPattern = /^\s*exit(?:\s+(\d+))?\s*;?\s*$/;
/** Of a command that was ended by a key. */
const interruptedExitCode = 130;

/**
 * Runs a command in a simulated container on a client's streams: a shell reads commands, `cat` copies, `tar` packs and
 * unpacks files, others read nothing. @throws RuntimeError for a program that the simulation does not know.
 */
export async function runOnStreams(
  options: SessionOptions,
  command: readonly string[],
  streams: CommandStreams,
): Promise<CommandOutcome> {
  const { clock, process, config, hostname, tty } = options;
  const { stdin, stdout, signal } = streams;
  const print = printerTo(stdout, tty);
  const printError = tty ? print : printerTo(streams.stderr, false);
  const world = interactiveWorld(worldBeside(process, config, { print, printError }, clock, hostname));
  if (isInteractiveShell(command) && stdin !== undefined) return runShell(options, world, streams);
  if (copiesInput(command) && stdin !== undefined) {
    for await (const chunk of stdin) print(String(chunk));
    return { kind: "exited", code: 0 };
  }
  if (baseName(command[0] ?? "") === "tar") {
    await process.files.load(command);
    return runTar(options, world, command, streams);
  }
  stdin?.resume();
  await process.files.load(command);
  if (!isShell(command) && !isKnownProgram(command)) throw notFound(command[0] ?? "");
  const code = await runCommand(clock, world, command, { timeoutSeconds: 0, signal });
  return { kind: "exited", code };
}

/** Folders that every image has. */
const usualFolders = "/ /bin /dev /etc /home /lib /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /var".split(" ");

/** Who looks on is told of what is not there; a probe or a hook is taken to succeed. */
export function interactiveWorld(world: ShellWorld): ShellWorld {
  return {
    ...world,
    folders: usualFolders.map((folder) => folder.slice(1)).filter((name) => name !== ""),
    unknown: (command) => {
      world.printError(`sh: ${command}: not found, or beyond what a simulated container understands\n`);
      return { afterMs: 0, exitCode: 127 };
    },
    isFolder: (path) => {
      const folder = absolute("/", path);
      const isMount = world.files.facts?.(folder)?.isFolder === true;
      return (
        usualFolders.includes(folder) ||
        isMount ||
        [...world.files.keys()].some((file) => file.startsWith(`${folder}/`))
      );
    },
  };
}

/** A shell that takes its commands from its input, with its variables kept from one to the next. */
export async function runShell(
  { clock, process, tty }: SessionOptions,
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
    const ended = process.files
      .load([input.text])
      .then(() => runCommand(clock, world, ["sh", "-c", input.text], { timeoutSeconds: 0, signal: both }))
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

/** As containerd and runc say it. */
function notFound(program: string): RuntimeError {
  const why = `exec: "${program}": executable file not found in $PATH: unknown`;
  return new RuntimeError(
    "Unknown",
    `failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: ${why}`,
  );
}

/** The uses of `tar` that `kubectl cp` makes: `tar xf - [-C folder]` and `tar cf - path`. */
async function runTar(
  { clock }: SessionOptions,
  world: ShellWorld,
  [, ...args]: readonly string[],
  { stdin, stdout }: CommandStreams,
): Promise<CommandOutcome> {
  const flags = args[0]?.replace(/^-/, "") ?? "";
  const folderAt = args.indexOf("-C");
  const folder = folderAt < 0 ? "/" : (args[folderAt + 1] ?? "/");
  try {
    if (flags.includes("x") && stdin !== undefined) {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
      for (const [path, text] of unpackTar(Buffer.concat(chunks), folder)) world.files.set(path, text);
      return { kind: "exited", code: 0 };
    }
    if (flags.includes("c")) {
      const paths = args.slice(1).filter((arg, i, all) => !arg.startsWith("-") && all[i - 1] !== "-C");
      for (const path of paths) stdout?.write(packTar(world.files, folder, path, clock.now()));
      return { kind: "exited", code: 0 };
    }
    throw new TarError("tar: a simulated container only knows tar cf - and tar xf -");
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    world.printError(`${error.message}\n`);
    return { kind: "exited", code: 1 };
  }
}
