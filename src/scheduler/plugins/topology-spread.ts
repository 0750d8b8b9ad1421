import {
  isEmptySelector,
  labelSelectorAsSelector,
  matches,
  type Selector,
  selectorString,
} from "../../api/meta/index.ts";
import type { TopologySpreadConstraint } from "../../api/types/index.ts";
import type { ClusterState } from "../cluster-state.ts";
import { type FilterPlugin, type NodeFilter, type Rejection, type ScorePlugin, scoreMax } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { type PodInfo, withLabelKeys } from "../pod-info.ts";
import { nodeAffinity } from "./node-affinity.ts";
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
const defaultConstraints = [
  { topologyKey: hostname, maxSkew: 3 },
  { topologyKey: "topology.kubernetes.io/zone", maxSkew: 5 },
];

/** Spreads pods over domains: hard constraints filter, soft ones and the system's defaults score. */
export const podTopologySpread: FilterPlugin & ScorePlugin = {
  name: "PodTopologySpread",
  weight: 2,
  wakesOn: [
    "node/added",
    "node/labels",
    "node/taints",
    "assigned-pod/added",
    "assigned-pod/deleted",
    "assigned-pod/labels",
  ],

  prepareFilter: (info, cluster) => {
    const constraints = constraintsOf(info, "DoNotSchedule");
    return constraints.length === 0 ? undefined : hardFilter(info, constraints, cluster);
  },

  prepareScore: (info, feasible, cluster) => {
    const own = constraintsOf(info, "ScheduleAnyway");
    const isDefault = own.length === 0 && !info.pod.spec?.topologySpreadConstraints?.length;
    const constraints = isDefault ? systemConstraints(info, cluster) : own;
    if (constraints.length === 0) return undefined;
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
  const affinity = constraint.honorAffinity ? nodeAffinity.prepareFilter(info, cluster) : undefined;
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
    if (refuses(affinity, node) || refuses(taints, node)) continue;
    counts.set(domain, (counts.get(domain) ?? 0) + node.countPods(question, counted));
  }
  return counts;
}

function refuses(filter: ReturnType<FilterPlugin["prepareFilter"]>, node: NodeInfo): boolean {
  return typeof filter === "function" && filter(node) !== undefined;
}

function hasAllKeys(node: NodeInfo, constraints: readonly Constraint[]): boolean {
  return constraints.every(({ topologyKey }) => node.labels[topologyKey] !== undefined);
}

function constraintsOf(info: PodInfo, when: TopologySpreadConstraint["whenUnsatisfiable"]): Constraint[] {
  const constraints: Constraint[] = [];
  for (const c of info.pod.spec?.topologySpreadConstraints ?? []) {
    if (c.whenUnsatisfiable !== when) continue;
    constraints.push({
      topologyKey: c.topologyKey,
      maxSkew: c.maxSkew,
      minDomains: c.minDomains ?? 1,
      selector: withLabelKeys(labelSelectorAsSelector(c.labelSelector), info.pod, c.matchLabelKeys),
      honorAffinity: (c.nodeAffinityPolicy ?? "Honor") === "Honor",
      honorTaints: c.nodeTaintsPolicy === "Honor",
    });
  }
  return constraints;
}

function systemConstraints(info: PodInfo, cluster: ClusterState): Constraint[] {
  const requirements = cluster.reader.spreadingSelectors(info).flatMap((selector) => selector.requirements);
  const selector: Selector = { requirements };
  if (isEmptySelector(selector)) return [];
  return defaultConstraints.map((d) => ({ ...d, minDomains: 1, selector, honorAffinity: true, honorTaints: false }));
}
