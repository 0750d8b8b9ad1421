import type { NodeSelectorRequirement, NodeSelectorTerm } from "../../api/types/index.ts";
import { type FilterPlugin, normalizeByMax, type Rejection, type ScorePlugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";

const rejection: Rejection = {
  plugin: "NodeAffinity",
  reasons: ["node(s) didn't match Pod's node affinity/selector"],
  resolvable: false,
};

export const nodeAffinity: FilterPlugin & ScorePlugin = {
  name: "NodeAffinity",
  weight: 2,
  wakesOn: ["node/added", "node/labels", "pod/changed"],
  prepareFilter: ({ pod }) => {
    const selector = Object.entries(pod.spec?.nodeSelector ?? {});
    const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    if (selector.length === 0 && terms === undefined) return undefined;
    return (node: NodeInfo) => {
      const labels = node.labels;
      if (!selector.every(([key, value]) => labels[key] === value)) return rejection;
      if (terms !== undefined && !terms.some((term) => matchesTerm(term, node))) return rejection;
      return undefined;
    };
  },
  prepareScore: ({ pod }) => {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    if (!preferred?.length) return undefined;
    return (node) => {
      let sum = 0;
      for (const { weight, preference } of preferred) if (matchesTerm(preference, node)) sum += weight;
      return sum;
    };
  },
  normalize: (scores) => normalizeByMax(scores),
};

/** A term without any requirement matches nothing (API docs of NodeSelectorTerm). */
export function matchesTerm(term: NodeSelectorTerm, node: NodeInfo): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  return (
    expressions.every((requirement) => matchesRequirement(requirement, node.labels[requirement.key])) &&
    fields.every((requirement) => requirement.key === "metadata.name" && matchesRequirement(requirement, node.name))
  );
}

function matchesRequirement(requirement: NodeSelectorRequirement, value: string | undefined): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
    case "Lt": {
      const [wanted] = values;
      if (value === undefined || wanted === undefined || !integer.test(value) || !integer.test(wanted)) return false;
      return requirement.operator === "Gt" ? BigInt(value) > BigInt(wanted) : BigInt(value) < BigInt(wanted);
    }
    default:
      return false;
  }
}

const integer = /^-?\d+$/;
