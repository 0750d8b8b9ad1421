import { type Issue, typeText } from "../compile-error.ts";
import { type CelNode, type CelType, operandsOf } from "../cost/nodes.ts";
import { callName, isConcrete, issueAt } from "./issue.ts";

/** What a clause takes, and what is said of others. */
interface Clause {
  readonly types: ReadonlySet<string>;
  readonly rule: string;
}

const integers = ["int", "uint"];
const doubles = new Set(["double", "string"]); // of texts, those for what no number is
const hex: Clause = {
  types: new Set([...integers, "bytes", "string"]),
  rule: "only integers, byte buffers, and strings can be formatted as hex",
};

const clauses: Readonly<Record<string, Clause | undefined>> = {
  b: { types: new Set([...integers, "bool"]), rule: "only integers and bools can be formatted as binary" },
  d: { types: new Set(integers), rule: "decimal clause can only be used on integers" },
  e: { types: doubles, rule: "scientific clause can only be used on doubles" },
  f: { types: doubles, rule: "fixed-point clause can only be used on doubles" },
  o: { types: new Set(integers), rule: "octal clause can only be used on integers" },
  x: hex,
  X: hex,
};

/** A format that is written out, with its arguments. */
export function formatIssue(expression: string, node: CelNode): Issue | undefined {
  const [template, list] = operandsOf(node);
  if (node.op !== "rcall" || callName(node) !== "format" || list?.op !== "list") return undefined;
  if (template?.op !== "value" || typeof template.args !== "string") return undefined;
  const values = operandsOf(list);
  let next = 0;
  for (const [, ended, percent, clause] of template.args.matchAll(/%(?:($)|(%)|(?:\.\d+)?([\s\S]))/g)) {
    if (percent !== undefined) continue;
    if (ended !== undefined) return issueAt(expression, node, "unexpected end of string");
    const value = values[next];
    if (value === undefined) return issueAt(expression, node, `index ${next} out of range`);
    next++;
    const message = clauseMistake(clause ?? "", value.checkedType);
    if (message === undefined) continue;
    const isOfClause = message.startsWith("could not");
    return issueAt(expression, isOfClause ? node : value, message);
  }
  if (next === values.length) return undefined;
  const counts = `(expected ${next}, got ${values.length})`;
  return issueAt(expression, node, `too many arguments supplied to string.format ${counts}`);
}

function clauseMistake(name: string, type: CelType | undefined): string | undefined {
  const clause = clauses[name];
  if (clause === undefined) {
    return name === "s" ? undefined : `could not parse formatting clause: unrecognized formatting clause "${name}"`;
  }
  if (type === undefined || type.kind === "dyn" || clause.types.has(type.name)) return undefined;
  if (type.kind === "list" || type.kind === "map") return unfit(clause, type.kind);
  return isConcrete(type) ? unfit(clause, typeText(type.name)) : undefined;
}

function unfit({ rule }: Clause, given: string): string {
  return `error during formatting: ${rule}, was given ${given}`;
}
