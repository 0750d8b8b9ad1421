import { matchesNodeSelectorTerm, mayRunOn, type PlacedNode } from "../../api/placement/index.ts";
import type { Node, NodeSelectorTerm, Pod } from "../../api/types/index.ts";
import type { NodeAffinityArgs } from "../config/plugin-args.ts";
import { type FilterPlugin, normalizeByMax, type Rejection, type ScorePlugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";

const rejection: Rejection = {
  plugin: "NodeAffinity",
  reasons: ["node(s) didn't match Pod's node affinity/selector"],
  resolvable: false,
};

const conflict: Rejection = { plugin: "NodeAffinity", reasons: ["pod affinity terms conflict"], resolvable: false };
const enforced: Rejection = {
  plugin: "NodeAffinity",
  reasons: ["node(s) didn't match scheduler-enforced node affinity"],
  resolvable: false,
};

/** Node selectors and node affinity of the pod, and those that the profile adds to every pod. */
export function createNodeAffinity({ addedAffinity }: NodeAffinityArgs = {}): FilterPlugin & ScorePlugin {
  const added = addedAffinity && { affinity: { nodeAffinity: addedAffinity } };
  const addedRequired = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution && added;
  const addedPreferred = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const refusal = (pod: Pod, node: PlacedNode) => {
    if (addedRequired && !mayRunOn(addedRequired, node)) return enforced;
    return mayRunOn(pod.spec, node) ? undefined : rejection;
  };
  const fits = ({ pod }: PodInfo, { node }: { node: Node }) => refusal(pod, placed(node)) === undefined;
  return {
    name: "NodeAffinity",
    local: true,
    wakesOn: {
      "node/added": fits,
      // Only a node that did not fit before can help.
      "node/labels": (info, { node, old }) => fits(info, { node }) && !(old && fits(info, { node: old })),
    },
    prepareFilter: ({ pod }) => {
      const { nodeSelector, affinity } = pod.spec ?? {};
      const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
      if (!nodeSelector && !required && !addedRequired) return undefined;
      const filter = (node: NodeInfo) => refusal(pod, node);
      const only = namedNodes(required?.nodeSelectorTerms);
      if (only?.size === 0) return { rejected: conflict };
      return only ? { only, filter } : filter;
    },
    prepareScore: ({ pod }) => {
      const own = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
      const preferred = addedPreferred.length > 0 ? [...addedPreferred, ...own] : own;
      if (preferred.length === 0) return undefined;
      return (node) => {
        let sum = 0;
        for (const { weight, preference } of preferred) if (matchesNodeSelectorTerm(preference, node)) sum += weight;
        return sum;
      };
    },
    normalize: (scores) => normalizeByMax(scores),
  };
}

export const nodeAffinity = createNodeAffinity();

/** The nodes that every term names by metadata.name (as daemon pods have it), so that no other needs a look. */
function namedNodes(terms: readonly NodeSelectorTerm[] | undefined): ReadonlySet<string> | undefined {
  if (!terms?.length) return undefined;
  const all = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const named = matchFields.filter(({ key, operator }) => key === "metadata.name" && operator === "In");
    const [first, ...more] = named.map(({ values = [] }) => new Set(values));
    if (first === undefined) return undefined;
    for (const name of more.reduce((names, others) => names.intersection(others), first)) all.add(name);
  }
  return all;
}

function placed({ metadata: { name = "", labels = {} } }: Node): PlacedNode {
  return { name, labels };
}
