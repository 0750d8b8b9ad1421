import {
  isEmptySelector,
  labelSelectorAsSelector,
  matches,
  type Selector,
  selectorString,
} from "../../api/meta/index.ts";
import { mayRunOn } from "../../api/placement/index.ts";
import type { Node, Pod, TopologySpreadConstraint } from "../../api/types/index.ts";
import type { ClusterState } from "../cluster-state.ts";
import { defaultPluginArgs, type PodTopologySpreadArgs } from "../config/plugin-args.ts";
import { type FilterPlugin, type NodeFilter, type Rejection, type ScorePlugin, scoreMax } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { type PodInfo, withLabelKeys } from "../pod-info.ts";
import { taintToleration } from "./taint-toleration.ts";

interface Constraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: Selector;
  readonly honorAffinity: boolean;
  readonly honorTaints: boolean;
}

const missingLabel: Rejection = {
  plugin: "PodTopologySpread",
  reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
  resolvable: false,
};
const skewed: Rejection = {
  plugin: "PodTopologySpread",
  reasons: ["node(s) didn't match pod topology spread constraints"],
  resolvable: true,
};

const hostname = "kubernetes.io/hostname";
/** The system defaults of the original for pods of services and workloads without constraints of their own. */
const systemConstraints: readonly TopologySpreadConstraint[] = [
  { topologyKey: hostname, maxSkew: 3, whenUnsatisfiable: "ScheduleAnyway" },
  { topologyKey: "topology.kubernetes.io/zone", maxSkew: 5, whenUnsatisfiable: "ScheduleAnyway" },
];

/** Spreads pods over domains: hard constraints filter, soft ones score; pods that have none get those of the profile. */
export function createPodTopologySpread(
  args: PodTopologySpreadArgs = defaultPluginArgs.PodTopologySpread,
): FilterPlugin & ScorePlugin {
  const isSystem = args.defaultingType === "System";
  const defaults = isSystem ? systemConstraints : args.defaultConstraints;
  const constraintsFor = (info: PodInfo, when: WhenUnsatisfiable, cluster: ClusterState) =>
    info.pod.spec?.topologySpreadConstraints?.length
      ? constraintsOf(info, when)
      : defaultConstraintsOf(info, when, defaults, cluster);
  return {
    name: "PodTopologySpread",
    wakesOn: {
      "node/added": (info, { node }) => hasConstrainedKeys(info, node, defaults),
      "node/labels": (info, { node, old }) =>
        hasConstrainedKeys(info, node, defaults) || (old !== undefined && hasConstrainedKeys(info, old, defaults)),
      "node/taints": true,
      "assigned-pod/added": concerns,
      "assigned-pod/deleted": concerns,
      "assigned-pod/labels": (info, event) =>
        concerns(info, event) || (event.old !== undefined && concerns(info, { pod: event.old })),
    },

    prepareFilter: (info, cluster) => {
      const constraints = constraintsFor(info, "DoNotSchedule", cluster);
      return constraints.length === 0 ? undefined : hardFilter(info, constraints, cluster);
    },

    prepareScore: (info, feasible, cluster) => {
      const constraints = constraintsFor(info, "ScheduleAnyway", cluster);
      if (constraints.length === 0) return undefined;
      const isDefault = isSystem && !info.pod.spec?.topologySpreadConstraints?.length;
      // With the system's defaults a node may lack a label; with the pod's own constraints it is then scored 0.
      const counted = feasible.filter((node) => isDefault || hasAllKeys(node, constraints));
      const parts = constraints.map((constraint) => {
        const counts = countDomains(info, constraint, cluster);
        const domains = new Set(counted.map((node) => node.labels[constraint.topologyKey]));
        const size = constraint.topologyKey === hostname ? counted.length : domains.size;
        return { constraint, counts, weight: Math.log(size + 2) };
      });
      return (node) => {
        if (!isDefault && !hasAllKeys(node, constraints)) return unscored;
        let sum = 0;
        for (const { constraint, counts, weight } of parts) {
          const domain = node.labels[constraint.topologyKey];
          if (domain !== undefined) sum += (counts.get(domain) ?? 0) * weight + (constraint.maxSkew - 1);
        }
        return Math.round(sum);
      };
    },

    normalize: (scores) => {
      const known = scores.filter((score) => score !== unscored);
      const max = Math.max(0, ...known);
      const min = Math.min(...known);
      for (const [i, score] of scores.entries()) {
        if (score === unscored) scores[i] = 0;
        else scores[i] = max === 0 ? scoreMax : Math.floor((scoreMax * (max + min - score)) / max);
      }
    },
  };
}

export const podTopologySpread = createPodTopologySpread();

type WhenUnsatisfiable = TopologySpreadConstraint["whenUnsatisfiable"];

/** Whether the pod is counted by one of the constraints: it came, left, or got other labels. */
function concerns(info: PodInfo, { pod }: { pod: Pod }): boolean {
  if (pod.metadata.namespace !== info.namespace) return false;
  const own = info.pod.spec?.topologySpreadConstraints;
  if (!own?.length) return true;
  const labels = pod.metadata.labels ?? {};
  return own.some((c) =>
    matches(withLabelKeys(labelSelectorAsSelector(c.labelSelector), info.pod, c.matchLabelKeys), labels),
  );
}

function hasConstrainedKeys(info: PodInfo, node: Node, defaults: readonly TopologySpreadConstraint[]): boolean {
  const own = info.pod.spec?.topologySpreadConstraints;
  const constraints = own?.length ? own : defaults;
  const hard = constraints.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule");
  return hard.every(({ topologyKey }) => node.metadata.labels?.[topologyKey] !== undefined);
}

/** Marks a node without the topology keys; normalized to 0. */
const unscored = -1;

function hardFilter(info: PodInfo, constraints: readonly Constraint[], cluster: ClusterState): NodeFilter {
  const parts = constraints.map((constraint) => {
    const counts = countDomains(info, constraint, cluster, constraints);
    const least = counts.size < constraint.minDomains ? 0 : Math.min(...counts.values());
    const self = matches(constraint.selector, info.labels) ? 1 : 0;
    return { constraint, counts, least: Number.isFinite(least) ? least : 0, self };
  });
  return (node) => {
    for (const { constraint, counts, least, self } of parts) {
      const domain = node.labels[constraint.topologyKey];
      if (domain === undefined) return missingLabel;
      if ((counts.get(domain) ?? 0) + self - least > constraint.maxSkew) return skewed;
    }
    return undefined;
  };
}

/** Matching pods of the pod's namespace by domain, over the nodes that count for this constraint. */
function countDomains(
  info: PodInfo,
  constraint: Constraint,
  cluster: ClusterState,
  allKeys: readonly Constraint[] = [],
): Map<string, number> {
  const taints = constraint.honorTaints ? taintToleration.prepareFilter(info, cluster) : undefined;
  const counts = new Map<string, number>();
  const question = `${info.namespace} ${constraint.selector.nothing ? "nothing" : selectorString(constraint.selector)}`;
  const counted = ({ namespace, pod, labels }: PodInfo) =>
    namespace === info.namespace &&
    pod.metadata.deletionTimestamp === undefined &&
    matches(constraint.selector, labels);
  for (const node of cluster.nodes()) {
    const domain = node.labels[constraint.topologyKey];
    if (domain === undefined || !hasAllKeys(node, allKeys)) continue;
    if (constraint.honorAffinity && !mayRunOn(info.pod.spec, node)) continue;
    if (typeof taints === "function" && taints(node) !== undefined) continue;
    counts.set(domain, (counts.get(domain) ?? 0) + node.countPods(question, counted));
  }
  return counts;
}

function hasAllKeys(node: NodeInfo, constraints: readonly Constraint[]): boolean {
  return constraints.every(({ topologyKey }) => node.labels[topologyKey] !== undefined);
}

function constraintsOf(info: PodInfo, when: WhenUnsatisfiable): Constraint[] {
  const wanted = info.pod.spec?.topologySpreadConstraints?.filter((c) => c.whenUnsatisfiable === when) ?? [];
  return wanted.map((c) =>
    constraintOf(c, withLabelKeys(labelSelectorAsSelector(c.labelSelector), info.pod, c.matchLabelKeys)),
  );
}

function constraintOf(constraint: TopologySpreadConstraint, selector: Selector): Constraint {
  const { topologyKey, maxSkew, minDomains = 1, nodeAffinityPolicy = "Honor", nodeTaintsPolicy } = constraint;
  const honorAffinity = nodeAffinityPolicy === "Honor";
  return { topologyKey, maxSkew, minDomains, selector, honorAffinity, honorTaints: nodeTaintsPolicy === "Honor" };
}

/** The profile's constraints over the pods of the same services and workload; none for a pod that belongs to none. */
function defaultConstraintsOf(
  info: PodInfo,
  when: WhenUnsatisfiable,
  defaults: readonly TopologySpreadConstraint[],
  cluster: ClusterState,
): Constraint[] {
  const wanted = defaults.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when);
  if (wanted.length === 0) return [];
  const requirements = cluster.reader.spreadingSelectors(info).flatMap((selector) => selector.requirements);
  const selector: Selector = { requirements };
  return isEmptySelector(selector) ? [] : wanted.map((constraint) => constraintOf(constraint, selector));
}
