import { isTolerated } from "../../api/placement/index.ts";
import type { Taint, Toleration } from "../../api/types/index.ts";
import { type FilterPlugin, normalizeByMax, type Rejection, type ScorePlugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";

const rejection: Rejection = {
  plugin: "TaintToleration",
  reasons: ["node(s) had untolerated taint(s)"],
  resolvable: false,
};

export const taintToleration: FilterPlugin & ScorePlugin = {
  name: "TaintToleration",
  local: true,
  wakesOn: {
    "node/added": ({ pod }, { node }) => toleratesHard(node.spec?.taints, pod.spec?.tolerations),
    "node/taints": ({ pod }, { node, old }) => {
      const tolerations = pod.spec?.tolerations;
      return toleratesHard(node.spec?.taints, tolerations) && !toleratesHard(old?.spec?.taints, tolerations);
    },
  },
  prepareFilter: ({ pod }) => {
    const tolerations = pod.spec?.tolerations;
    return (node: NodeInfo) => {
      for (const taint of node.node?.spec?.taints ?? []) {
        if (taint.effect === "PreferNoSchedule") continue;
        if (!isTolerated(taint, tolerations)) return rejection;
      }
      return undefined;
    };
  },
  prepareScore: ({ pod }) => {
    const tolerations = pod.spec?.tolerations?.filter((t) => !t.effect || t.effect === "PreferNoSchedule");
    return (node) => {
      const soft = softTaints(node);
      return soft === none ? 0 : soft.filter((taint) => !isTolerated(taint, tolerations)).length;
    };
  },
  normalize: (scores) => normalizeByMax(scores, true),
};

/** Whether no taint of these keeps the pod away. */
export function toleratesHard(
  taints: readonly Taint[] = none,
  tolerations: readonly Toleration[] | undefined,
): boolean {
  return taints.every((taint) => taint.effect === "PreferNoSchedule" || isTolerated(taint, tolerations));
}

const none: readonly Taint[] = [];

function softTaints(node: NodeInfo): readonly Taint[] {
  const taints = node.node?.spec?.taints;
  return taints?.length ? taints.filter((taint) => taint.effect === "PreferNoSchedule") : none;
}
