import { matchesNodeSelectorTerm, mayRunOn } from "../../api/placement/index.ts";
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
    const { nodeSelector, affinity } = pod.spec ?? {};
    const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    if (!nodeSelector && !required) return undefined;
    return (node: NodeInfo) => (mayRunOn(pod.spec, node) ? undefined : rejection);
  },
  prepareScore: ({ pod }) => {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    if (!preferred?.length) return undefined;
    return (node) => {
      let sum = 0;
      for (const { weight, preference } of preferred) if (matchesNodeSelectorTerm(preference, node)) sum += weight;
      return sum;
    };
  },
  normalize: (scores) => normalizeByMax(scores),
};
