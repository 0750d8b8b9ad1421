import { isEmptySelector, labelSelectorAsSelector, matches, type Selector } from "../../api/meta/index.ts";
import { mayRunOn } from "../../api/placement/index.ts";
import type { Node, Pod, TopologySpreadConstraint } from "../../api/types/index.ts";
import type { ClusterState } from "../cluster-state.ts";
import { defaultPluginArgs, type PodTopologySpreadArgs } from "../config/plugin-args.ts";
import {
  type FilterPlugin,
  type NodeFilter,
  type NodeScorer,
  type Rejection,
  type ScorePlugin,
  scoreMax,
} from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { DomainCounts, PodCounter } from "../pod-counter.ts";
import { type PodInfo, selectorKey, withLabelKeys } from "../pod-info.ts";
import { noDomain } from "../topology.ts";
import { toleratesHard } from "./taint-toleration.ts";

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
      // With the system's defaults a node may lack a label; with other constraints it is then scored 0.
      const needed = isSystem && !info.pod.spec?.topologySpreadConstraints?.length ? [] : constraints;
      return softScorer(info, constraints, needed, feasible, cluster);
    },

    normalize: (scores) => {
      let max = 0;
      let min = Number.POSITIVE_INFINITY;
      for (const score of scores) {
        if (score === unscored) continue;
        if (score > max) max = score;
        if (score < min) min = score;
      }
      for (let i = 0; i < scores.length; i++) {
        const score = scores[i] ?? unscored;
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
  const parts = constraints.map((constraint) => ({
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains,
    counts: countsByDomain(info, constraint, constraints, cluster),
    self: matches(constraint.selector, info.labels) ? 1 : 0,
  }));
  return (node) => {
    for (const { maxSkew, minDomains, counts, self } of parts) {
      if (counts.topology.domainOf(node) === noDomain) return missingLabel;
      const least = counts.domains < minDomains ? 0 : counts.least;
      if (counts.near(node) + self - least > maxSkew) return skewed;
    }
    return undefined;
  };
}

/** @param needed constraints whose topology keys a node must have to be scored. */
function softScorer(
  info: PodInfo,
  constraints: readonly Constraint[],
  needed: readonly Constraint[],
  feasible: readonly NodeInfo[],
  cluster: ClusterState,
): NodeScorer {
  const neededTopologies = needed.map(({ topologyKey }) => cluster.topology(topologyKey));
  const isScored = (node: NodeInfo) => {
    for (const topology of neededTopologies) if (topology.domainOf(node) === noDomain) return false;
    return true;
  };
  const scored = needed.length === 0 ? feasible : feasible.filter(isScored);
  const parts = constraints.map((constraint) => {
    const { topologyKey, maxSkew } = constraint;
    const topology = cluster.topology(topologyKey);
    const isNode = topologyKey === hostname;
    const pods = counterOf(info, constraint, cluster);
    const counts = isNode ? undefined : countsByDomain(info, constraint, needed, cluster);
    const weight = Math.log((isNode ? scored.length : topology.distinct(scored)) + 2);
    const countAt = (node: NodeInfo) => (counts ? counts.near(node) : pods.onNode(node));
    return { topology, countAt, weight, skew: maxSkew - 1 };
  });
  return (node) => {
    if (!isScored(node)) return unscored;
    let sum = 0;
    for (const { topology, countAt, weight, skew } of parts) {
      if (topology.domainOf(node) !== noDomain) sum += countAt(node) * weight + skew;
    }
    return Math.round(sum);
  };
}

/** Pods of the namespace that the constraint selects; those that are being deleted do not count. */
function counterOf({ namespace }: PodInfo, { selector }: Constraint, cluster: ClusterState): PodCounter {
  return cluster.counter(
    `spread ${namespace} ${selectorKey(selector)}`,
    new Set([namespace]),
    (other) => other.pod.metadata.deletionTimestamp === undefined && matches(selector, other.labels),
  );
}

/** The selected pods by domain, over the nodes that count for this constraint and have all keys that are needed. */
function countsByDomain(
  info: PodInfo,
  constraint: Constraint,
  needed: readonly Constraint[],
  cluster: ClusterState,
): DomainCounts {
  const { honorAffinity, honorTaints, topologyKey } = constraint;
  const { affinity, nodeSelector, tolerations } = info.pod.spec ?? {};
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const asksAffinity = honorAffinity && (nodeSelector !== undefined || required !== undefined);
  const keys = needed.map((other) => other.topologyKey);
  const inclusion = [keys, asksAffinity && [nodeSelector, required], honorTaints && [tolerations]];
  const includes = (node: NodeInfo) =>
    hasAllKeys(node, needed) &&
    !(asksAffinity && !mayRunOn(info.pod.spec, node)) &&
    !(honorTaints && !toleratesHard(node.node?.spec?.taints, tolerations));
  const counter = counterOf(info, constraint, cluster);
  return counter.byDomain(cluster.topology(topologyKey), cluster.nodes(), JSON.stringify(inclusion), includes);
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
