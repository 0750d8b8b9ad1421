import { errorMessage, invalid } from "./field-error.ts";
import type { FieldPath } from "./field-path.ts";
import { newRequirement, type Requirement, type SelectorOperator } from "./label-requirement.ts";
import { isQualifiedName } from "./names.ts";

type TokenKind = "identifier" | "in" | "notin" | "(" | ")" | "," | "!" | "=" | "==" | "!=" | ">" | "<" | "end";

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const symbols: ReadonlySet<string> = new Set(["(", ")", ",", "!", "=", "==", "!=", ">", "<"]);
const end: Token = { kind: "end", text: "" };

function isSymbolChar(char: string): boolean {
  return "=!(),><".includes(char);
}

function isSpace(char: string): boolean {
  return char === " " || char === "\t" || char === "\r" || char === "\n";
}

/** The tokens of a selector text. A run of symbol characters is split greedily, so that `!==` is `!=` and `=`. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (isSpace(char)) {
      at++;
    } else if (isSymbolChar(char)) {
      const two = text.slice(at, at + 2);
      const symbol = symbols.has(two) ? two : char;
      tokens.push({ kind: symbol as TokenKind, text: symbol }); // every symbol is a kind of its own
      at += symbol.length;
    } else {
      const start = at;
      while (at < text.length && !isSymbolChar(text.charAt(at)) && !isSpace(text.charAt(at))) at++;
      const word = text.slice(start, at);
      tokens.push({ kind: word === "in" || word === "notin" ? word : "identifier", text: word });
    }
  }
  return tokens;
}

/** The requirements of a label selector text, in its order. Throws an Error with the original message. */
export function parseRequirements(text: string, path: FieldPath | undefined): Requirement[] {
  return new Parser(text, path).parse();
}

class Parser {
  readonly #tokens: Token[];
  readonly #path: FieldPath | undefined;
  #at = 0;

  constructor(text: string, path: FieldPath | undefined) {
    this.#tokens = tokenize(text);
    this.#path = path;
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    for (;;) {
      const first = this.#peek();
      if (first.kind === "end") return requirements;
      if (first.kind !== "identifier" && first.kind !== "!") {
        throw expected(first, "!, identifier, or 'end of string'");
      }
      requirements.push(this.#requirement());
      const separator = this.#next();
      if (separator.kind === "end") return requirements;
      if (separator.kind !== ",") throw expected(separator, "',' or 'end of string'");
      const following = this.#peek();
      if (following.kind !== "identifier" && following.kind !== "!") throw expected(following, "identifier after ','");
    }
  }

  #requirement(): Requirement {
    try {
      return this.#checkedRequirement();
    } catch (err) {
      throw new Error(`unable to parse requirement: ${err instanceof Error ? err.message : err}`, { cause: err });
    }
  }

  #checkedRequirement(): Requirement {
    const negated = this.#peek().kind === "!";
    if (negated) this.#next();
    const key = this.#next();
    if (key.kind !== "identifier") throw expected(key, "identifier");
    this.#checkKey(key.text);
    if (negated) return newRequirement(key.text, "!", [], this.#path);
    const after = this.#peek();
    if (after.kind === "end" || after.kind === ",") return newRequirement(key.text, "exists", [], this.#path);
    const operator = this.#operator();
    const values = operator === "in" || operator === "notin" ? this.#values() : [this.#exactValue()];
    return newRequirement(key.text, operator, [...new Set(values)].sort(), this.#path);
  }

  #checkKey(key: string): void {
    const errors = isQualifiedName(key);
    // without a path the original prints its nil pointer
    if (errors.length > 0) throw new Error(errorMessage(invalid(this.#path ?? "<nil>", key, errors.join("; "))));
  }

  #operator(): SelectorOperator {
    const token = this.#tokens[this.#at++] ?? end;
    switch (token.kind) {
      case "in":
      case "notin":
      case "=":
      case "==":
      case "!=":
        return token.kind;
      case ">":
        return "gt";
      case "<":
        return "lt";
      default:
        throw expected(token, "in, notin, =, ==, !=, gt, lt");
    }
  }

  #values(): string[] {
    const open = this.#next();
    if (open.kind !== "(") throw new Error(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.kind === ")") {
      this.#next();
      return [];
    }
    if (first.kind !== "identifier" && first.kind !== ",") throw expected(first, "',', ')' or identifier");
    const values = this.#identifiers();
    if (this.#next().kind !== ")") throw expected(first, "')'");
    return values;
  }

  /** Values up to the closing parenthesis, which stays; nothing between two commas is the empty value. */
  #identifiers(): string[] {
    const values: string[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === "identifier") {
        values.push(token.text);
        const after = this.#peek();
        if (after.kind === ")") return values;
        if (after.kind !== ",") throw expected(after, "',' or ')'");
      } else if (token.kind === ",") {
        if (values.length === 0) values.push("");
        const after = this.#peek();
        if (after.kind === ")") return [...values, ""];
        if (after.kind === ",") {
          this.#next();
          values.push("");
        }
      } else {
        throw expected(token, "',', or identifier");
      }
    }
  }

  #exactValue(): string {
    const token = this.#peek();
    if (token.kind === "end" || token.kind === ",") return "";
    this.#next();
    if (token.kind !== "identifier") throw expected(token, "identifier");
    return token.text;
  }

  /** Only where an operator may stand are `in` and `notin` words of the language; else they are names. */
  #peek(): Token {
    const token = this.#tokens[this.#at] ?? end;
    return token.kind === "in" || token.kind === "notin" ? { kind: "identifier", text: token.text } : token;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }
}

function expected(token: Token, what: string): Error {
  return new Error(`found '${token.text}', expected: ${what}`);
}
