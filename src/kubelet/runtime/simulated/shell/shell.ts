import { agnhost } from "./agnhost.ts";
import { builtins } from "./builtins.ts";
import { expandFields, expandText, matchesPattern, type Values } from "./expand.ts";
import { type TextProgram, textPrograms } from "./filters.ts";
import { request } from "./http-client.ts";
import { baseName, isAgnhost, isClient, isQuiet, isServer, isShell } from "./names.ts";
import { parseShell } from "./parse.ts";
import { programs } from "./programs.ts";
import { type Command, NotUnderstood, type Redirect, type Simple, type Word } from "./syntax.ts";
import { type FileSystem, Input, type Io, Leave, OutOfMemory, type Running, type ShellWorld } from "./world.ts";

/** So many commands without sleeping are a loop that keeps a processor busy. */
const busyStepsMax = 10_000;
const variableLengthMax = 1 << 20;
const callDepthMax = 100;

/** Runs a program given as argv. */
export function* runProgram(argv: readonly string[], world: ShellWorld): Running {
  const io: Io = {
    print: (text) => world.print(text),
    printError: (text) => world.printError(text),
    input: new Input(),
  };
  const shell = new Shell(world);
  return yield* shell.whole(shell.program(argv, io));
}

/** Runs commands: the state of one shell, which its subshells share. */
export class Shell {
  readonly world: ShellWorld;
  readonly name: string;
  parameters: readonly string[] = [];
  /** `set -e` */
  endsOnFailure = false;
  /** What runs with `&` and sleeps. */
  background: Running[] = [];
  readonly #functions = new Map<string, Command>();
  #last = 0;
  /** The exit code of the last command whose output became a part of a word. */
  #substituted = 0;
  #steps = 0;
  #depth = 0;
  /** How many conditions are being looked at, where a failure is an answer. */
  #conditions = 0;

  /** @param name by which it was called: its complaints begin with that */
  constructor(world: ShellWorld, name = "sh") {
    this.world = world;
    this.name = name;
  }

  /** The exit code of the last command. */
  get last(): number {
    return this.#last;
  }

  /** Runs something to the end of its script. */
  *whole(running: Running): Running {
    try {
      return yield* running;
    } catch (error) {
      if (error instanceof Leave) return error.code;
      throw error;
    }
  }

  *sleep(ms: number): Running {
    this.#steps = 0;
    yield ms;
    return 0;
  }

  /** Runs the text of a script. */
  *script(text: string, io: Io): Running {
    let command: Command;
    try {
      command = parseShell(text);
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      return yield* this.#opaque(text);
    }
    return yield* this.run(command, io);
  }

  *run(command: Command, io: Io): Running {
    if (++this.#steps > busyStepsMax) yield* this.sleep(Number.POSITIVE_INFINITY);
    this.#last = yield* this.#one(command, io);
    const fails = this.#last !== 0 && this.endsOnFailure && this.#conditions === 0;
    if (fails && (command.kind === "simple" || command.kind === "pipeline")) throw new Leave("exit", this.#last);
    return this.#last;
  }

  *#one(command: Command, io: Io): Running {
    switch (command.kind) {
      case "simple":
        return yield* this.#simple(command, io);
      case "pipeline":
        return yield* this.#pipeline(command.commands, io);
      case "list":
        return yield* this.#list(command, io);
      case "loop":
        return yield* this.#while(command, io);
      case "for":
        return yield* this.#for(command, io);
      case "if":
        for (const { condition, body } of command.branches) {
          if ((yield* this.#condition(condition, io)) === 0) return yield* this.run(body, io);
        }
        return command.otherwise === undefined ? 0 : yield* this.run(command.otherwise, io);
      case "case":
        return yield* this.#case(command, io);
      case "not":
        return (yield* this.#condition(command.command, io)) === 0 ? 1 : 0;
      case "function":
        this.#functions.set(command.name, command.body);
        return 0;
      case "group": {
        const into = yield* this.#redirected(command.redirects, io);
        if (into === undefined) return 1;
        const running = this.run(command.body, into);
        return command.subshell ? yield* this.whole(running) : yield* running;
      }
      default:
        return command satisfies never;
    }
  }

  *#list({ parts }: Command & { kind: "list" }, io: Io): Running {
    for (const [i, { when, command, background }] of parts.entries()) {
      if ((when === "success" && this.#last !== 0) || (when === "failure" && this.#last === 0)) continue;
      const next = parts[i + 1]?.when ?? "always";
      if (background) this.#start(command, io);
      else if (next === "always") yield* this.run(command, io);
      else yield* this.#condition(command, io);
    }
    return parts.length === 0 ? 0 : this.#last;
  }

  /** Runs it to its first sleep; `wait` runs the rest. */
  #start(command: Command, io: Io): void {
    const running = this.whole(this.run(command, io));
    const first = running.next();
    this.#last = 0;
    if (first.done) return;
    const sleeps = first.value;
    this.background.push(
      (function* (): Running {
        yield sleeps;
        return yield* running;
      })(),
    );
  }

  *#condition(command: Command, io: Io): Running {
    this.#conditions++;
    try {
      return yield* this.run(command, io);
    } finally {
      this.#conditions--;
    }
  }

  *#while({ condition, until, body }: Command & { kind: "loop" }, io: Io): Running {
    let code = 0;
    while (((yield* this.#condition(condition, io)) === 0) !== until) {
      const turn = yield* this.#turn(body, io);
      if (turn === "break") return 0;
      code = turn;
    }
    return code;
  }

  *#for({ name, words, body }: Command & { kind: "for" }, io: Io): Running {
    let code = 0;
    const values = words === undefined ? this.parameters : yield* this.#fields(words, io);
    for (const value of values) {
      this.assign(name, value);
      const turn = yield* this.#turn(body, io);
      if (turn === "break") return 0;
      code = turn;
    }
    return code;
  }

  *#turn(body: Command, io: Io): Generator<number, number | "break"> {
    try {
      return yield* this.run(body, io);
    } catch (error) {
      if (!(error instanceof Leave) || error.what === "exit" || error.what === "return") throw error;
      if (error.levels > 1) throw new Leave(error.what, 0, error.levels - 1);
      return error.what === "break" ? "break" : 0;
    }
  }

  *#case({ word, branches }: Command & { kind: "case" }, io: Io): Running {
    const text = yield* this.#text(word, io);
    for (const { patterns, body } of branches) {
      for (const pattern of patterns) {
        if (matchesPattern(text, yield* this.#text(pattern, io))) return yield* this.run(body, io);
      }
    }
    return 0;
  }

  /** Each one's output is the next one's input; those that read line by line keep up with one that takes its time. */
  *#pipeline(commands: readonly Command[], io: Io): Running {
    const [first, ...rest] = commands;
    if (first === undefined) return 0;
    const filters: TextProgram[] = [];
    for (const command of rest) {
      const program = yield* this.#asFilter(command, io);
      if (program === undefined) break;
      filters.push(program);
    }
    if (filters.length === rest.length) return yield* this.#filtered(first, filters, io);
    let text = "";
    let code = 0;
    for (const [i, command] of commands.entries()) {
      const input = i === 0 ? io.input : new Input(text);
      text = "";
      const keep = (more: string): void => {
        text += more;
      };
      const print = i === commands.length - 1 ? io.print : keep;
      code = yield* this.whole(this.#condition(command, { ...io, input, print }));
    }
    return code;
  }

  *#asFilter(command: Command, io: Io): Generator<number, TextProgram | undefined> {
    if (command.kind !== "simple" || command.redirects.length > 0 || command.assignments.length > 0) return undefined;
    const [name = "", ...args] = yield* this.#fields(command.words, io);
    const program = Object.hasOwn(textPrograms, baseName(name)) ? textPrograms[baseName(name)]?.(args) : undefined;
    return program === undefined || program.files.length > 0 ? undefined : program;
  }

  *#filtered(first: Command, filters: readonly TextProgram[], io: Io): Running {
    const stages = filters.reduceRight<{ print(text: string): void; end(): void }>(
      (next, program) =>
        this.#stage(
          program,
          (text) => next.print(text),
          () => next.end(),
        ),
      { print: (text) => io.print(text), end: () => {} },
    );
    const code = yield* this.whole(this.#condition(first, { ...io, print: (text) => stages.print(text) }));
    stages.end();
    return filters.at(-1)?.filter.exitCode?.() ?? (filters.length === 0 ? code : 0);
  }

  #stage({ filter, copies }: TextProgram, print: (text: string) => void, ended: () => void) {
    let rest = "";
    const { files } = this.world;
    for (const path of copies?.files ?? []) if (copies?.append !== true) files.set(path, "");
    const line = (text: string): void => {
      for (const path of copies?.files ?? []) files.set(path, `${files.get(path) ?? ""}${text}\n`);
      const given = filter.line(text);
      if (given !== undefined) print(given);
    };
    return {
      print: (text: string): void => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const one of lines) line(one);
      },
      end: (): void => {
        if (rest !== "") line(rest);
        const given = filter.end?.();
        if (given !== undefined) print(given);
        ended();
      },
    };
  }

  *#simple({ assignments, words, redirects }: Simple, io: Io): Running {
    this.#substituted = 0;
    const argv = yield* this.#fields(words, io);
    for (const { name, value } of assignments) this.assign(name, yield* this.#text(value, io));
    const into = yield* this.#redirected(redirects, io);
    if (into === undefined) return 1;
    return argv.length === 0 ? this.#substituted : yield* this.program(argv, into);
  }

  /** Runs a program, a builtin or a function. */
  *program(argv: readonly string[], io: Io): Running {
    const [command = "", ...args] = argv;
    const body = this.#functions.get(command);
    if (body !== undefined) return yield* this.#call(body, args, io);
    const name = baseName(command);
    if (isShell(argv)) return yield* this.#shell(argv, args, io);
    const builtin = Object.hasOwn(builtins, name) ? builtins[name] : undefined;
    if (builtin !== undefined) {
      const outcome = builtin(this, args, io);
      return typeof outcome === "number" ? outcome : yield* outcome;
    }
    const program = Object.hasOwn(programs, name) ? programs[name] : undefined;
    if (program !== undefined) return program(args, io, this.world);
    const follows = name === "tail" && args.some((arg) => /^-[a-z0-9]*[fF]/.test(arg));
    if (follows) return yield* this.sleep(Number.POSITIVE_INFINITY);
    const text = Object.hasOwn(textPrograms, name) ? textPrograms[name]?.(args) : undefined;
    if (text !== undefined) return this.#read(name, text, io);
    if (isQuiet(name)) return 0;
    if (isAgnhost(name)) return yield* agnhost(this, argv, io) ?? this.#serve();
    if (isServer(name) || (name === "nc" && args.some((arg) => /^-[a-z]*l/.test(arg)))) {
      return yield* this.#serve();
    }
    if (name === "curl" || name === "wget") return request(name, args, io, this.world);
    return isClient(name) ? 0 : yield* this.#opaque(argv.join(" "));
  }

  *#serve(): Running {
    this.world.listens();
    return yield* this.sleep(Number.POSITIVE_INFINITY);
  }

  *#call(body: Command, args: readonly string[], io: Io): Running {
    const outer = this.parameters;
    if (this.#depth >= callDepthMax) return yield* this.sleep(Number.POSITIVE_INFINITY);
    this.#depth++;
    this.parameters = args;
    try {
      return yield* this.run(body, io);
    } catch (error) {
      if (error instanceof Leave && error.what === "return") return error.code;
      throw error;
    } finally {
      this.parameters = outer;
      this.#depth--;
    }
  }

  /** A text program on its files, or on its input. */
  #read(name: string, program: TextProgram, io: Io): number {
    const stage = this.#stage(program, io.print, () => {});
    let code = 0;
    for (const path of program.files) {
      const text = this.world.files.get(path);
      if (text !== undefined && name === "cat") io.print(text);
      else if (text !== undefined) stage.print(text);
      else {
        io.printError(`${name}: can't open '${path}': No such file or directory\n`);
        code = 1;
      }
    }
    if (program.files.length === 0) {
      for (let line = io.input.line(); line !== undefined; line = io.input.line()) stage.print(`${line}\n`);
    }
    stage.end();
    return program.filter.exitCode?.() ?? code;
  }

  *#shell(argv: readonly string[], args: readonly string[], io: Io): Running {
    const flag = args.findIndex((arg) => /^-[a-z]*c$/.test(arg));
    // A shell without a script and without a terminal reads its input and ends; a script file is a program like others.
    const inner = new Shell(this.world, argv[0]);
    if (flag < 0) {
      if (args.some((arg) => !arg.startsWith("-"))) return yield* this.#opaque(argv.join(" "));
      const lines: string[] = [];
      for (let line = io.input.line(); line !== undefined; line = io.input.line()) lines.push(line);
      return yield* inner.whole(inner.script(lines.join("\n"), io));
    }
    inner.endsOnFailure = /e/.test(args[flag] ?? "") || args.slice(0, flag).includes("-e");
    inner.parameters = args.slice(flag + 3);
    return yield* inner.whole(inner.script(args[flag + 1] ?? "", io));
  }

  *#opaque(command: string): Running {
    const { afterMs, exitCode } = this.world.unknown(command);
    if (afterMs > 0) yield* this.sleep(afterMs);
    return exitCode;
  }

  /** Nothing when a file that is to be read is not there. */
  *#redirected(redirects: readonly Redirect[], io: Io): Generator<number, Io | undefined> {
    let { print, printError, input } = io;
    const { files } = this.world;
    for (const redirect of redirects) {
      if (redirect.kind === "join") {
        if (redirect.stream === "output") print = printError;
        else printError = print;
      } else if (redirect.kind === "here") input = new Input(yield* this.#text(redirect.text(), io));
      else if (redirect.kind === "input") {
        const path = yield* this.#text(redirect.path, io);
        const text = path === "/dev/null" ? "" : files.get(path);
        if (text === undefined) {
          io.printError(`${this.name}: can't open ${path}: no such file\n`);
          return undefined;
        }
        input = new Input(text);
      } else {
        const path = yield* this.#text(redirect.path, io);
        if (files.isReadOnly?.(path) === true) {
          io.printError(`${this.name}: can't create ${path}: Read-only file system\n`);
          return undefined;
        }
        const into = writingTo(path, redirect.append, files, io);
        if (redirect.stream !== "error") print = into;
        if (redirect.stream !== "output") printError = into;
      }
    }
    return { print, printError, input };
  }

  /** @throws OutOfMemory */
  assign(name: string, value: string): void {
    if (value.length > variableLengthMax) throw new OutOfMemory();
    this.world.variables.set(name, value);
  }

  #values(): Values {
    return {
      parameters: this.parameters,
      assign: (name, value) => this.assign(name, value),
      variable: (name) => {
        if (name === "?") return String(this.#last);
        if (name === "$" || name === "!") return "1";
        if (name === "#") return String(this.parameters.length);
        if (name === "@" || name === "*") return this.parameters.join(" ");
        if (name === "0") return "sh";
        return /^\d$/.test(name) ? this.parameters[Number(name) - 1] : this.world.variables.get(name);
      },
    };
  }

  *#text(word: Word, io: Io): Generator<number, string> {
    return yield* expandText(word, this.#values(), ({ command }) => this.#captured(command, io));
  }

  *#fields(words: readonly Word[], io: Io): Generator<number, string[]> {
    const fields: string[] = [];
    for (const word of words) {
      fields.push(...(yield* expandFields(word, this.#values(), ({ command }) => this.#captured(command, io))));
    }
    return fields;
  }

  *#captured(command: Command, io: Io): Generator<number, string> {
    let text = "";
    const print = (more: string): void => {
      text += more;
      if (text.length > variableLengthMax) throw new OutOfMemory();
    };
    this.#substituted = yield* this.whole(this.#condition(command, { ...io, print }));
    return text;
  }
}

function writingTo(path: string, append: boolean, files: FileSystem, io: Io): (text: string) => void {
  if (path === "/dev/stderr" || path === "/proc/self/fd/2") return io.printError;
  if (path === "/dev/stdout" || path.startsWith("/proc/1/fd") || path === "/proc/self/fd/1") return io.print;
  if (path === "/dev/null") return () => {};
  if (!append) files.set(path, "");
  return (text) => void files.set(path, (files.get(path) ?? "") + text);
}
