// PodTopologySpread with its system defaults.
import type { LabelSelector } from "../../../../src/api/meta/index.ts";
import type { Node, Pod, TopologySpreadConstraint } from "../../../../src/api/types/index.ts";
import { mayRunOn, tolerated } from "./nodes.ts";
import {
  type Filter,
  label,
  labelValue,
  nameOf,
  namespaceOf,
  podsOn,
  type Scores,
  selects,
  type World,
  withKeys,
} from "./world.ts";

type Constraint = Omit<TopologySpreadConstraint, "whenUnsatisfiable"> & {
  readonly selectors: readonly (LabelSelector | undefined)[];
};

const hostname = "kubernetes.io/hostname";

function ownConstraints(pod: Pod, when: string): Constraint[] {
  return (pod.spec?.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when)
    .map((constraint) => ({
      ...constraint,
      selectors: [withKeys(constraint.labelSelector, pod, constraint.matchLabelKeys)],
    }));
}

/** Over what services and the owner of the pod select, when they select anything. */
function defaultConstraints(world: World, pod: Pod): Constraint[] {
  const services = world.services.filter(
    ({ metadata, spec }) =>
      metadata.namespace === namespaceOf(pod) &&
      Object.keys(spec?.selector ?? {}).length > 0 &&
      Object.entries(spec?.selector ?? {}).every(([key, value]) => labelValue(pod.metadata.labels, key) === value),
  );
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
  const replicaSet = world.replicaSets.find(
    ({ metadata }) =>
      owner?.kind === "ReplicaSet" && metadata.namespace === namespaceOf(pod) && nameOf({ metadata }) === owner.name,
  );
  const selectors: LabelSelector[] = services.map(({ spec }) => ({ matchLabels: spec?.selector }));
  if (replicaSet?.spec?.selector) selectors.push(replicaSet.spec.selector);
  if (selectors.length === 0) return [];
  return [
    { topologyKey: hostname, maxSkew: 3, selectors },
    { topologyKey: "topology.kubernetes.io/zone", maxSkew: 5, selectors },
  ];
}

const selected = ({ selectors }: Constraint, pod: Pod) =>
  selectors.every((selector) => selects(selector, pod.metadata.labels));

/** Pods on the node that count: of the same namespace, not being deleted, selected. */
function countOn(world: World, node: Node, constraint: Constraint, pod: Pod): number {
  return podsOn(world, node).filter(
    (other) =>
      namespaceOf(other) === namespaceOf(pod) &&
      other.metadata.deletionTimestamp === undefined &&
      selected(constraint, other),
  ).length;
}

/** Whether the node's domain counts for the constraint, by its inclusion policies. */
function isIncluded(
  node: Node,
  { nodeAffinityPolicy = "Honor", nodeTaintsPolicy = "Ignore" }: Constraint,
  pod: Pod,
): boolean {
  if (nodeAffinityPolicy === "Honor" && !mayRunOn(pod, node)) return false;
  const closed = (node.spec?.taints ?? []).some(
    (taint) => taint.effect !== "PreferNoSchedule" && !tolerated(taint, pod.spec?.tolerations),
  );
  return nodeTaintsPolicy === "Ignore" || !closed;
}

export const podTopologySpread: Filter = (world, pod, node) => {
  const constraints = ownConstraints(pod, "DoNotSchedule");
  const eligible = world.nodes.filter((other) =>
    constraints.every(({ topologyKey }) => label(other, topologyKey) !== undefined),
  );
  for (const constraint of constraints) {
    const { topologyKey, maxSkew, minDomains = 1 } = constraint;
    const domain = label(node, topologyKey);
    if (domain === undefined) {
      const reason = "node(s) didn't match pod topology spread constraints (missing required label)";
      return { reasons: [reason], resolvable: false };
    }
    const included = eligible.filter((other) => isIncluded(other, constraint, pod));
    const domains = [...new Set(included.map((other) => label(other, topologyKey)))];
    const countIn = (wanted: string | undefined) =>
      included
        .filter((other) => label(other, topologyKey) === wanted)
        .reduce((sum, other) => sum + countOn(world, other, constraint, pod), 0);
    const least = domains.length < minDomains ? 0 : Math.min(...domains.map(countIn));
    if (countIn(domain) + (selected(constraint, pod) ? 1 : 0) - least > maxSkew) {
      return { reasons: ["node(s) didn't match pod topology spread constraints"], resolvable: true };
    }
  }
  return undefined;
};

export const spreadScores: Scores = (world, pod, nodes) => {
  const isDefault = (pod.spec?.topologySpreadConstraints ?? []).length === 0;
  const constraints = isDefault ? defaultConstraints(world, pod) : ownConstraints(pod, "ScheduleAnyway");
  if (constraints.length === 0) return undefined;
  const hasKeys = (node: Node) =>
    isDefault || constraints.every(({ topologyKey }) => label(node, topologyKey) !== undefined);
  const scored = nodes.filter(hasKeys);
  const sums = scored.map((node) => {
    let sum = 0;
    for (const constraint of constraints) {
      const { topologyKey, maxSkew } = constraint;
      const domain = label(node, topologyKey);
      if (domain === undefined) continue;
      const isNode = topologyKey === hostname;
      const size = isNode ? scored.length : new Set(scored.map((other) => label(other, topologyKey))).size;
      const counted = isNode
        ? [node]
        : world.nodes.filter(
            (other) => label(other, topologyKey) === domain && hasKeys(other) && isIncluded(other, constraint, pod),
          );
      const count = counted.reduce((total, other) => total + countOn(world, other, constraint, pod), 0);
      sum += count * Math.log(size + 2) + (maxSkew - 1);
    }
    return Math.round(sum);
  });
  const [min, max] = [Math.min(...sums), Math.max(0, ...sums)];
  const byNode = new Map(scored.map((node, i) => [node, sums[i] ?? 0]));
  return nodes.map((node) => {
    const sum = byNode.get(node);
    if (sum === undefined) return 0;
    return max === 0 ? 100 : Math.trunc((100 * (max + min - sum)) / max);
  });
};
