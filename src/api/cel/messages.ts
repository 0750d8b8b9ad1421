import type { CelNode } from "./cost/nodes.ts";
import { type Register, registerClass } from "./extensions/register.ts";
import { type Environment, library } from "./library.ts";
import { tokensOf } from "./tokens.ts";

/**
 * What mutating policies write as `Object{spec: Object.spec{replicas: 1}}` and `JSONPatch{op: "add", ...}`. The library
 * has no such literals: they are rewritten to calls over maps before they are parsed.
 */

/** What such a literal makes. */
export class MessageValue {
  readonly members: ReadonlyMap<string, unknown>;

  constructor(members: ReadonlyMap<string, unknown>) {
    this.members = members;
  }
}

class ObjectMessage extends MessageValue {}
class ObjectPart extends MessageValue {}
class PatchMessage extends MessageValue {}

const makers = { Object: "__object", part: "__objectPart", JSONPatch: "__jsonPatch" } as const;
/** Whether a call stands for such a literal. */
export function isMessage({ op, args }: CelNode): boolean {
  return op === "call" && Array.isArray(args) && Object.values<unknown>(makers).includes(args[0]);
}

const patchFields = ["op", "path", "from", "value"];

export function registerMessages(environment: Environment, register: Register): void {
  registerClass(environment, "Object", ObjectMessage);
  registerClass(environment, "Object.part", ObjectPart);
  registerClass(environment, "JSONPatch", PatchMessage);
  register(`${makers.Object}(map<string, dyn>): Object`, (members: object) => new ObjectMessage(present(members)));
  register(`${makers.part}(map<string, dyn>): Object.part`, (members: object) => new ObjectPart(present(members)));
  register(`${makers.JSONPatch}(map<string, dyn>): JSONPatch`, (members: object) => {
    const found = present(members);
    for (const name of found.keys()) if (!patchFields.includes(name)) throw new Error(`undefined field '${name}'`);
    return new PatchMessage(found);
  });
  registerClass(environment, "kubernetes.JSONPatches", PatchNamespace);
  environment.registerConstant("jsonpatch", "kubernetes.JSONPatches", new PatchNamespace());
  register("kubernetes.JSONPatches.escapeKey(string): string", (_: unknown, key: string) =>
    key.replaceAll("~", "~0").replaceAll("/", "~1"),
  );
}

class PatchNamespace {}

/** Members whose optional value is not there are left out. */
function present(members: object): Map<string, unknown> {
  const { Optional } = library();
  const out = new Map<string, unknown>();
  for (const [name, value] of members instanceof Map ? members : Object.entries(members)) {
    if (!(value instanceof Optional)) out.set(String(name), value);
    else if (value.hasValue()) out.set(String(name), value.value());
  }
  return out;
}

interface Brace {
  readonly isMessage: boolean;
  readonly depth: number;
}

/** The expression with its literals of objects as calls. */
export function withoutMessages(expression: string): string {
  if (!/\b(?:Object|JSONPatch)\b[\w.\s]*\{/.test(expression)) return expression;
  const tokens = tokensOf(expression);
  const out: string[] = [];
  const braces: Brace[] = [];
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const text = tokens[i] ?? "";
    const literal = literalAt(tokens, i, out);
    if (literal !== undefined) {
      out.push(`${literal.maker}({`);
      braces.push({ isMessage: true, depth: ++depth });
      i = literal.brace;
    } else if (text === "{" || text === "(" || text === "[") {
      depth++;
      if (text === "{") braces.push({ isMessage: false, depth });
      out.push(text);
    } else if (text === "}" || text === ")" || text === "]") {
      depth--;
      const closed = text === "}" ? braces.pop() : undefined;
      out.push(closed?.isMessage ? "})" : text);
    } else {
      const at = braces.at(-1);
      const isKey = at?.isMessage && at.depth === depth && isFieldName(tokens, i);
      if (isKey && text === "?") continue;
      out.push(isKey && text !== "`" ? JSON.stringify(text) : text);
    }
  }
  return out.join("");
}

/** `Object`, `Object.spec.template` or `JSONPatch` before a brace. */
function literalAt(
  tokens: readonly string[],
  at: number,
  before: readonly string[],
): { maker: string; brace: number } | undefined {
  const first = tokens[at];
  if ((first !== "Object" && first !== "JSONPatch") || before.at(-1) === ".") return undefined;
  let next = at + 1;
  let isPart = false;
  while (tokens[next] === "." && /^[A-Za-z_]/.test(tokens[next + 1] ?? "")) {
    isPart = true;
    next += 2;
  }
  while (/^\s/.test(tokens[next] ?? "")) next++;
  if (tokens[next] !== "{") return undefined;
  return { maker: makers[isPart ? "part" : first], brace: next };
}

/** A name, or the mark of an optional one, that comes first or after a comma and is followed by a colon. */
function isFieldName(tokens: readonly string[], at: number): boolean {
  const text = tokens[at] ?? "";
  const previous = beside(tokens, at, -1);
  const mark = tokens[previous] === "?" ? previous : text === "?" ? at : undefined;
  const before = tokens[mark === undefined ? previous : beside(tokens, mark, -1)] ?? "";
  if (before !== "{" && before !== ",") return false;
  return text === "?" || (/^[A-Za-z_]/.test(text) && tokens[beside(tokens, at, 1)] === ":");
}

/** Where the next token is that says something. */
function beside(tokens: readonly string[], at: number, step: number): number {
  let next = at + step;
  while (/^(?:\s|\/\/)/.test(tokens[next] ?? "")) next += step;
  return next;
}
