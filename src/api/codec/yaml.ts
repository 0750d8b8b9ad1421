import type { JsonValue } from "../meta/index.ts";
import { mayBeIllFormed, parseJson } from "./json.ts";
import { MalformedDocument, maxDepth, type Parsed, tooDeep } from "./parsed.ts";
import { wellFormed } from "./well-formed.ts";

/** Aliases may multiply what a document says; this many are plenty for real ones. */
const maxAliases = 100;

/**
 * Parses the first document of a YAML text the way Kubernetes does: YAML 1.1 (so that `yes` and `on` are booleans),
 * times stay strings, keys become strings. Throws MalformedDocument with the original's kind of text.
 */
export async function parseYaml(bytes: Uint8Array | string): Promise<Parsed> {
  const text = typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes);
  if (/^\s*\{/.test(text)) {
    const json = tryJson(text); // every JSON object is YAML, and much faster read as JSON
    if (json && json.duplicates.length === 0) return json; // what comes twice is told as YAML tells it
  }
  const { parseAllDocuments } = await import("yaml"); // heavy, and most requests are JSON
  checkIndentation(text);
  const documents = parseAllDocuments(text, {
    version: "1.1",
    merge: true,
    uniqueKeys: false,
    logLevel: "error", // what is odd about a client's document is not told to whoever runs the server
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === "string" || !(tag.tag.endsWith(":timestamp") || isSexagesimal(tag))),
  });
  const document = "empty" in documents ? undefined : documents[0];
  if (document === undefined) return { value: null, duplicates: [] };
  const error = document.errors[0];
  if (error) throw malformed(error.linePos?.[0].line, firstLine(error.message));
  const duplicates = duplicateKeys(document.contents, text);
  const value = toValue(() => document.toJS({ maxAliasCount: maxAliases }));
  checkFinite(value);
  return { value: mayBeIllFormed(text) ? wellFormed(value) : value, duplicates };
}

function tryJson(text: string): Parsed | undefined {
  try {
    return parseJson(text, { findDuplicates: true });
  } catch (err) {
    if (err instanceof MalformedDocument && err.message !== tooDeep) return undefined; // flow style that is no JSON
    throw err;
  }
}

/** 1:30 is 90 in YAML 1.1, but not to Kubernetes. */
function isSexagesimal(tag: object): boolean {
  return "format" in tag && tag.format === "TIME";
}

/** The parser recurses: flow collections nested without end are refused before it sees them. */
function checkIndentation(text: string): void {
  let open = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x7b || c === 0x5b) open++;
    else if ((c === 0x7d || c === 0x5d) && open > 0) open--;
    if (open > maxDepth) throw malformed(undefined, tooDeep);
  }
}

function toValue(make: () => unknown): JsonValue {
  try {
    return (make() ?? null) as JsonValue;
  } catch (err) {
    if (err instanceof ReferenceError) throw malformed(undefined, "document contains excessive aliasing");
    throw err;
  }
}

/** YAML has numbers that JSON has not. */
function checkFinite(value: JsonValue): void {
  if (typeof value === "number" && !Number.isFinite(value)) {
    const text = Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
    throw new MalformedDocument(`error converting YAML to JSON: json: unsupported value: ${text}`);
  }
  if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) checkFinite(inner);
}

interface YamlNode {
  readonly items?: readonly unknown[];
  readonly range?: readonly number[] | null;
  readonly value?: unknown;
}

/** `yaml: unmarshal errors:` with a line a key that is set twice in its map, as the strict decoder reports. */
function duplicateKeys(root: unknown, text: string): string[] {
  const lines: string[] = [];
  collectDuplicates(root as YamlNode | null, text, lines);
  return lines.length === 0 ? [] : [`yaml: unmarshal errors:\n${lines.map((l) => `  ${l}`).join("\n")}`];
}

function collectDuplicates(node: YamlNode | null | undefined, text: string, into: string[]): void {
  if (!node?.items) return;
  const seen = new Set<unknown>();
  for (const item of node.items as readonly (YamlNode & { key?: YamlNode })[]) {
    if (item === null || item === undefined) continue;
    if (item.key === undefined) {
      collectDuplicates(item, text, into);
      continue;
    }
    const key = item.key?.value;
    if (seen.has(key))
      into.push(`line ${lineOf(text, item.key?.range?.[0])}: key ${JSON.stringify(key)} already set in map`);
    seen.add(key);
    collectDuplicates(item.value as YamlNode | null, text, into);
  }
}

function lineOf(text: string, offset = 0): number {
  let line = 1;
  for (let i = 0; i < offset; i++) if (text.charCodeAt(i) === 0x0a) line++;
  return line;
}

function malformed(line: number | undefined, what: string): MalformedDocument {
  const where = line === undefined ? "" : `line ${line}: `;
  return new MalformedDocument(`error converting YAML to JSON: yaml: ${where}${what}`);
}

/** The parser's messages end with a picture of the place. */
function firstLine(message: string): string {
  return (message.split("\n")[0] ?? message).replace(/ at line \d+, column \d+:$/, "");
}

/** Writes an object as Kubernetes answers `application/yaml`: keys sorted, two spaces. */
export async function formatYaml(value: JsonValue): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify(value, {
    version: "1.1",
    sortMapEntries: true,
    lineWidth: 0,
    indentSeq: false,
    aliasDuplicateObjects: false,
  });
}
