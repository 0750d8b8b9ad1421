import type { Taint, Toleration } from "../../api/types/index.ts";
import { type FilterPlugin, normalizeByMax, type Rejection, type ScorePlugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";

/** Whether a toleration covers a taint: an empty key with Exists covers all, an empty effect all effects. */
export function tolerates(toleration: Toleration, taint: Pick<Taint, "key" | "effect" | "value">): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? "Equal") {
    case "Exists":
      return true;
    case "Equal":
    case "":
      return Boolean(toleration.key) && (toleration.value ?? "") === (taint.value ?? "");
    case "Lt":
      return comparesIntegers(taint.value, toleration.value, (taintValue, value) => taintValue < value);
    case "Gt":
      return comparesIntegers(taint.value, toleration.value, (taintValue, value) => taintValue > value);
    default:
      return false;
  }
}

/** KEP-5471: numeric operators compare 64-bit integers. */
function comparesIntegers(
  a: string | undefined,
  b: string | undefined,
  holds: (a: bigint, b: bigint) => boolean,
): boolean {
  const integer = /^-?\d+$/;
  return a !== undefined && b !== undefined && integer.test(a) && integer.test(b) && holds(BigInt(a), BigInt(b));
}

const rejection: Rejection = {
  plugin: "TaintToleration",
  reasons: ["node(s) had untolerated taint(s)"],
  resolvable: false,
};

export const taintToleration: FilterPlugin & ScorePlugin = {
  name: "TaintToleration",
  weight: 3,
  wakesOn: ["node/added", "node/taints", "pod/changed"],
  prepareFilter: ({ pod }) => {
    const tolerations = pod.spec?.tolerations ?? [];
    return (node: NodeInfo) => {
      for (const taint of node.node?.spec?.taints ?? []) {
        if (taint.effect === "PreferNoSchedule") continue;
        if (!tolerations.some((toleration) => tolerates(toleration, taint))) return rejection;
      }
      return undefined;
    };
  },
  prepareScore: ({ pod }, feasible) => {
    if (!feasible.some((node) => softTaints(node).length > 0)) return undefined;
    const tolerations = (pod.spec?.tolerations ?? []).filter((t) => !t.effect || t.effect === "PreferNoSchedule");
    return (node) => softTaints(node).filter((taint) => !tolerations.some((t) => tolerates(t, taint))).length;
  },
  normalize: (scores) => normalizeByMax(scores, true),
};

const none: readonly Taint[] = [];

function softTaints(node: NodeInfo): readonly Taint[] {
  return node.node?.spec?.taints?.filter((taint) => taint.effect === "PreferNoSchedule") ?? none;
}
