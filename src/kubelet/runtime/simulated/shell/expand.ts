import type { Word, WordPart } from "./syntax.ts";

/** Where a word's values come from. */
export interface Values {
  variable(name: string): string | undefined;
  /** All positional parameters. */
  readonly parameters: readonly string[];
  assign(name: string, value: string): void;
}

/** What a command printed, in the place of a word. Yields as the command does. */
export type Substitute = (part: WordPart & { kind: "command" }) => Generator<number, string>;

type Piece = { readonly text: string; readonly quoted: boolean };

/** The value of a word, in one piece. */
export function* expandText(word: Word, values: Values, substitute: Substitute): Generator<number, string> {
  let text = "";
  for (const part of word) for (const piece of yield* expandPart(part, values, substitute)) text += piece.text;
  return text;
}

/** The values of a word: what is not quoted is split at blanks. */
export function* expandFields(word: Word, values: Values, substitute: Substitute): Generator<number, string[]> {
  const fields: string[] = [];
  let field: string | undefined;
  for (const part of word) {
    if (part.kind === "variable" && part.name === "@" && part.quoted) {
      for (const [i, parameter] of values.parameters.entries()) {
        if (i === 0) field = (field ?? "") + parameter;
        else {
          fields.push(field ?? "");
          field = parameter;
        }
      }
      continue;
    }
    for (const { text, quoted } of yield* expandPart(part, values, substitute)) {
      if (quoted || part.kind === "text") field = (field ?? "") + text;
      else {
        const pieces = text.split(/[ \t\n]+/);
        for (const [i, piece] of pieces.entries()) {
          if (i > 0 && field !== undefined) {
            fields.push(field);
            field = undefined;
          }
          if (piece !== "") field = (field ?? "") + piece;
        }
      }
    }
  }
  if (field !== undefined) fields.push(field);
  return fields;
}

function* expandPart(part: WordPart, values: Values, substitute: Substitute): Generator<number, Piece[]> {
  switch (part.kind) {
    case "text":
      return [part];
    case "command":
      return [{ text: (yield* substitute(part)).replace(/\n+$/, ""), quoted: part.quoted }];
    case "arithmetic": {
      const text = yield* expandText(part.text, values, substitute);
      return [{ text: String(calculate(text, (name) => values.variable(name))), quoted: true }];
    }
    case "variable":
      return [{ text: yield* expandVariable(part, values, substitute), quoted: part.quoted }];
    default:
      return part satisfies never;
  }
}

function* expandVariable(
  { name, length, instead, cut }: WordPart & { kind: "variable" },
  values: Values,
  substitute: Substitute,
): Generator<number, string> {
  const value = values.variable(name);
  if (length) return String((value ?? "").length);
  if (cut !== undefined) {
    const pattern = yield* expandText(cut.pattern, values, substitute);
    return cutFrom(value ?? "", pattern, cut.from, cut.longest);
  }
  if (instead === undefined) return value ?? "";
  const absent = value === undefined || (instead.emptyToo && value === "");
  if (instead.operator === "+") return absent ? "" : yield* expandText(instead.word, values, substitute);
  if (!absent) return value;
  const other = yield* expandText(instead.word, values, substitute);
  if (instead.operator === "=") values.assign(name, other);
  return other;
}

/** A pattern of `case` and of `${name#pattern}`. */
export function matchesPattern(text: string, pattern: string): boolean {
  return new RegExp(`^${patternSource(pattern, ".*")}$`, "s").test(text);
}

function cutFrom(text: string, pattern: string, from: "start" | "end", longest: boolean): string {
  const lengths = Array.from({ length: text.length + 1 }, (_, i) => (longest ? text.length - i : i));
  for (const length of lengths) {
    const part = from === "start" ? text.slice(0, length) : text.slice(text.length - length);
    if (matchesPattern(part, pattern))
      return from === "start" ? text.slice(length) : text.slice(0, text.length - length);
  }
  return text;
}

function patternSource(pattern: string, star: string): string {
  return pattern
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replace(/\*/g, star)
    .replace(/\?/g, ".")
    .replace(/\[!/g, "[^");
}

const token = /\s*(\d+|[A-Za-z_][A-Za-z0-9_]*|\*\*|<=|>=|==|!=|&&|\|\||[-+*/%<>()!])/y;
const precedence: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  "==": 3,
  "!=": 3,
  "<": 4,
  ">": 4,
  "<=": 4,
  ">=": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "%": 6,
};

/** Whole numbers, as `$((…))` knows them; what it cannot read is 0. */
export function calculate(text: string, variable: (name: string) => string | undefined): number {
  const tokens: string[] = [];
  token.lastIndex = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) tokens.push(match[1] ?? "");
  let at = 0;
  const operand = (): number => {
    const next = tokens[at++] ?? "0";
    if (next === "(") {
      const inner = binary(1);
      at++;
      return inner;
    }
    if (next === "-") return -operand();
    if (next === "+") return operand();
    if (next === "!") return operand() === 0 ? 1 : 0;
    return Math.trunc(Number(/^\d/.test(next) ? next : (variable(next) ?? 0))) || 0;
  };
  const binary = (least: number): number => {
    let left = operand();
    for (;;) {
      const operator = tokens[at] ?? "";
      const strength = precedence[operator];
      if (strength === undefined || strength < least) return left;
      at++;
      left = apply(operator, left, binary(strength + 1));
    }
  };
  return binary(1);
}

function apply(operator: string, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return b === 0 ? 0 : Math.trunc(a / b);
    case "%":
      return b === 0 ? 0 : a % b;
    case "==":
      return Number(a === b);
    case "!=":
      return Number(a !== b);
    case "<":
      return Number(a < b);
    case ">":
      return Number(a > b);
    case "<=":
      return Number(a <= b);
    case ">=":
      return Number(a >= b);
    case "&&":
      return Number(a !== 0 && b !== 0);
    default:
      return Number(a !== 0 || b !== 0);
  }
}
