import type { JsonValue } from "../meta/index.ts";
import { syntaxProblem } from "./json-problem.ts";
import { MalformedDocument, maxDepth, type Parsed, tooDeep } from "./parsed.ts";
import { wellFormed } from "./well-formed.ts";

export interface ParseOptions {
  /** Look for fields that occur twice (fieldValidation Warn and Strict). */
  readonly findDuplicates: boolean;
}

/** Parses a JSON document. Throws MalformedDocument with Go's text. */
export function parseJson(bytes: Uint8Array | string, options: ParseOptions): Parsed {
  const text = typeof bytes === "string" ? bytes : decodeUtf8(bytes);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    if (text.length > maxDepth) checkDepth(text);
    throw new MalformedDocument(syntaxProblem(text)); // V8's words are of no use to clients of Kubernetes
  }
  if (mayOverflow.test(text)) checkNumbers(text);
  const fields = countFields(value, 0);
  const found = options.findDuplicates && fields !== countColons(text) ? findDuplicates(text) : [];
  return {
    value: mayBeIllFormed(text) ? wellFormed(value) : value,
    duplicates: found,
    ...(found.length > 0 && { problems: (unknown: ReadonlySet<string>) => findProblems(text, unknown) }),
  };
}

/** Only an escape can bring half a surrogate pair. */
export function mayBeIllFormed(text: string): boolean {
  return text.includes("\\ud") || text.includes("\\uD");
}

/** Only an exponent of hundreds, or hundreds of digits, can be more than a number holds. */
const mayOverflow = /[eE]\+?\d{3}|\d{200}/;
const number = /-?\d[\d.eE+-]*/y;

/** Refuses numbers that have no finite value, in a valid text: they could not be written again. */
function checkNumbers(text: string): void {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) i = endOfString(text, i);
    if (c !== 0x2d && (c < 0x30 || c > 0x39)) continue;
    number.lastIndex = i;
    const [found = ""] = number.exec(text) ?? [];
    if (!Number.isFinite(Number(found))) {
      throw new MalformedDocument(`json: cannot unmarshal number ${found} into Go value of type float64`);
    }
    i += found.length - 1;
  }
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** Cheap for what is not deep: only then is the text scanned with strings in mind. */
function checkDepth(text: string): void {
  let opened = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x7b || c === 0x5b) opened++;
  }
  if (opened > maxDepth && deepest(text) > maxDepth) throw new MalformedDocument(tooDeep);
}

function deepest(text: string): number {
  let depth = 0;
  let most = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) i = endOfString(text, i);
    else if (c === 0x7b || c === 0x5b) most = Math.max(most, ++depth);
    else if (c === 0x7d || c === 0x5d) depth--;
  }
  return most;
}

/** The index of the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) return i;
    if (c === 0x5c) i++;
  }
  return text.length;
}

/** A valid text has a colon a field outside strings: only a count unlike the value's own asks for the search. */
function countColons(text: string): number {
  let colons = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) i = endOfString(text, i);
    else if (c === 0x3a) colons++;
  }
  return colons;
}

/** Refuses what nests too deep on the way. */
function countFields(value: JsonValue, depth: number): number {
  if (typeof value !== "object" || value === null) return 0;
  if (depth >= maxDepth) throw new MalformedDocument(tooDeep);
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countFields(item, depth + 1);
    return count;
  }
  for (const key in value) {
    const member = value[key];
    count += typeof member === "object" && member !== null ? 1 + countFields(member, depth + 1) : 1;
  }
  return count;
}

interface Frame {
  /** Keys seen so far; undefined in a list. */
  readonly keys: Set<string> | undefined;
  readonly path: string;
  /** Within a field that the type does not know. */
  readonly isUnknown: boolean;
  key: string;
  index: number;
}

/** Walks a valid text and names the fields that come again. */
function findDuplicates(text: string): string[] {
  return findProblems(text, new Set());
}

/** Walks a valid text and names the fields that come again and those that are unknown, as it meets them. */
function findProblems(text: string, unknown: ReadonlySet<string>): string[] {
  const found = new Set<string>();
  const stack: Frame[] = [];
  let expectKey = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const top = stack.at(-1);
    if (c === 0x22) {
      const end = endOfString(text, i);
      if (expectKey && top?.keys) {
        top.key = JSON.parse(text.slice(i, end + 1)) as string;
        const path = joinKey(top.path, top.key);
        if (unknown.has(path)) found.add(`unknown field "${path}"`);
        else if (top.keys.has(top.key) && !top.isUnknown) found.add(`duplicate field "${path}"`);
        top.keys.add(top.key);
        expectKey = false;
      }
      i = end;
    } else if (c === 0x7b || c === 0x5b) {
      const path = top === undefined ? "" : top.keys ? joinKey(top.path, top.key) : `${top.path}[${top.index}]`;
      const isUnknown = top !== undefined && (top.isUnknown || unknown.has(path));
      stack.push({ keys: c === 0x7b ? new Set() : undefined, path, isUnknown, key: "", index: 0 });
      expectKey = c === 0x7b;
    } else if (c === 0x7d || c === 0x5d) {
      stack.pop();
      expectKey = false;
    } else if (c === 0x2c && top) {
      top.index++;
      expectKey = top.keys !== undefined;
    }
  }
  return [...found];
}

function joinKey(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
