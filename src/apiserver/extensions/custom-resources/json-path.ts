import type { JsonValue } from "../../../api/meta/index.ts";

/** Everything that a path leads to within a value, in order. */
export type JsonPath = (value: JsonValue) => readonly JsonValue[];

type Step = (values: readonly JsonValue[]) => JsonValue[];

/** Compiles kubectl's JSONPath, without its braces: `.status.conditions[?(@.type=="Ready")].status`. @throws Error that says where it ends */
export function compileJsonPath(text: string): JsonPath {
  const steps = new PathParser(text).parse();
  return (value) => {
    let values: readonly JsonValue[] = [value];
    for (const step of steps) values = step(values);
    return values;
  };
}

class PathParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Step[] {
    const steps: Step[] = [];
    while (this.#at < this.#text.length) {
      if (this.#take("..")) steps.push(deep, this.#name());
      else if (this.#take(".")) {
        if (this.#at < this.#text.length && this.#text[this.#at] !== "[") steps.push(this.#name());
      } else if (this.#take("[")) steps.push(this.#bracket());
      else throw this.#wrong("expected . or [");
    }
    return steps;
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #wrong(why: string): Error {
    return new Error(`JSONPath ${JSON.stringify(this.#text)}: ${why} at ${this.#at}`);
  }

  #name(): Step {
    if (this.#take("*")) return each;
    let name = "";
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at] ?? "";
      if (char === "\\") name += this.#text[++this.#at] ?? "";
      else if (char === "." || char === "[" || char === "]") break;
      else name += char;
    }
    if (name === "") throw this.#wrong("a name is missing");
    return member(name);
  }

  #bracket(): Step {
    const end = this.#closing();
    const inner = this.#text.slice(this.#at, end).trim();
    this.#at = end + 1;
    if (inner.startsWith("?")) return filter(inner.slice(1).trim());
    const parts = splitOutside(inner, ",");
    const steps = parts.map((part) => this.#selector(part.trim()));
    const [only] = steps;
    return steps.length === 1 && only ? only : (values) => steps.flatMap((step) => step(values));
  }

  /** Where the bracket ends: quotes and brackets within belong to it. */
  #closing(): number {
    let depth = 0;
    let quote = "";
    for (let i = this.#at; i < this.#text.length; i++) {
      const char = this.#text[i] ?? "";
      if (quote !== "") {
        if (char === "\\") i++;
        else if (char === quote) quote = "";
      } else if (char === "'" || char === '"') quote = char;
      else if (char === "[") depth++;
      else if (char === "]" && depth-- === 0) return i;
    }
    throw this.#wrong("a bracket is not closed");
  }

  #selector(text: string): Step {
    if (text === "*") return each;
    const quoted = /^(['"])(.*)\1$/s.exec(text);
    if (quoted) return member((quoted[2] ?? "").replace(/\\(.)/g, "$1"));
    if (/^-?\d+$/.test(text)) return item(Number(text));
    const slice = /^(-?\d+)?:(-?\d+)?(?::(-?\d+)?)?$/.exec(text);
    if (slice) return section(slice.slice(1, 4).map((part) => (part === undefined ? undefined : Number(part))));
    throw this.#wrong(`${JSON.stringify(text)} is no selector`);
  }
}

function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let quote = "";
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? "";
    if (quote !== "") {
      if (char === "\\") i++;
      else if (char === quote) quote = "";
    } else if (char === "'" || char === '"') quote = char;
    else if (text.startsWith(separator, i)) {
      parts.push(text.slice(start, i));
      start = i + separator.length;
    }
  }
  return [...parts, text.slice(start)];
}

function isFields(value: JsonValue): value is { [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function member(name: string): Step {
  return (values) =>
    values.flatMap((value) => (isFields(value) && Object.hasOwn(value, name) ? [value[name] as JsonValue] : []));
}

function membersOf(value: JsonValue): JsonValue[] {
  if (Array.isArray(value)) return value;
  return isFields(value) ? Object.values(value) : [];
}

const each: Step = (values) => values.flatMap(membersOf);

const deep: Step = (values) => values.flatMap(withDescendants);

function withDescendants(value: JsonValue): JsonValue[] {
  return [value, ...membersOf(value).flatMap(withDescendants)];
}

function item(index: number): Step {
  return (values) =>
    values.flatMap((value) => {
      const found = Array.isArray(value) ? value.at(index) : undefined;
      return found === undefined ? [] : [found];
    });
}

function section([from, to, by = 1]: readonly (number | undefined)[]): Step {
  const every = Math.max(1, by);
  return (values) =>
    values.flatMap((value) => (Array.isArray(value) ? value.slice(from, to).filter((_, i) => i % every === 0) : []));
}

const operators = ["==", "!=", "<=", ">=", "<", ">"] as const;

/** `(@.type=="Ready")`, or `(@.ready)` for items that have it. */
function filter(text: string): Step {
  const inner = /^\((.*)\)$/s.exec(text)?.[1]?.trim();
  if (inner === undefined) throw new Error(`JSONPath filter ${JSON.stringify(text)} is not in parentheses`);
  for (const operator of operators) {
    const [left, right, ...more] = splitOutside(inner, operator);
    if (left === undefined || right === undefined || more.length > 0) continue;
    const a = operand(left.trim());
    const b = operand(right.trim());
    return kept((value) => compares(a(value), b(value), operator));
  }
  const path = operand(inner);
  return kept((value) => path(value) !== undefined);
}

function kept(test: (value: JsonValue) => boolean): Step {
  return (values) => values.flatMap((value) => membersOf(value).filter(test));
}

function operand(text: string): (value: JsonValue) => JsonValue | undefined {
  if (text.startsWith("@")) {
    const path = compileJsonPath(text.slice(1));
    return (value) => path(value)[0];
  }
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  if (quoted) return constant((quoted[2] ?? "").replace(/\\(.)/g, "$1"));
  if (text === "true" || text === "false") return constant(text === "true");
  const number = Number(text);
  if (text === "" || Number.isNaN(number))
    throw new Error(`JSONPath operand ${JSON.stringify(text)} is not understood`);
  return constant(number);
}

function constant(value: JsonValue): () => JsonValue {
  return () => value;
}

function compares(a: JsonValue | undefined, b: JsonValue | undefined, operator: (typeof operators)[number]): boolean {
  if (a === undefined || b === undefined || a === null || b === null) return false;
  if (operator === "==") return a === b;
  if (operator === "!=") return a !== b;
  if (typeof a !== typeof b || typeof a === "object") return false;
  if (operator === "<") return a < b;
  if (operator === ">") return a > b;
  return operator === "<=" ? a <= b : a >= b;
}
