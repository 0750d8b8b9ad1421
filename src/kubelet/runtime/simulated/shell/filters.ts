/**
 * A program that reads lines and prints text, line by line: it keeps up with one that prints while time goes by.
 * What it gives for a line is printed; undefined prints nothing.
 */
export interface Filter {
  line(line: string): string | undefined;
  end?(): string | undefined;
  exitCode?(): number;
}

/** How a text program is used: its filter, and the files that it reads instead of its input. */
export interface TextProgram {
  readonly filter: Filter;
  readonly files: readonly string[];
  /** Files that get a copy of what is read. */
  readonly copies?: { readonly files: readonly string[]; readonly append: boolean };
}

/** The text programs by name; undefined for a use that is not simulated. */
export const textPrograms: Readonly<Record<string, (args: readonly string[]) => TextProgram | undefined>> = {
  cat: (args) => ({ filter: each((line) => line), files: words(args) }),
  tee: (args) => ({
    filter: each((line) => line),
    files: [],
    copies: { files: words(args), append: args.includes("-a") },
  }),
  grep,
  egrep: grep,
  fgrep: (args) => grep(["-F", ...args]),
  head: (args) => counted(args, (count) => first(count)),
  tail: (args) => counted(args, (count, from) => (from ? after(count) : last(count))),
  wc: (args) => ({ filter: countAll(args), files: words(args) }),
  sort: (args) => ({ filter: sorted(args), files: words(args) }),
  uniq: (args) => ({ filter: withoutRepeats(args.includes("-c")), files: words(args) }),
  rev: (args) => ({ filter: each((line) => [...line].reverse().join("")), files: words(args) }),
  tac: (args) => ({ filter: whole((lines) => lines.reverse()), files: words(args) }),
  tr: translate,
  cut,
  sed,
  awk,
  base64: (args) =>
    args.some((arg) => arg === "-d" || arg === "--decode")
      ? { filter: atOnce((text) => Buffer.from(text, "base64").toString()), files: words(args) }
      : { filter: atOnce((text) => `${Buffer.from(text).toString("base64")}\n`), files: words(args) },
};

function words(args: readonly string[]): string[] {
  return args.filter((arg) => arg === "-" || !arg.startsWith("-")).filter((arg) => arg !== "-");
}

function each(change: (line: string) => string | undefined): Filter {
  return {
    line: (line) => {
      const changed = change(line);
      return changed === undefined ? undefined : `${changed}\n`;
    },
  };
}

function whole(change: (lines: string[]) => readonly string[]): Filter {
  const lines: string[] = [];
  return {
    line: (line) => void lines.push(line),
    end: () =>
      change(lines)
        .map((line) => `${line}\n`)
        .join(""),
  };
}

function atOnce(change: (text: string) => string): Filter {
  let text = "";
  return {
    line: (line) => {
      text += `${line}\n`;
      return undefined;
    },
    end: () => change(text),
  };
}

function grep(args: readonly string[]): TextProgram | undefined {
  const flags = args.filter((arg) => /^-[a-zA-Z]+$/.test(arg)).join("");
  const [pattern, ...files] = args.filter((arg) => !/^-[a-zA-Z]+$/.test(arg));
  if (pattern === undefined) return undefined;
  const source = flags.includes("F") ? pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : pattern.replace(/\\\|/g, "|");
  let expression: RegExp;
  try {
    expression = new RegExp(flags.includes("w") ? `\\b(?:${source})\\b` : source, flags.includes("i") ? "i" : "");
  } catch {
    return undefined;
  }
  let found = 0;
  const filter: Filter = {
    line: (line) => {
      const match = expression.exec(line);
      if ((match === null) !== flags.includes("v")) return undefined;
      found++;
      if (flags.includes("q") || flags.includes("c")) return undefined;
      return `${flags.includes("o") ? (match?.[0] ?? "") : line}\n`;
    },
    end: () => (flags.includes("c") ? `${found}\n` : undefined),
    exitCode: () => (found > 0 ? 0 : 1),
  };
  return { filter, files };
}

/** `-n 3`, `-n3`, `-3` and `-n +3`. */
function counted(args: readonly string[], make: (count: number, from: boolean) => Filter): TextProgram {
  let count = "10";
  const files: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    const inline = /^-(?:n|c)?(\d+)$/.exec(arg)?.[1];
    if (inline !== undefined) count = inline;
    else if (arg === "-n" || arg === "-c") count = args[++i] ?? count;
    else if (!arg.startsWith("-")) files.push(arg);
  }
  return { filter: make(Math.abs(Number(count)) || 0, count.startsWith("+")), files };
}

function first(count: number): Filter {
  let seen = 0;
  return each((line) => (seen++ < count ? line : undefined));
}

function after(start: number): Filter {
  let seen = 0;
  return each((line) => (++seen >= start ? line : undefined));
}

function last(count: number): Filter {
  return whole((lines) => (count === 0 ? [] : lines.slice(-count)));
}

function countAll(args: readonly string[]): Filter {
  let lines = 0;
  let parts = 0;
  let bytes = 0;
  const flags = args.filter((arg) => arg.startsWith("-")).join("");
  return {
    line: (line) => {
      lines++;
      parts += line.split(/\s+/).filter(Boolean).length;
      bytes += Buffer.byteLength(line) + 1;
      return undefined;
    },
    end: () => {
      const chosen = [
        ...(flags.includes("l") ? [lines] : []),
        ...(flags.includes("w") ? [parts] : []),
        ...(flags.includes("c") ? [bytes] : []),
      ];
      const columns = chosen.length > 0 ? chosen : [lines, parts, bytes];
      return columns.length === 1 ? `${columns[0]}\n` : `${columns.map((n) => String(n).padStart(7)).join(" ")}\n`;
    },
  };
}

function sorted(args: readonly string[]): Filter {
  const flags = args.filter((arg) => arg.startsWith("-")).join("");
  return whole((lines) => {
    lines.sort((a, b) => {
      if (flags.includes("n")) return (Number.parseFloat(a) || 0) - (Number.parseFloat(b) || 0);
      return a < b ? -1 : a > b ? 1 : 0;
    });
    if (flags.includes("r")) lines.reverse();
    return flags.includes("u") ? [...new Set(lines)] : lines;
  });
}

function withoutRepeats(counts: boolean): Filter {
  return whole((lines) => {
    const runs: { line: string; count: number }[] = [];
    for (const line of lines) {
      const run = runs.at(-1);
      if (run?.line === line) run.count++;
      else runs.push({ line, count: 1 });
    }
    return runs.map(({ line, count }) => (counts ? `${String(count).padStart(7)} ${line}` : line));
  });
}

function translate(args: readonly string[]): TextProgram | undefined {
  const deletes = args[0] === "-d";
  const [from = "", to = ""] = args.filter((arg) => arg !== "-d").map(setOf);
  if (from === "") return undefined;
  const change = (text: string): string =>
    [...text]
      .map((char) => {
        const at = from.indexOf(char);
        if (at < 0) return char;
        return deletes ? "" : (to[Math.min(at, to.length - 1)] ?? char);
      })
      .join("");
  return { filter: atOnce(change), files: [] };
}

function setOf(text: string): string {
  return text
    .replaceAll("[:upper:]", "A-Z")
    .replaceAll("[:lower:]", "a-z")
    .replaceAll("[:digit:]", "0-9")
    .replaceAll("\\n", "\n")
    .replace(/(.)-(.)/g, (_, from: string, to: string) => {
      let all = "";
      for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++) all += String.fromCharCode(code);
      return all;
    });
}

function cut(args: readonly string[]): TextProgram | undefined {
  const text = args.join(" ");
  const fields = /(?:^| )-f ?(\d+)/.exec(text)?.[1];
  const characters = /(?:^| )-c ?(\d*)-?(\d*)/.exec(text);
  const delimiter = /(?:^| )-d ?(.)/.exec(text)?.[1] ?? "\t";
  if (fields !== undefined) {
    const index = Number(fields) - 1;
    return {
      filter: each((line) => (line.includes(delimiter) ? (line.split(delimiter)[index] ?? "") : line)),
      files: [],
    };
  }
  if (characters === null) return undefined;
  const [, from = "", to = ""] = characters;
  return { filter: each((line) => line.slice((Number(from) || 1) - 1, to === "" ? undefined : Number(to))), files: [] };
}

/** `s/a/b/g`, `Np` with `-n`, and `Nd`. */
function sed(args: readonly string[]): TextProgram | undefined {
  const rest = args.filter((arg) => !["-n", "-e", "-E", "-r"].includes(arg));
  const [script = "", ...files] = rest;
  if (args.some((arg) => arg.startsWith("-i"))) return undefined;
  const substitution = /^s(.)(.*?)\1(.*?)\1([gi]*)$/.exec(script);
  if (substitution !== null) {
    const [, , from = "", to = "", flags = ""] = substitution;
    try {
      const expression = new RegExp(from, flags);
      const into = to
        .replace(/\$/g, "$$$$")
        .replace(/\\(\d)/g, "$$$1")
        .replace(/(?<!\\)&/g, "$$&");
      return { filter: each((line) => line.replace(expression, into)), files };
    } catch {
      return undefined;
    }
  }
  const lines = /^(\d+)(?:,(\d+|\$))?([pd])$/.exec(script);
  if (lines === null) return undefined;
  const [, from, to = from, action] = lines;
  let seen = 0;
  const inside = (): boolean => ++seen >= Number(from) && (to === "$" || seen <= Number(to));
  return { filter: each((line) => (inside() === (action === "p") ? line : undefined)), files };
}

/** `{print $1, $2}` with `-F`. */
function awk(args: readonly string[]): TextProgram | undefined {
  const separatorAt = args.findIndex((arg) => arg.startsWith("-F"));
  const inline = args[separatorAt]?.slice(2) ?? "";
  const separator = separatorAt < 0 ? undefined : inline === "" ? args[separatorAt + 1] : inline;
  const rest = args.filter(
    (_, i) => separatorAt < 0 || (i !== separatorAt && (inline !== "" || i !== separatorAt + 1)),
  );
  const [script = "", ...files] = rest;
  const fields = /^\s*\{\s*print(?:\s+([^}]*?))?\s*;?\s*\}\s*$/.exec(script);
  if (fields === null) return undefined;
  const columns = (fields[1] ?? "$0").split(",").map((column) => column.trim());
  if (!columns.every((column) => /^\$(\d+|NF)$|^"[^"]*"$|^N[RF]$/.test(column))) return undefined;
  let row = 0;
  return {
    files,
    filter: each((line) => {
      row++;
      const parts = separator === undefined ? line.trim().split(/\s+/) : line.split(separator);
      const values = columns.map((column) => {
        if (column === "NR") return String(row);
        if (column === "NF") return String(parts.length);
        if (column.startsWith('"')) return column.slice(1, -1);
        if (column === "$NF") return parts.at(-1) ?? "";
        return column === "$0" ? line : (parts[Number(column.slice(1)) - 1] ?? "");
      });
      return values.join(" ");
    }),
  };
}
