import type { Command } from "./shell-syntax.ts";
import { NotUnderstood, parseShell } from "./shell-syntax.ts";

/** What a simulated program can reach: its files, its variables, its output. */
export interface ShellWorld {
  readonly files: Map<string, string>;
  readonly variables: Map<string, string>;
  print(text: string): void;
  printError(text: string): void;
  /** It did something that serves a network: from now on its ports answer. */
  listens(): void;
  /** What a program that is not simulated does: its exit code, or forever. */
  unknown(command: string): { readonly afterMs: number; readonly exitCode: number };
  /** Whether there is a folder of this name. Left out: there is. */
  isFolder?(path: string): boolean;
  /** What `trap` asked for on TERM. */
  onTerm(exitCode: number): void;
}

/** Yields how many milliseconds it sleeps, Infinity for a program that runs until it is stopped; returns its exit code. */
export type Running = Generator<number, number>;

/** A program used up the memory that it has. */
export class OutOfMemory extends Error {
  override readonly name = "OutOfMemory";
}

class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** So many commands without sleeping are a loop that keeps a processor busy. */
const busyStepsMax = 10_000;
const variableLengthMax = 1 << 20;
const shells = ["sh", "bash", "ash", "dash", "zsh"];
const servers = ["nginx", "httpd", "redis-server", "postgres", "mysqld", "node_exporter", "pause"];
/** Programs that do something which the simulation has no need to show, and succeed. */
const quiet = "cd mkdir chmod chown cp mv ln set export wait sync date umask kill ulimit".split(" ");
/** Clients of a network: in the simulation who is asked answers. */
const clients = ["wget", "curl", "nc", "nslookup", "ping", "dig", "host"];

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function isShell(argv: readonly string[]): boolean {
  return shells.includes(baseName(argv[0] ?? ""));
}

/** A shell without a script. */
export function isInteractiveShell(argv: readonly string[]): boolean {
  return isShell(argv) && argv.slice(1).every((arg) => /^-[il]+$/.test(arg));
}

/** Whether the simulation knows what the program does. */
export function isKnownProgram(argv: readonly string[]): boolean {
  const name = baseName(argv[0] ?? "");
  return name in commands || quiet.includes(name) || clients.includes(name) || servers.includes(name);
}

/** Runs a program given as argv. */
export function* runProgram(argv: readonly string[], world: ShellWorld): Running {
  const shell = new Shell(world);
  try {
    return yield* shell.simple(argv, undefined);
  } catch (error) {
    if (error instanceof Exit) return error.code;
    throw error;
  }
}

/** Gives its exit code at once, or runs. */
type Builtin = (this: Shell, args: readonly string[]) => number | Running;

class Shell {
  readonly world: ShellWorld;
  #steps = 0;

  constructor(world: ShellWorld) {
    this.world = world;
  }

  *run(command: Command): Running {
    if (++this.#steps > busyStepsMax) yield* this.sleep(Number.POSITIVE_INFINITY);
    switch (command.kind) {
      case "simple":
        return yield* this.#expanded(command);
      case "list": {
        let last = 0;
        for (const { when, command: part } of command.parts) {
          if ((when === "success" && last !== 0) || (when === "failure" && last === 0)) continue;
          last = yield* this.run(part);
        }
        return last;
      }
      case "loop":
        while (((yield* this.run(command.condition)) === 0) !== command.until) yield* this.run(command.body);
        return 0;
      case "for":
        for (const word of command.words) {
          this.world.variables.set(command.name, this.#expand(word));
          yield* this.run(command.body);
        }
        return 0;
      case "if":
        for (const { condition, body } of command.branches) {
          if ((yield* this.run(condition)) === 0) return yield* this.run(body);
        }
        return command.otherwise === undefined ? 0 : yield* this.run(command.otherwise);
      case "not":
        return (yield* this.run(command.command)) === 0 ? 1 : 0;
      default:
        return command satisfies never;
    }
  }

  *sleep(ms: number): Running {
    this.#steps = 0;
    yield ms;
    return 0;
  }

  *#expanded({ words, output }: Command & { kind: "simple" }): Running {
    const expanded = words.map((word) => this.#expand(word));
    const [first = ""] = expanded;
    const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(first);
    if (assignment !== null && expanded.length === 1) {
      const [, name = "", value = ""] = assignment;
      if (value.length > variableLengthMax) throw new OutOfMemory();
      this.world.variables.set(name, value);
      return 0;
    }
    const path = output === undefined ? undefined : this.#expand(output.path);
    return yield* this.simple(expanded, path === undefined ? undefined : { path, append: output?.append === true });
  }

  *simple(argv: readonly string[], output: { path: string; append: boolean } | undefined): Running {
    const name = baseName(argv[0] ?? "");
    const args = argv.slice(1);
    const into = output === undefined ? this : new Shell(writingTo(this.world, output.path, output.append));
    if (shells.includes(name)) return yield* into.#script(argv, args);
    const builtin = commands[name];
    if (builtin !== undefined) {
      const outcome = builtin.call(into, args);
      return typeof outcome === "number" ? outcome : yield* outcome;
    }
    if (quiet.includes(name)) return 0;
    if (clients.includes(name)) return yield* into.#client(name, args);
    if (servers.includes(name)) {
      this.world.listens();
      return yield* this.sleep(Number.POSITIVE_INFINITY);
    }
    const { afterMs, exitCode } = this.world.unknown(argv.join(" "));
    yield* this.sleep(afterMs);
    return exitCode;
  }

  /** A network client: listening is serving, else who is asked answers. */
  *#client(name: string, args: readonly string[]): Running {
    if (name !== "nc" || !args.some((arg) => /^-[a-z]*l/.test(arg))) return 0;
    this.world.listens();
    return yield* this.sleep(Number.POSITIVE_INFINITY);
  }

  *#script(argv: readonly string[], args: readonly string[]): Running {
    const flag = args.findIndex((arg) => /^-[a-z]*c$/.test(arg));
    // A shell without a script and without a terminal reads nothing and ends; a script file is a program like others.
    if (flag < 0) {
      if (args.every((arg) => arg.startsWith("-"))) return 0;
      const { afterMs, exitCode } = this.world.unknown(argv.join(" "));
      yield* this.sleep(afterMs);
      return exitCode;
    }
    return yield* this.script(args[flag + 1] ?? "");
  }

  *script(text: string): Running {
    let command: Command;
    try {
      command = parseShell(text);
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      const { afterMs, exitCode } = this.world.unknown(text);
      yield* this.sleep(afterMs);
      return exitCode;
    }
    return yield* this.run(command);
  }

  #expand(word: string): string {
    const expanded = word.replace(/\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g, (_, a, b) => {
      return this.world.variables.get(a ?? b) ?? "";
    });
    return expanded.replaceAll("\0", "$");
  }
}

function writingTo(world: ShellWorld, path: string, append: boolean): ShellWorld {
  if (path === "/dev/stderr") return { ...bound(world), print: (text) => world.printError(text) };
  if (path === "/dev/stdout" || path.startsWith("/proc/1/fd")) return world;
  if (path === "/dev/null") return { ...bound(world), print: () => {} };
  if (!append) world.files.set(path, "");
  return { ...bound(world), print: (text) => world.files.set(path, (world.files.get(path) ?? "") + text) };
}

function bound(world: ShellWorld): ShellWorld {
  return {
    files: world.files,
    variables: world.variables,
    print: (text) => world.print(text),
    printError: (text) => world.printError(text),
    listens: () => world.listens(),
    unknown: (command) => world.unknown(command),
    onTerm: (exitCode) => world.onTerm(exitCode),
    isFolder: world.isFolder && ((path) => world.isFolder?.(path) ?? true),
  };
}

const commands: Readonly<Record<string, Builtin>> = {
  ":": () => 0,
  true: () => 0,
  false() {
    return 1;
  },
  exit([code]) {
    throw new Exit(Number(code ?? 0) & 0xff);
  },
  echo(args) {
    const bare = args[0] === "-n";
    const words = args.slice(/^-[neE]+$/.test(args[0] ?? "") ? 1 : 0);
    this.world.print(words.join(" ") + (bare ? "" : "\n"));
    return 0;
  },
  printf([format = "", ...args]) {
    let next = 0;
    const filled = format.replace(/%[sd]/g, () => args[next++] ?? "");
    this.world.print(filled.replaceAll("\\n", "\n").replaceAll("\\t", "\t"));
    return 0;
  },
  *sleep(args) {
    let ms = 0;
    for (const arg of args) ms += sleepMs(arg);
    return yield* this.sleep(ms);
  },
  *tail(args) {
    if (args.some((arg) => /^-[a-z0-9]*[fF]/.test(arg))) yield* this.sleep(Number.POSITIVE_INFINITY);
    return 0;
  },
  env() {
    for (const [name, value] of this.world.variables) this.world.print(`${name}=${value}\n`);
    return 0;
  },
  hostname() {
    this.world.print(`${this.world.variables.get("HOSTNAME") ?? "localhost"}\n`);
    return 0;
  },
  id() {
    this.world.print("uid=0(root) gid=0(root) groups=0(root)\n");
    return 0;
  },
  ls(args) {
    const [path = "/"] = args.filter((arg) => !arg.startsWith("-"));
    const below = path.endsWith("/") ? path : `${path}/`;
    const inside = [...this.world.files.keys()].filter((name) => name.startsWith(below));
    const names = new Set(inside.map((name) => name.slice(below.length).split("/")[0]));
    if (names.size === 0 && this.world.files.has(path)) names.add(path);
    for (const name of [...names].sort()) this.world.print(`${name}\n`);
    return 0;
  },
  pwd() {
    this.world.print("/\n");
    return 0;
  },
  whoami() {
    this.world.print("root\n");
    return 0;
  },
  touch(args) {
    for (const path of args) this.world.files.set(path, this.world.files.get(path) ?? "");
    return 0;
  },
  cat(args) {
    let code = 0;
    for (const path of args) {
      const text = this.world.files.get(path);
      if (text === undefined) {
        this.world.printError(`cat: can't open '${path}': No such file or directory\n`);
        code = 1;
      } else this.world.print(text);
    }
    return code;
  },
  rm(args) {
    for (const path of args) this.world.files.delete(path);
    return 0;
  },
  test(args) {
    return holds(args, this.world) ? 0 : 1;
  },
  "["(args) {
    return holds(args.slice(0, -1), this.world) ? 0 : 1;
  },
  trap([action = "", ...signals]) {
    if (signals.some((signal) => /^(SIG)?TERM$|^15$/.test(signal))) {
      this.world.onTerm(Number(/exit\s+(\d+)/.exec(action)?.[1] ?? 0));
    }
    return 0;
  },
  *exec(args) {
    return args.length === 0 ? 0 : yield* this.simple(args, undefined);
  },
};

function sleepMs(text: string): number {
  if (text === "infinity" || text === "inf") return Number.POSITIVE_INFINITY;
  const match = /^([0-9.]+)([smhd]?)$/.exec(text);
  if (match === null) return 0;
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[match[2] || "s"] ?? 1;
  return Number(match[1]) * unit * 1000;
}

function holds(args: readonly string[], world: ShellWorld): boolean {
  const { files } = world;
  if (args[0] === "!") return !holds(args.slice(1), world);
  const [a = "", b = "", c = ""] = args;
  switch (a) {
    case "-f":
    case "-e":
    case "-r":
      return files.has(b);
    case "-s":
      return (files.get(b) ?? "") !== "";
    case "-d":
      return world.isFolder?.(b) ?? true;
    case "-z":
      return b === "";
    case "-n":
      return b !== "";
    default:
      break;
  }
  switch (b) {
    case "=":
    case "==":
      return a === c;
    case "!=":
      return a !== c;
    case "-eq":
      return Number(a) === Number(c);
    case "-ne":
      return Number(a) !== Number(c);
    case "-gt":
      return Number(a) > Number(c);
    case "-lt":
      return Number(a) < Number(c);
    default:
      return a !== "";
  }
}
