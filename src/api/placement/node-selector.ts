import type { NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from "../types/index.ts";

/** What selectors look at. */
export interface PlacedNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

type Constraints = Pick<PodSpec, "nodeSelector" | "affinity">;

/** Whether spec.nodeSelector and required node affinity let a pod run on the node. */
export function mayRunOn(spec: Constraints | undefined, node: PlacedNode): boolean {
  for (const key in spec?.nodeSelector) if (labelOf(node, key) !== spec.nodeSelector[key]) return false;
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => matchesNodeSelectorTerm(term, node));
}

/** A term without any requirement matches nothing (API docs of NodeSelectorTerm). */
export function matchesNodeSelectorTerm(term: NodeSelectorTerm, node: PlacedNode): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return (
    matchExpressions.every((requirement) => holds(requirement, labelOf(node, requirement.key))) &&
    matchFields.every((requirement) => holds(requirement, requirement.key === "metadata.name" ? node.name : undefined))
  );
}

/** `constructor` is a good name for a label; what every JavaScript object inherits under that name is none. */
function labelOf({ labels }: PlacedNode, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function holds({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
    case "Lt":
      return compares(value, values[0], operator);
    default:
      return false;
  }
}

function compares(value: string | undefined, wanted: string | undefined, operator: "Gt" | "Lt"): boolean {
  const integer = /^-?\d+$/;
  if (value === undefined || wanted === undefined || !integer.test(value) || !integer.test(wanted)) return false;
  return operator === "Gt" ? BigInt(value) > BigInt(wanted) : BigInt(value) < BigInt(wanted);
}
