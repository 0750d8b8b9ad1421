import { createRequire } from "node:module";
import type * as Re2 from "re2js";

export interface RegularExpression {
  /** Whether some part of the text matches. */
  test(text: string): boolean;
  /** The first part that matches, or "". */
  find(text: string): string;
  /** All parts that match, one after the other. */
  findAll(text: string): string[];
}

const loadPackage = createRequire(import.meta.url);
let loaded: typeof Re2.RE2JS | undefined;

/** Loaded with the first pattern, and at once, because validation does not wait. */
function library(): typeof Re2.RE2JS {
  // The package's own declarations say what it is.
  loaded ??= (loadPackage("re2js") as typeof Re2).RE2JS;
  return loaded;
}

type Compiled = { readonly expression: RegularExpression } | { readonly problem: string };

const compiledMax = 10_000;
const compiled = new Map<string, Compiled>();

/** @throws Error for what is no pattern, in the original's words */
export function re2(pattern: string): RegularExpression {
  const found = compile(pattern);
  if ("problem" in found) throw new Error(found.problem);
  return found.expression;
}

/** What is wrong with a pattern, in the original's words; undefined when nothing is. */
export function re2Problem(pattern: string): string | undefined {
  const found = compile(pattern);
  return "problem" in found ? found.problem : undefined;
}

function compile(pattern: string): Compiled {
  let known = compiled.get(pattern);
  if (known === undefined) {
    if (compiled.size >= compiledMax) compiled.clear();
    known = compileNew(pattern);
    compiled.set(pattern, known);
  }
  return known;
}

function compileNew(pattern: string): Compiled {
  try {
    return { expression: new Expression(library().compile(pattern)) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // The original names the part that is wrong even where it is empty.
    return { problem: message.includes("`") ? message : `${message}: \`\`` };
  }
}

class Expression implements RegularExpression {
  readonly #pattern: Re2.RE2JS;

  constructor(pattern: Re2.RE2JS) {
    this.#pattern = pattern;
  }

  test(text: string): boolean {
    return this.#pattern.test(text);
  }

  find(text: string): string {
    const matcher = this.#pattern.matcher(text);
    return matcher.find() ? (matcher.group() ?? "") : "";
  }

  findAll(text: string): string[] {
    const found: string[] = [];
    const matcher = this.#pattern.matcher(text);
    while (matcher.find()) found.push(matcher.group() ?? "");
    return found;
  }
}
