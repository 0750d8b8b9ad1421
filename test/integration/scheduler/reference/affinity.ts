// InterPodAffinity: every term of every pod against every pod.
import type { Node, Pod, PodAffinityTerm } from "../../../../src/api/types/index.ts";
import { type Filter, label, namespaceOf, podsOn, type Scores, selects, type World, withKeys } from "./world.ts";

/** Whether the term, written in `owner`, is about `other`. */
function isAbout(world: World, term: PodAffinityTerm, owner: Pod, other: Pod): boolean {
  const names = term.namespaces ?? [];
  const ownOnly = names.length === 0 && term.namespaceSelector === undefined;
  const inNamespace =
    (ownOnly ? namespaceOf(owner) === namespaceOf(other) : names.includes(namespaceOf(other))) ||
    (term.namespaceSelector !== undefined && selects(term.namespaceSelector, world.namespaces.get(namespaceOf(other))));
  const selector = withKeys(term.labelSelector, owner, term.matchLabelKeys, term.mismatchLabelKeys);
  return inNamespace && selects(selector, other.metadata.labels);
}

const required = (pod: Pod, side: "podAffinity" | "podAntiAffinity") =>
  pod.spec?.affinity?.[side]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const preferred = (pod: Pod, side: "podAffinity" | "podAntiAffinity") =>
  pod.spec?.affinity?.[side]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

/** Pods on nodes that have the same value of the topology key as this node. */
function podsNear(world: World, node: Node, key: string): Pod[] {
  const domain = label(node, key);
  if (domain === undefined) return [];
  return world.nodes.filter((other) => label(other, key) === domain).flatMap((other) => podsOn(world, other));
}

export const interPodAffinity: Filter = (world, pod, node) => {
  const affinity = required(pod, "podAffinity");
  const isFriend = (other: Pod) => affinity.every((term) => isAbout(world, term, pod, other));
  const refuse = (reason: string, resolvable: boolean) => ({ reasons: [reason], resolvable });
  if (affinity.length > 0) {
    const hasKeys = affinity.every(({ topologyKey }) => label(node, topologyKey) !== undefined);
    const isNear = affinity.every(({ topologyKey }) => podsNear(world, node, topologyKey).some(isFriend));
    // A friend counts when its node has a topology key of any term.
    const hasFriends = affinity.some(({ topologyKey }) =>
      world.nodes.some((other) => label(other, topologyKey) !== undefined && podsOn(world, other).some(isFriend)),
    );
    const isFirst = !hasFriends && isFriend(pod);
    if (!hasKeys || !(isNear || isFirst)) return refuse("node(s) didn't match pod affinity rules", false);
  }
  for (const term of required(pod, "podAntiAffinity")) {
    if (podsNear(world, node, term.topologyKey).some((other) => isAbout(world, term, pod, other))) {
      return refuse("node(s) didn't match pod anti-affinity rules", true);
    }
  }
  for (const { pod: other, node: on } of world.placed) {
    const its = world.nodes.find(({ metadata }) => metadata.name === on);
    if (its === undefined) continue;
    for (const term of required(other, "podAntiAffinity")) {
      const domain = label(its, term.topologyKey);
      if (domain === undefined || domain !== label(node, term.topologyKey)) continue;
      if (isAbout(world, term, other, pod)) {
        return refuse("node(s) didn't satisfy existing pods anti-affinity rules", true);
      }
    }
  }
  return undefined;
};

const hardPodAffinityWeight = 1;

export const affinityScores: Scores = (world, pod, nodes) => {
  let hasOpinion = false;
  const sums = nodes.map((node) => {
    let sum = 0;
    for (const { pod: other, node: on } of world.placed) {
      const its = world.nodes.find(({ metadata }) => metadata.name === on);
      if (its === undefined) continue;
      const count = (term: PodAffinityTerm, owner: Pod, about: Pod, weight: number) => {
        const domain = label(its, term.topologyKey);
        if (domain === undefined || !isAbout(world, term, owner, about)) return;
        hasOpinion = true;
        if (domain === label(node, term.topologyKey)) sum += weight;
      };
      for (const { podAffinityTerm, weight } of preferred(pod, "podAffinity"))
        count(podAffinityTerm, pod, other, weight);
      for (const { podAffinityTerm, weight } of preferred(pod, "podAntiAffinity"))
        count(podAffinityTerm, pod, other, -weight);
      for (const term of required(other, "podAffinity")) count(term, other, pod, hardPodAffinityWeight);
      for (const { podAffinityTerm, weight } of preferred(other, "podAffinity"))
        count(podAffinityTerm, other, pod, weight);
      for (const { podAffinityTerm, weight } of preferred(other, "podAntiAffinity"))
        count(podAffinityTerm, other, pod, -weight);
    }
    return sum;
  });
  if (!hasOpinion) return undefined;
  const [min, max] = [Math.min(...sums), Math.max(...sums)];
  return sums.map((sum) => (max === min ? 0 : Math.trunc(100 * ((sum - min) / (max - min)))));
};
