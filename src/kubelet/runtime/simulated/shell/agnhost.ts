import type { Shell } from "./shell.ts";
import type { FileFacts, Io, Running, ShellWorld } from "./world.ts";

/**
 * The program of the image that Kubernetes' own tests run (`agnhost`), as far as it only prints, waits and ends; undefined
 * for subcommands of which no more is known than that they serve.
 */
export function agnhost(shell: Shell, argv: readonly string[], io: Io): Running | undefined {
  const [, subcommand = "pause", ...args] = argv;
  switch (subcommand) {
    case "pause":
      return pause(shell, io);
    case "entrypoint-tester":
      return print(io, `[${argv.join(" ")}]\n`);
    case "mounttest":
      return mountTest(shell, flagsOf(args), io);
    case "connect":
      return print(io, "");
    case "logs-generator":
      return generateLogs(shell, flagsOf(args), io);
    default:
      return undefined;
  }
}

type Flags = ReadonlyMap<string, string>;

/** `--name=value`, `--name value` and `-n value`. */
function flagsOf(args: readonly string[]): Flags {
  const flags = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const [, name, inline] = /^--?([^=]+)(?:=(.*))?$/s.exec(args[i] ?? "") ?? [];
    if (name === undefined) continue;
    const next = args[i + 1];
    if (inline !== undefined) flags.set(name, inline);
    else if (next === undefined || next.startsWith("-")) flags.set(name, "true");
    else {
      flags.set(name, next);
      i++;
    }
  }
  return flags;
}

function* pause(shell: Shell, io: Io): Running {
  io.print("Paused\n");
  shell.world.onTerm(0);
  return yield* shell.sleep(Number.POSITIVE_INFINITY);
}

// biome-ignore lint/correctness/useYield: it ends at once
function* print(io: Io, text: string): Running {
  io.print(text);
  return 0;
}

const newText = "mount-tester new file\n";
const defaultRetrySeconds = 180;
const retryEveryMs = 2000;
/** What statfs says of a disk (ext4). */
const diskMagic = 0xef53;

/** Questions about files, in an order of its own whatever the order of the flags. */
function* mountTest(shell: Shell, flags: Flags, io: Io): Running {
  const { world } = shell;
  let failed = false;
  const note = (isGood: boolean): void => {
    failed ||= !isGood;
  };
  const about = (flag: string, call: string, say: (facts: FileFacts, path: string) => string): void => {
    const path = flags.get(flag);
    if (path !== undefined) note(tellFacts(world, path, call, say, io));
  };
  about("fs_type", "statfs", (facts, path) => `mount type of "${path}": ${facts.inMemory ? "tmpfs" : diskMagic}\n`);
  for (const mode of ["0644", "0666", "0660", "0777"]) {
    const path = flags.get(`new_file_${mode}`);
    if (path !== undefined) note(writeNew(world, path, Number.parseInt(mode, 8), io));
  }
  about("file_mode", "Stat", (facts, path) => `mode of file "${path}": ${modeText(facts)}\n`);
  about("file_perm", "Stat", (facts, path) => `perms of file "${path}": -${permissions(facts.mode)}\n`);
  about("file_owner", "stat", ({ uid, gid }, path) => {
    return `owner UID of "${path}": ${uid}\nowner GID of "${path}": ${gid}\n`;
  });
  const path = flags.get("file_content");
  if (path !== undefined) note(tellContent(world, path, io));
  if (flags.has("file_content_in_loop")) note((yield* contentInLoop(shell, flags, io)) === 0);
  return failed ? 1 : 0;
}

function tellFacts(
  world: ShellWorld,
  path: string,
  call: string,
  say: (facts: FileFacts, path: string) => string,
  io: Io,
): boolean {
  const facts = world.files.facts?.(path);
  if (facts === undefined) {
    const why = call === "Stat" ? `stat ${path}: no such file or directory` : "no such file or directory";
    io.print(`error from ${call}("${path}"): ${why}\n`);
  } else io.print(say(facts, path));
  return facts !== undefined;
}

function writeNew(world: ShellWorld, path: string, mode: number, io: Io): boolean {
  if (world.files.isReadOnly?.(path) === true) {
    io.print(`error writing new file "${path}": open ${path}: read-only file system\n`);
    return false;
  }
  world.files.set(path, newText);
  world.files.chmod?.(path, mode);
  return tellContent(world, path, io);
}

function tellContent({ files }: ShellWorld, path: string, io: Io): boolean {
  const text = files.get(path);
  if (text === undefined) {
    io.print(`error reading file content for "${path}": open ${path}: no such file or directory\n`);
    return false;
  }
  io.print(`content of file "${path}": ${text}\n`);
  return true;
}

function* contentInLoop(shell: Shell, flags: Flags, io: Io): Running {
  const { world } = shell;
  const path = flags.get("file_content_in_loop") ?? "";
  const endMs = world.now() + Number(flags.get("retry_time") ?? defaultRetrySeconds) * 1000;
  const ends = flags.get("break_on_expected_content") !== "false";
  let failed = false;
  for (; world.now() < endMs; yield* shell.sleep(retryEveryMs)) {
    const text = world.files.get(path);
    failed = text === undefined;
    if (text === undefined) {
      io.print(`Error reading file ${path}: open ${path}: no such file or directory, retrying\n`);
      continue;
    }
    io.print(`content of file "${path}": ${text}\n`);
    if (!ends) continue;
    if (text === newText) break;
    io.print(`Unexpected content. Expected: ${newText}. Retrying`);
  }
  return failed ? 1 : 0;
}

function permissions(mode: number): string {
  return [6, 3, 0]
    .map((shift) => {
      const bits = mode >> shift;
      return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${bits & 1 ? "x" : "-"}`;
    })
    .join("");
}

function modeText({ mode, isFolder }: FileFacts): string {
  const kinds = `${isFolder ? "d" : ""}${mode & 0o1000 ? "t" : ""}`;
  return (kinds === "" ? "-" : kinds) + permissions(mode);
}

const methods = ["GET", "POST", "PUT"];
const namespaces = ["kube-system", "default", "ns"];

/** Lines as an API server logs them, spread evenly over a time. */
function* generateLogs(shell: Shell, flags: Flags, io: Io): Running {
  const total = Number(flags.get("log-lines-total") ?? flags.get("t") ?? 0);
  const durationMs = 1000 * secondsOf(flags.get("run-duration") ?? flags.get("d") ?? "");
  if (!(total > 0) || !(durationMs > 0)) {
    io.printError(
      total > 0 ? `Invalid duration: ${durationMs / 1000}s\n` : `Invalid total number of lines: ${total}\n`,
    );
    return 255;
  }
  for (let id = 0; id < total; id++) {
    const at = new Date(shell.world.now()).toISOString();
    const url = `/api/v1/namespaces/${namespaces[id % namespaces.length]}/pods/${((id * 7919) % 46_656).toString(36)}`;
    const stamp = `I${at.slice(5, 7)}${at.slice(8, 10)} ${at.slice(11, 23)}000       1 logs_generator.go:76]`;
    io.print(`${stamp} ${id} ${methods[id % methods.length]} ${url} ${200 + ((id * 37) % 400)}\n`);
    yield* shell.sleep(durationMs / total);
  }
  return 0;
}

/** A duration as Go writes it. */
function secondsOf(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };
  let seconds = 0;
  for (const [, count, unit = ""] of text.matchAll(/([\d.]+)(ms|h|m|s)/g))
    seconds += Number(count) * (units[unit] ?? 0);
  return seconds;
}
