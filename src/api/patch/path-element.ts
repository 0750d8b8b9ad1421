import type { JsonValue } from "../meta/index.ts";

/**
 * One step of a field path, in the form that FieldsV1 keys have: `f:name` (a field or map key),
 * `k:{"name":"c"}` (an item of a list map), `v:"x"` (an item of a set), `i:0` (an item of a plain list).
 * The text is canonical, so two steps are the same exactly if their texts are.
 */
export type PathElement = string;

/** A managedFields entry that is not well-formed. */
export class PathElementError extends Error {}

/**
 * Steps to the fields that are met again and again, so that their text is made and hashed once. Bounded, as the keys of
 * maps are the users' choice.
 */
const fieldElements = new Map<string, PathElement>();
const fieldElementsMax = 4096;

export function fieldElement(name: string): PathElement {
  const known = fieldElements.get(name);
  if (known !== undefined) return known;
  const element = `f:${name}`;
  if (fieldElements.size < fieldElementsMax) fieldElements.set(name, element);
  return element;
}

export function valueElement(value: JsonValue): PathElement {
  return `v:${goJson(value)}`;
}

/** `names` are sorted, `values` run parallel to them. */
export function keyElement(names: readonly string[], values: readonly JsonValue[]): PathElement {
  let text = "k:{";
  for (let i = 0; i < names.length; i++) {
    if (i > 0) text += ",";
    text += `${goJson(names[i] ?? "")}:${goJson(values[i] ?? null)}`;
  }
  return `${text}}`;
}

/**
 * The canonical form of a FieldsV1 key; undefined for a kind of step that this version does not know, which is left
 * out, as the original does.
 */
export function parsePathElement(text: string): PathElement | undefined {
  if (text.length < 2) throw new PathElementError("key must be 2 characters long:");
  if (text[1] !== ":") throw new PathElementError(`missing colon: ${text}`);
  switch (text[0]) {
    case "f":
      return text;
    case "v":
      return valueElement(parseJson(text.slice(2)));
    case "k":
      return canonicalKey(parseJson(text.slice(2)));
    case "i":
      return canonicalIndex(text.slice(2));
    default:
      return undefined;
  }
}

function canonicalKey(value: JsonValue): PathElement {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new PathElementError("a list key must be an object");
  }
  const names = Object.keys(value).sort();
  return keyElement(
    names,
    names.map((name) => value[name] ?? null),
  );
}

function canonicalIndex(text: string): PathElement {
  if (!/^[+-]?\d+$/.test(text)) {
    throw new PathElementError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return `i:${Number(text)}`;
}

function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw new PathElementError(`invalid JSON in path element: ${text}`, { cause });
  }
}

const escapes: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** JSON as the original writes it: these five characters are always escaped. */
export function goJson(value: JsonValue): string {
  const text = JSON.stringify(value);
  return /[<>&\u2028\u2029]/.test(text) ? text.replace(/[<>&\u2028\u2029]/g, (c) => escapes[c] ?? c) : text;
}

/** The order in which the original writes and walks the steps: fields, keys, values, indices. */
export function comparePathElements(a: PathElement, b: PathElement): number {
  if (a === b) return 0;
  const kindA = a.charCodeAt(0);
  const kindB = b.charCodeAt(0);
  if (kindA !== kindB) return kindRank(kindA) - kindRank(kindB);
  if (kindA === 0x66 /* f */) return a < b ? -1 : 1;
  const left = JSON.parse(a.slice(2)) as JsonValue;
  const right = JSON.parse(b.slice(2)) as JsonValue;
  if (kindA === 0x6b /* k */) return compareKeys(left as Record<string, JsonValue>, right as Record<string, JsonValue>);
  return compareValues(left, right);
}

function kindRank(kind: number): number {
  return kind === 0x66 /* f */ ? 0 : kind === 0x6b /* k */ ? 1 : kind === 0x76 /* v */ ? 2 : 3;
}

function compareKeys(a: Readonly<Record<string, JsonValue>>, b: Readonly<Record<string, JsonValue>>): number {
  const left = Object.entries(a);
  const right = Object.entries(b);
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [nameA, valueA] = left[i] ?? ["", null];
    const [nameB, valueB] = right[i] ?? ["", null];
    if (nameA !== nameB) return nameA < nameB ? -1 : 1;
    const order = compareValues(valueA, valueB);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareValues(a: JsonValue, b: JsonValue): number {
  const rank = valueRank(a) - valueRank(b);
  if (rank !== 0) return rank;
  if (typeof a === "number" && typeof b === "number") return a - b;
  const left = typeof a === "string" ? a : JSON.stringify(a);
  const right = typeof b === "string" ? b : JSON.stringify(b);
  return left === right ? 0 : left < right ? -1 : 1;
}

function valueRank(value: JsonValue): number {
  if (typeof value === "number") return 0;
  if (typeof value === "string") return 1;
  if (typeof value === "boolean") return 2;
  if (Array.isArray(value)) return 3;
  return value === null ? 5 : 4;
}

/** As conflicts show a step: `.name`, `[name="c"]`, `[="x"]`, `[0]`. */
export function pathElementText(element: PathElement): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case "f":
      return `.${rest}`;
    case "k": {
      const key = JSON.parse(rest) as Record<string, JsonValue>;
      return `[${Object.entries(key)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(",")}]`;
    }
    case "v":
      return `[=${JSON.stringify(JSON.parse(rest))}]`;
    default:
      return `[${rest}]`;
  }
}

/** `.spec.template.spec.containers[name="c"].image`. */
export function pathText(path: readonly PathElement[]): string {
  return path.map(pathElementText).join("");
}
