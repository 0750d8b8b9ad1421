import { checkedText, type Issue } from "../compile-error.ts";
import { type CelNode, operandsOf } from "../cost/nodes.ts";
import { isMessage } from "../messages.ts";
import { conversionMistake } from "./conversions.ts";
import { formatIssue } from "./formats.ts";
import { callName, isConcrete, issueAt } from "./issue.ts";
import { literalIssue, overflowIssue } from "./literals.ts";

/**
 * What the original refuses when an expression is written, and the library would at the earliest when it is evaluated: a
 * pass over an expression whose types were found to fit.
 */

export interface Refusal {
  readonly issues: readonly Issue[];
  /** The expression compiles, but a conversion of what is written out fails before anything is evaluated. */
  readonly instantiation?: string;
}

export function refusals(expression: string, root: CelNode): Refusal {
  const numbers: Issue[] = [];
  const types: Issue[] = [];
  const literals: Issue[] = [];
  let instantiation: string | undefined;
  const visit = (node: CelNode, isInFormat: boolean, parent?: CelNode): void => {
    const add = (to: Issue[], issue: Issue | undefined) => issue && to.push(issue);
    add(numbers, overflowIssue(expression, node, parent?.op === "-_"));
    add(types, elementIssue(expression, node) ?? setsIssue(expression, node));
    add(literals, formatIssue(expression, node));
    for (const issue of literalIssue(expression, node, isInFormat || (parent !== undefined && isMessage(parent))))
      literals.push(issue);
    instantiation ??= conversionMistake(node);
    const within = isInFormat || callName(node) === "format";
    for (const operand of operandsOf(node)) visit(operand, within, node);
  };
  visit(root, false);
  const issues = [numbers, types, literals].find(({ length }) => length > 0) ?? [];
  return { issues: issues.sort((a, b) => a.at - b.at), instantiation };
}

const numbers = ["int", "uint", "double", "google.protobuf.Duration"];
const ordered = new Set([...numbers, "bool", "string", "bytes", "google.protobuf.Timestamp"]);
const summable = new Set(numbers);

/** The library's lists take elements of all types. */
function elementIssue(expression: string, node: CelNode): Issue | undefined {
  const name = callName(node);
  const [list] = operandsOf(node);
  if (node.op !== "rcall" || name === undefined || list?.checkedType?.kind !== "list") return undefined;
  const element = list.checkedType.valueType;
  if (!isConcrete(element) || isFit(name, element)) return undefined;
  const applied = `${checkedText(list.checkedType.name)}.()`;
  return issueAt(expression, node, `found no matching overload for '${name}' applied to '${applied}'`);
}

/** Two sets whose elements are of different types. */
function setsIssue(expression: string, node: CelNode): Issue | undefined {
  const [library, a, b] = operandsOf(node);
  if (node.op !== "rcall" || library?.checkedType?.name !== "kubernetes.Sets") return undefined;
  const [one, other] = [a?.checkedType, b?.checkedType];
  if (!isConcrete(one) || !isConcrete(other) || one.name === other.name) return undefined;
  const applied = `(${checkedText(one.name)}, ${checkedText(other.name)})`;
  const message = `found no matching overload for 'sets.${callName(node)}' applied to '${applied}'`;
  return issueAt(expression, node, message);
}

function isFit(name: string, element: { readonly name: string; readonly kind: string }): boolean {
  switch (name) {
    case "sum":
      return summable.has(element.name);
    case "min":
    case "max":
    case "sort":
    case "isSorted":
      return ordered.has(element.name);
    case "flatten":
      return element.kind === "list";
    default:
      return true;
  }
}
