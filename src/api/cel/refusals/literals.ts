import { re2 } from "../../re2/index.ts";
import { checkedText, type Issue } from "../compile-error.ts";
import { type CelNode, type CelType, operandsOf } from "../cost/nodes.ts";
import { callName, isConcrete, issueAt } from "./issue.ts";

const intMax = 2n ** 63n - 1n;

/** A whole number that 64 bits do not hold. */
export function overflowIssue(expression: string, node: CelNode, isNegated: boolean): Issue | undefined {
  if (node.op !== "value" || typeof node.args !== "bigint") return undefined;
  if (node.args <= (isNegated ? intMax + 1n : intMax)) return undefined;
  return issueAt(expression, node, "invalid int literal");
}

/** Times, patterns, lists and maps that are written out. */
export function literalIssue(expression: string, node: CelNode, isMixed: boolean): readonly Issue[] {
  if (node.op === "list") return isMixed ? [] : unequal(expression, node, operandsOf(node));
  if (node.op === "map") {
    if (isMixed) return [];
    const members = operandsOf(node);
    const keys = members.filter((_, i) => i % 2 === 0);
    const values = members.filter((_, i) => i % 2 === 1);
    return [...unequal(expression, node, keys), ...unequal(expression, node, values)];
  }
  const issue = argumentIssue(expression, node);
  return issue === undefined ? [] : [issue];
}

/** The first whose type is another than that of the first of all. */
function unequal(expression: string, literal: CelNode, members: readonly CelNode[]): readonly Issue[] {
  const [first] = members;
  const expected = first && memberType(literal, first);
  if (expected === undefined) return [];
  for (const member of members) {
    const type = memberType(literal, member);
    if (type === undefined || type.name === expected.name) continue;
    const message = `expected type '${checkedText(expected.name)}' but found '${checkedText(type.name)}'`;
    return [issueAt(expression, member.meta.alternate ?? member, message)];
  }
  return [];
}

/** Of an optional member, that of its value. Undefined where the original may know more of it. */
function memberType({ meta }: CelNode, member: CelNode): CelType | undefined {
  const { checkedType } = member;
  const type = meta.macro?.optionalMembers?.includes(member) ? checkedType?.valueType : checkedType;
  const isSame = type?.name === "dyn" ? isUntyped(member) : isConcrete(type);
  return isSame ? type : undefined;
}

const untyped: ReadonlySet<unknown> = new Set(["object", "oldObject", "params"]);

/** A field, however deep, of an object of whose type nothing is known. */
function isUntyped(member: CelNode): boolean {
  let node = member.meta.alternate ?? member;
  while (node.op === "." || node.op === "[]" || node.op === ".?" || node.op === "[?]") {
    const [target] = operandsOf(node);
    if (target === undefined) return false;
    node = target;
    node = node.meta.alternate ?? node;
  }
  return node.op === "id" && untyped.has(node.args) && node.checkedType?.name === "dyn";
}

function argumentIssue(expression: string, node: CelNode): Issue | undefined {
  const name = callName(node);
  const argument = operandsOf(node).at(-1);
  if (argument?.op !== "value" || typeof argument.args !== "string") return undefined;
  const text = argument.args;
  const isWrong =
    (name === "matches" && !isPattern(text)) ||
    (node.op === "call" && name === "duration" && !isDuration(text)) ||
    (node.op === "call" && name === "timestamp" && !isTimestamp(text));
  return isWrong ? issueAt(expression, argument, `invalid ${name} argument`) : undefined;
}

function isPattern(text: string): boolean {
  try {
    re2(text);
    return true;
  } catch {
    return false;
  }
}

function isDuration(text: string): boolean {
  return /^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$/.test(text);
}

function isTimestamp(text: string): boolean {
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,]\d+)?(?:Z|[+-](\d\d):(\d\d))$/.exec(text);
  if (parts === null) return false;
  const [, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  const days = month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return month >= 1 && month <= 12 && day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
