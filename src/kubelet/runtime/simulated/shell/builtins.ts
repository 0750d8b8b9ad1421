import { calculate } from "./expand.ts";
import type { Shell } from "./shell.ts";
import { Input, type Io, Leave, type Running } from "./world.ts";

/** What a shell runs itself: gives its exit code at once, or runs. */
type Builtin = (shell: Shell, args: readonly string[], io: Io) => number | Running;

export const builtins: Readonly<Record<string, Builtin>> = {
  ":": () => 0,
  true: () => 0,
  false: () => 1,
  exit(shell, [code]) {
    throw new Leave("exit", Number(code ?? shell.last) & 0xff);
  },
  return(shell, [code]) {
    throw new Leave("return", Number(code ?? shell.last) & 0xff);
  },
  break(_, [levels]) {
    throw new Leave("break", 0, Number(levels ?? 1));
  },
  continue(_, [levels]) {
    throw new Leave("continue", 0, Number(levels ?? 1));
  },
  sleep: (shell, args) => shell.sleep(args.reduce((sum, arg) => sum + sleepMs(arg), 0)),
  exec: (shell, args, io) => (args.length === 0 ? 0 : shell.program(args, io)),
  time: (shell, args, io) => shell.program(args, io),
  timeout: (shell, args, io) => timeout(shell, args, io),
  eval: (shell, args, io) => shell.script(args.join(" "), io),
  set(shell, args) {
    if (args[0] === "--") shell.parameters = args.slice(1);
    else if (args.some((arg) => /^-[a-z]*e/.test(arg))) shell.endsOnFailure = true;
    else if (args.some((arg) => /^\+[a-z]*e/.test(arg))) shell.endsOnFailure = false;
    return 0;
  },
  shift(shell, [count]) {
    shell.parameters = shell.parameters.slice(Number(count ?? 1));
    return 0;
  },
  export: assignAll,
  local: assignAll,
  readonly: assignAll,
  unset(shell, args) {
    for (const name of args) shell.world.variables.delete(name);
    return 0;
  },
  let(shell, args) {
    let value = 0;
    for (const arg of args) {
      const [, name, text = ""] = /^([A-Za-z_]\w*)=(.*)$/.exec(arg) ?? [undefined, undefined, arg];
      value = calculate(text, (other) => shell.world.variables.get(other));
      if (name !== undefined) shell.assign(name, String(value));
    }
    return value === 0 ? 1 : 0;
  },
  read(shell, args, io) {
    const names = args.filter((arg) => !arg.startsWith("-"));
    const line = io.input.line();
    const fields = (line ?? "").trim().split(/\s+/);
    for (const [i, name] of names.entries()) {
      shell.assign(name, i === names.length - 1 ? fields.slice(i).join(" ") : (fields[i] ?? ""));
    }
    return line === undefined ? 1 : 0;
  },
  trap(shell, [action = "", ...signals]) {
    if (signals.some((signal) => /^(SIG)?TERM$|^15$/.test(signal))) {
      shell.world.onTerm(Number(/exit\s+(\d+)/.exec(action)?.[1] ?? 0));
    }
    return 0;
  },
  *wait(shell) {
    let code = 0;
    for (const running of shell.background.splice(0)) code = yield* running;
    return code;
  },
  *xargs(shell, args, io) {
    const words: string[] = [];
    for (let line = io.input.line(); line !== undefined; line = io.input.line()) {
      words.push(...line.split(/\s+/).filter(Boolean));
    }
    const { command, count, mark } = xargsOptions(args);
    const inner = { ...io, input: new Input() };
    let code = 0;
    const size = mark === undefined ? (count ?? Math.max(words.length, 1)) : 1;
    for (let i = 0; i < Math.max(words.length, 1); i += size) {
      const group = words.slice(i, i + size);
      const [word = ""] = group;
      const argv = mark === undefined ? [...command, ...group] : command.map((arg) => arg.replaceAll(mark, word));
      code = yield* shell.program(argv, inner);
    }
    return code;
  },
  *yes(shell, [word = "y"], io) {
    io.print(`${word}\n`.repeat(1000));
    return yield* shell.sleep(Number.POSITIVE_INFINITY);
  },
};

function xargsOptions(args: readonly string[]): { command: readonly string[]; count?: number; mark?: string } {
  let count: number | undefined;
  let mark: string | undefined;
  let at = 0;
  for (; at < args.length && args[at]?.startsWith("-") === true; at++) {
    const [, flag, inline = ""] = /^-(.)(.*)$/.exec(args[at] ?? "") ?? [];
    const value = inline === "" && "nIP".includes(flag ?? "") ? (args[++at] ?? "") : inline;
    if (flag === "n") count = Number(value) || undefined;
    if (flag === "I") mark = value;
  }
  return { command: at < args.length ? args.slice(at) : ["echo"], count, mark };
}

function assignAll(shell: Shell, args: readonly string[]): number {
  for (const arg of args) {
    const at = arg.indexOf("=");
    if (at > 0) shell.assign(arg.slice(0, at), arg.slice(at + 1));
  }
  return 0;
}

/** `timeout 5 program`: 124 when it is still running then. */
function* timeout(shell: Shell, args: readonly string[], io: Io): Running {
  const [limit = "0", ...argv] = args.filter((arg, i) => !(arg.startsWith("-") && i < args.length - 1 && arg !== "--"));
  let left = sleepMs(limit);
  const running = shell.program(argv, io);
  for (;;) {
    const step = running.next();
    if (step.done) return step.value;
    if (step.value >= left) {
      yield left;
      return 124;
    }
    left -= step.value;
    yield step.value;
  }
}

function sleepMs(text: string): number {
  if (text === "infinity" || text === "inf") return Number.POSITIVE_INFINITY;
  const match = /^([0-9.]+)([smhd]?)$/.exec(text);
  if (match === null) return 0;
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[match[2] || "s"] ?? 1;
  return Number(match[1]) * unit * 1000;
}
