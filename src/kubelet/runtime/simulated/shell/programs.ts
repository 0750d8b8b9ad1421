import { matchesPattern } from "./expand.ts";
import type { Io, ShellWorld } from "./world.ts";

/** A small program: gives its exit code, and never sleeps. */
type Program = (args: readonly string[], io: Io, world: ShellWorld) => number;

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** What `dd` copies at most: a simulated file is kept in memory. */
const copiedBytesMax = 1 << 16;

const root = { uid: 0, gid: 0, groups: [], privileged: false };

/** Programs that only print or change files. */
export const programs: Readonly<Record<string, Program>> = {
  echo(args, io) {
    const flags = /^-[neE]+$/.test(args[0] ?? "") ? (args[0] ?? "") : "";
    const text = args.slice(flags === "" ? 0 : 1).join(" ");
    io.print((flags.includes("e") ? escapes(text) : text) + (flags.includes("n") ? "" : "\n"));
    return 0;
  },
  printf([format = "", ...args], io) {
    let next = 0;
    do {
      const start = next;
      io.print(
        escapes(format).replace(/%(%|-?\d*(?:\.\d+)?[sdq])/g, (_, kind) => (kind === "%" ? "%" : (args[next++] ?? ""))),
      );
      if (next === start) break;
    } while (next < args.length);
    return 0;
  },
  env(_, io, world) {
    for (const [name, value] of world.variables) io.print(`${name}=${value}\n`);
    return 0;
  },
  printenv([name], io, world) {
    if (name === undefined) return programs.env?.([], io, world) ?? 0;
    const value = world.variables.get(name);
    if (value === undefined) return 1;
    io.print(`${value}\n`);
    return 0;
  },
  hostname(_, io, world) {
    io.print(`${world.variables.get("HOSTNAME") ?? "localhost"}\n`);
    return 0;
  },
  ip(args, io, { user = root }) {
    const changes = args.some((arg) => ["add", "set", "del", "delete", "flush"].includes(arg));
    if (!changes || user.privileged) return 0;
    io.printError("ip: RTNETLINK answers: Operation not permitted\n");
    return 2;
  },
  id(args, io, { user = root }) {
    const { uid, gid, groups } = user;
    const named = (id: number): string => (id === 0 ? "0(root)" : String(id));
    const all = [gid, ...groups];
    if (args.includes("-u")) io.print(`${uid}\n`);
    else if (args.includes("-g")) io.print(`${gid}\n`);
    else if (args.includes("-G")) io.print(`${all.join(" ")}\n`);
    else io.print(`uid=${named(uid)} gid=${named(gid)} groups=${all.map(named).join(",")}\n`);
    return 0;
  },
  whoami(_, io, { user = root }) {
    if (user.uid === 0) io.print("root\n");
    else io.printError(`whoami: unknown uid ${user.uid}\n`);
    return user.uid === 0 ? 0 : 1;
  },
  pwd(_, io) {
    io.print("/\n");
    return 0;
  },
  uname(args, io, world) {
    const name = world.variables.get("HOSTNAME") ?? "localhost";
    io.print(
      args.includes("-a") ? `Linux ${name} 6.12.0-sampan #1 SMP x86_64 GNU/Linux\n` : `${unamePart(args, name)}\n`,
    );
    return 0;
  },
  uptime(_, io, world) {
    const time = new Date(world.now()).toISOString().slice(11, 19);
    io.print(` ${time} up 1 day,  0:00,  0 users,  load average: 0.00, 0.00, 0.00\n`);
    return 0;
  },
  date(args, io, world) {
    const at = new Date(world.now());
    const format = args.find((arg) => arg.startsWith("+"))?.slice(1);
    io.print(`${format === undefined ? dateText(at, "%a %b %e %H:%M:%S UTC %Y") : dateText(at, format)}\n`);
    return 0;
  },
  seq(args, io) {
    const numbers = args.filter((arg) => /^-?\d+$/.test(arg)).map(Number);
    const [start, step, end] =
      numbers.length > 2 ? numbers : numbers.length > 1 ? [numbers[0], 1, numbers[1]] : [1, 1, numbers[0]];
    if (start === undefined || end === undefined || !step) return 1;
    const text: string[] = [];
    for (let n = start; step > 0 ? n <= end : n >= end; n += step) {
      text.push(`${n}\n`);
      if (text.length > 100_000) break;
    }
    io.print(text.join(""));
    return 0;
  },
  expr(args, io) {
    const [a = "", operator = "", b = ""] = args;
    const [x, y] = [Number(a), Number(b)];
    const results: Readonly<Record<string, number>> = {
      "+": x + y,
      "-": x - y,
      "*": x * y,
      "/": Math.trunc(x / y),
      "%": x % y,
      "=": Number(a === b),
      "<": Number(x < y),
      ">": Number(x > y),
    };
    const result = args.length === 1 ? a : String(results[operator] ?? 0);
    io.print(`${result}\n`);
    return result === "0" || result === "" ? 1 : 0;
  },
  basename([path = "", suffix = ""], io) {
    const name = path.replace(/\/+$/, "").split("/").at(-1) ?? "";
    io.print(`${suffix !== "" && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name}\n`);
    return 0;
  },
  dirname([path = ""], io) {
    io.print(`${path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : "."}\n`);
    return 0;
  },
  hexdump(args, io, world) {
    const paths = args.filter((arg) => !arg.startsWith("-"));
    for (const path of paths) {
      const text = world.files.get(path);
      if (text === undefined) {
        io.printError(`hexdump: ${path}: No such file or directory\n`);
        return 1;
      }
      io.print(hexLines(world.files.bytes?.(path) ?? Buffer.from(text)));
    }
    return 0;
  },
  dd(args, io, { files }) {
    const operand = (name: string): string | undefined =>
      args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
    const from = operand("if") ?? "/dev/stdin";
    const blocks = Number(operand("count") ?? Number.POSITIVE_INFINITY);
    const bytes = Math.min(bytesOf(operand("bs") ?? "512") * blocks, copiedBytesMax);
    const isDevice = from === "/dev/zero" || from.startsWith("/dev/u") || from === "/dev/random";
    const input = (): string =>
      [...linesOf(io)]
        .map((line) => `${line}\n`)
        .join("")
        .slice(0, bytes);
    const text =
      from === "/dev/stdin"
        ? input()
        : isDevice
          ? "\0".repeat(bytes)
          : from === "/dev/null"
            ? ""
            : files.get(from)?.slice(0, bytes);
    const to = operand("of");
    if (text === undefined || (to !== undefined && files.isReadOnly?.(to) === true)) {
      const why = text === undefined ? "No such file or directory" : "Read-only file system";
      io.printError(`dd: can't open '${text === undefined ? from : to}': ${why}\n`);
      return 1;
    }
    if (to === undefined) io.print(text);
    else if (!to.startsWith("/dev/")) files.set(to, text);
    const records = `${Number.isFinite(blocks) ? blocks : 1}+0 records`;
    io.printError(`${records} in\n${records} out\n${text.length} bytes copied\n`);
    return 0;
  },
  nproc(_, io) {
    io.print("1\n");
    return 0;
  },
  ps(_, io) {
    io.print("PID   USER     TIME  COMMAND\n    1 root      0:00 sh\n");
    return 0;
  },
  which(args, io) {
    for (const name of args) io.print(`/bin/${name}\n`);
    return 0;
  },
  ls(args, io, world) {
    const [path = "/"] = args.filter((arg) => !arg.startsWith("-"));
    const below = path.endsWith("/") ? path : `${path}/`;
    const inside = [...world.files.keys()].filter((name) => name.startsWith(below));
    const names = new Set(inside.map((name) => name.slice(below.length).split("/")[0] ?? ""));
    if (below === "/") for (const folder of world.folders ?? []) names.add(folder);
    if (names.size === 0 && world.files.has(path)) names.add(path);
    if (names.size === 0 && world.isFolder?.(path) === false) {
      io.printError(`ls: ${path}: No such file or directory\n`);
      return 1;
    }
    for (const name of [...names].sort()) io.print(`${name}\n`);
    return 0;
  },
  find(args, io, world) {
    const firstTest = args.findIndex((arg) => arg.startsWith("-"));
    const paths = firstTest < 0 ? args : args.slice(0, firstTest);
    const after = (flag: string): string | undefined => args[args.indexOf(flag) + 1 || args.length];
    const [type, pattern] = [after("-type"), after("-name")];
    let code = 0;
    for (const path of paths.length === 0 ? ["/"] : paths) {
      const found = below(world, path);
      if (found === undefined) {
        io.printError(`find: ${path}: No such file or directory\n`);
        code = 1;
      }
      for (const [name, isFolder] of found ?? []) {
        if (type !== undefined && (type === "d") !== isFolder) continue;
        if (pattern !== undefined && !matchesPattern(name.slice(name.lastIndexOf("/") + 1), pattern)) continue;
        io.print(`${name}\n`);
      }
    }
    return code;
  },
  touch(args, io, world) {
    let code = 0;
    for (const path of args.filter((arg) => !arg.startsWith("-"))) {
      if (world.files.isReadOnly?.(path) === true) {
        io.printError(`touch: ${path}: Read-only file system\n`);
        code = 1;
      } else world.files.set(path, world.files.get(path) ?? "");
    }
    return code;
  },
  rm(args, io, world) {
    const paths = args.filter((arg) => !arg.startsWith("-"));
    const flags = args.filter((arg) => arg.startsWith("-")).join("");
    let code = 0;
    for (const path of paths) {
      const inside = [...world.files.keys()].filter((name) => name.startsWith(`${path}/`) && /r/i.test(flags));
      for (const name of inside) world.files.delete(name);
      if (!world.files.delete(path) && inside.length === 0 && !flags.includes("f")) {
        io.printError(`rm: can't remove '${path}': No such file or directory\n`);
        code = 1;
      }
    }
    return code;
  },
  cp: (args, io, world) => copy("cp", args, io, world),
  mv(args, io, world) {
    const code = copy("mv", args, io, world);
    if (code === 0) world.files.delete(args.filter((arg) => !arg.startsWith("-"))[0] ?? "");
    return code;
  },
  test: (args, _, world) => (holds(args, world) ? 0 : 1),
  "[": (args, _, world) => (holds(args.slice(0, -1), world) ? 0 : 1),
  "[[": (args, _, world) => (holds(args.slice(0, -1), world) ? 0 : 1),
};

function* linesOf({ input }: Io): Generator<string> {
  for (let line = input.line(); line !== undefined; line = input.line()) yield line;
}

/** What is at a path and below, in order, and whether it is a folder; undefined when nothing is there. */
function below(world: ShellWorld, path: string): [name: string, isFolder: boolean][] | undefined {
  const root = path.length > 1 ? path.replace(/\/+$/, "") : path;
  const found = new Map<string, boolean>();
  for (const file of world.files.keys()) {
    if (file === root) found.set(file, false);
    if (!file.startsWith(root === "/" ? "/" : `${root}/`)) continue;
    for (let at = file.indexOf("/", root.length + 1); at > 0; at = file.indexOf("/", at + 1)) {
      found.set(file.slice(0, at), true);
    }
    found.set(file, false);
  }
  if (!found.has(root)) {
    if (found.size === 0 && (world.isFolder?.(root) ?? world.files.facts?.(root)?.isFolder ?? true) === false) {
      return undefined;
    }
    found.set(root, true);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

function copy(program: string, args: readonly string[], io: Io, world: ShellWorld): number {
  const [from = "", to = ""] = args.filter((arg) => !arg.startsWith("-"));
  const text = world.files.get(from);
  if (text === undefined) {
    io.printError(`${program}: can't stat '${from}': No such file or directory\n`);
    return 1;
  }
  if (world.files.isReadOnly?.(to) === true) {
    io.printError(`${program}: can't create '${to}': Read-only file system\n`);
    return 1;
  }
  world.files.set(to.endsWith("/") ? to + (from.split("/").at(-1) ?? "") : to, text);
  return 0;
}

function bytesOf(text: string): number {
  const [, count = "0", unit = ""] = /^(\d+)([kKMG]?)B?$/.exec(text) ?? [];
  return Number(count) * ({ k: 1 << 10, K: 1 << 10, M: 1 << 20, G: 1 << 30 }[unit] ?? 1);
}

/** As `hexdump -C` shows bytes. */
function hexLines(bytes: Uint8Array): string {
  const address = (at: number): string => at.toString(16).padStart(8, "0");
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte, i) => `${i === 8 ? " " : ""}${byte.toString(16).padStart(2, "0")}`).join(" ");
    const shown = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${address(at)}  ${hex.padEnd(48)}  |${shown}|\n`);
  }
  return `${lines.join("")}${address(bytes.length)}\n`;
}

function unamePart(args: readonly string[], name: string): string {
  if (args.includes("-r")) return "6.12.0-sampan";
  if (args.includes("-m")) return "x86_64";
  return args.includes("-n") ? name : "Linux";
}

function escapes(text: string): string {
  const named: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "0": "\0", a: "\x07" };
  return text.replace(/\\([ntr\\0a])/g, (_, char: string) => named[char] ?? char);
}

function dateText(at: Date, format: string): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const parts: Readonly<Record<string, string>> = {
    a: days[at.getUTCDay()] ?? "",
    b: months[at.getUTCMonth()] ?? "",
    d: two(at.getUTCDate()),
    e: String(at.getUTCDate()).padStart(2, " "),
    F: at.toISOString().slice(0, 10),
    H: two(at.getUTCHours()),
    M: two(at.getUTCMinutes()),
    m: two(at.getUTCMonth() + 1),
    N: `${String(at.getUTCMilliseconds()).padStart(3, "0")}000000`,
    S: two(at.getUTCSeconds()),
    s: String(Math.floor(at.getTime() / 1000)),
    T: at.toISOString().slice(11, 19),
    Y: String(at.getUTCFullYear()),
    Z: "UTC",
    z: "+0000",
  };
  return format.replace(/%([a-zA-Z])/g, (text, letter: string) => parts[letter] ?? text);
}

function holds(args: readonly string[], world: ShellWorld): boolean {
  const or = args.findIndex((arg) => arg === "-o" || arg === "||");
  if (or > 0) return holds(args.slice(0, or), world) || holds(args.slice(or + 1), world);
  const and = args.findIndex((arg) => arg === "-a" || arg === "&&");
  if (and > 0) return holds(args.slice(0, and), world) && holds(args.slice(and + 1), world);
  if (args[0] === "!") return !holds(args.slice(1), world);
  const [a = "", b = "", c = ""] = args;
  if (args.length === 2) return isSo(a, b, world);
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
    case "-ge":
      return Number(a) >= Number(c);
    case "-lt":
      return Number(a) < Number(c);
    case "-le":
      return Number(a) <= Number(c);
    default:
      return a !== "";
  }
}

function isSo(question: string, value: string, world: ShellWorld): boolean {
  switch (question) {
    case "-f":
    case "-r":
    case "-w":
    case "-x":
      return world.files.has(value);
    case "-e":
      return world.files.has(value) || world.isFolder?.(value) === true;
    case "-s":
      return (world.files.get(value) ?? "") !== "";
    case "-d":
      return world.isFolder?.(value) ?? true;
    case "-z":
      return value === "";
    default:
      return value !== "";
  }
}
