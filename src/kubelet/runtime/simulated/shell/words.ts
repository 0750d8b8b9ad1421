import { type Command, NotUnderstood, type Word, type WordPart } from "./syntax.ts";

/** Reads commands up to the closing parenthesis, or to the end of the script; gives where it stopped. */
export type ReadCommands = (script: string, at: number) => { readonly command: Command; readonly end: number };

type Place =
  /** Ends at a blank or an operator. */
  | "plain"
  /** Ends at the closing quote. */
  | "quoted"
  /** Ends at the closing brace. */
  | "braces"
  /** Ends with the text. */
  | "document";

const variable = /\$(?:([A-Za-z_][A-Za-z0-9_]*)|([0-9?$#@*!-]))/y;
const braced = /\$\{(#)?([A-Za-z_][A-Za-z0-9_]*|[0-9?$#@*!]+)/y;
const modifier = /(:)?([-=+?])|(##?|%%?)/y;

/** Reads a word. `end` is where it ends. @throws NotUnderstood */
export function parseWord(
  script: string,
  start: number,
  place: Place,
  commands: ReadCommands,
): { readonly word: Word; readonly end: number } {
  const parts: WordPart[] = [];
  const quoted = place === "quoted" || place === "document";
  let at = start;
  let text = "";
  const flush = (): void => {
    if (text !== "") parts.push({ kind: "text", text, quoted });
    text = "";
  };
  const add = ({ part, end }: { part: WordPart; end: number }): void => {
    flush();
    parts.push(part);
    at = end;
  };
  for (;;) {
    const char = script[at];
    if (char === undefined) {
      if (place === "quoted" || place === "braces") throw new NotUnderstood("a quote or brace without an end");
      break;
    }
    if (place === "plain" && /[\s;&|<>()]/.test(char)) break;
    if ((place === "quoted" && char === '"') || (place === "braces" && char === "}")) break;
    if (char === "\\") {
      const next = script[at + 1] ?? "";
      at += 2;
      if (next === "\n") continue;
      if (quoted && !'"\\$`'.includes(next)) text += `\\${next}`;
      else {
        flush();
        parts.push({ kind: "text", text: next, quoted: true });
      }
    } else if (char === "'" && !quoted) {
      const end = script.indexOf("'", at + 1);
      if (end < 0) throw new NotUnderstood("a quote without an end");
      add({ part: { kind: "text", text: script.slice(at + 1, end), quoted: true }, end: end + 1 });
    } else if (char === '"' && place !== "document") {
      const inner = parseWord(script, at + 1, "quoted", commands);
      flush();
      // An empty quote is a word, too.
      parts.push(...(inner.word.length === 0 ? [{ kind: "text", text: "", quoted: true } as const] : inner.word));
      at = inner.end + 1;
    } else if (char === "`") add(backquoted(script, at, quoted, commands));
    else if (char === "$") {
      const part = dollar(script, at, quoted, commands);
      if (part === undefined) {
        text += char;
        at++;
      } else add(part);
    } else {
      text += char;
      at++;
    }
  }
  flush();
  return { word: parts, end: at };
}

/** A word without anything to expand. @throws NotUnderstood */
export function plainText(word: Word): string {
  return word
    .map((part) => {
      if (part.kind !== "text") throw new NotUnderstood("an expansion where a plain word is due");
      return part.text;
    })
    .join("");
}

type Read = { readonly part: WordPart; readonly end: number };

function backquoted(script: string, at: number, quoted: boolean, commands: ReadCommands): Read {
  const end = script.indexOf("`", at + 1);
  if (end < 0) throw new NotUnderstood("a quote without an end");
  const inner = script.slice(at + 1, end);
  const read = commands(inner, 0);
  if (read.end !== inner.length) throw new NotUnderstood("a parenthesis without its other one");
  return { part: { kind: "command", command: read.command, quoted }, end: end + 1 };
}

function dollar(script: string, at: number, quoted: boolean, commands: ReadCommands): Read | undefined {
  if (script.startsWith("$((", at)) return arithmetic(script, at, commands);
  if (script.startsWith("$(", at)) {
    const { command, end } = commands(script, at + 2);
    if (script[end] !== ")") throw new NotUnderstood("a command substitution without an end");
    return { part: { kind: "command", command, quoted }, end: end + 1 };
  }
  if (script.startsWith("${", at)) return inBraces(script, at, quoted, commands);
  variable.lastIndex = at;
  const match = variable.exec(script);
  if (match === null) return undefined;
  return { part: { kind: "variable", name: match[1] ?? match[2] ?? "", quoted }, end: variable.lastIndex };
}

function arithmetic(script: string, at: number, commands: ReadCommands): Read {
  let depth = 0;
  for (let end = at + 3; end < script.length; end++) {
    if (script[end] === "(") depth++;
    else if (script[end] === ")" && depth-- === 0) {
      if (script[end + 1] !== ")") break;
      const { word } = parseWord(script.slice(at + 3, end), 0, "document", commands);
      return { part: { kind: "arithmetic", text: word }, end: end + 2 };
    }
  }
  throw new NotUnderstood("an arithmetic expansion without an end");
}

function inBraces(script: string, at: number, quoted: boolean, commands: ReadCommands): Read {
  braced.lastIndex = at;
  const match = braced.exec(script);
  if (match === null) throw new NotUnderstood(`what begins at ${JSON.stringify(script.slice(at, at + 20))}`);
  const [, length, name = ""] = match;
  let end = braced.lastIndex;
  if (script[end] === "}") {
    return { part: { kind: "variable", name, quoted, ...(length !== undefined && { length: true }) }, end: end + 1 };
  }
  modifier.lastIndex = end;
  const found = modifier.exec(script);
  if (found === null || length !== undefined) throw new NotUnderstood(`\${${name}${script[end]}`);
  const [, colon, operator, cut] = found;
  const { word, end: stop } = parseWord(script, modifier.lastIndex, "braces", commands);
  end = stop + 1;
  if (cut !== undefined) {
    const from = cut.startsWith("#") ? "start" : "end";
    return { part: { kind: "variable", name, quoted, cut: { from, longest: cut.length > 1, pattern: word } }, end };
  }
  const instead = { operator: operator as "-" | "=" | "+" | "?", emptyToo: colon !== undefined, word };
  return { part: { kind: "variable", name, quoted, instead }, end };
}
