import type { Issue } from "../compile-error.ts";
import { binaryOperators, type CelNode, type CelType, operandsOf } from "../cost/nodes.ts";

/** An issue at a node, in the place that the original's compiler gives it. */
export function issueAt(expression: string, node: CelNode, message: string): Issue {
  return { at: positionOf(expression, node), message };
}

/** Of a call its parenthesis, of an operator its sign, of everything else its beginning. */
function positionOf(expression: string, node: CelNode): number {
  const [first] = operandsOf(node);
  const after = (mark: string, from: number) => Math.max(node.start, expression.indexOf(mark, from));
  switch (node.op) {
    case "call":
      return after("(", node.start);
    case "rcall":
      return after("(", first?.end ?? node.start);
    case ".":
      return after(".", first?.end ?? node.start);
    case "[]":
      return after("[", first?.end ?? node.start);
    case "?:":
      return after("?", first?.end ?? node.start);
    default:
      return binaryOperators.has(node.op) ? after(node.op, first?.end ?? node.start) : node.start;
  }
}

/** Whether all of a type is known: no part is found out at run time only. */
export function isConcrete(type: CelType | undefined): type is CelType {
  return type !== undefined && !/\b(?:dyn|[A-Z])\b/.test(type.name) && !/^(?:list|map)$/.test(type.name);
}

export function callName({ op, args }: CelNode): string | undefined {
  return (op === "call" || op === "rcall") && Array.isArray(args) ? String(args[0]) : undefined;
}
