import { matches } from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import type { ClusterState } from "../cluster-state.ts";
import { defaultPluginArgs, type InterPodAffinityArgs } from "../config/plugin-args.ts";
import { type FilterPlugin, type Rejection, type ScorePlugin, scoreMax } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { type AffinityTerm, type PodInfo, podInfoOf } from "../pod-info.ts";

const reject = (reason: string, resolvable: boolean): Rejection => ({
  plugin: "InterPodAffinity",
  reasons: [reason],
  resolvable,
});
const affinityUnmet = reject("node(s) didn't match pod affinity rules", false);
const antiAffinityUnmet = reject("node(s) didn't match pod anti-affinity rules", true);
const existingAntiAffinity = reject("node(s) didn't satisfy existing pods anti-affinity rules", true);

/** How often a term is met in each domain: `topologyKey=value`. */
type DomainCounts = Map<string, number>;

/** Pods near others, or far from them: what pods say of each other. */
export function createInterPodAffinity(
  args: InterPodAffinityArgs = defaultPluginArgs.InterPodAffinity,
): FilterPlugin & ScorePlugin {
  const hardAffinityWeight = args.hardPodAffinityWeight;
  return {
    name: "InterPodAffinity",
    wakesOn: {
      "node/added": true,
      "node/labels": true,
      "assigned-pod/added": ({ requiredAffinity }, { pod }) => namesPod(requiredAffinity, pod),
      "assigned-pod/deleted": leaves,
      "assigned-pod/labels": (info, { pod, old }) =>
        namesPod(info.requiredAffinity, pod) || (old !== undefined && leaves(info, { pod: old })),
      "namespace/changed": ({ requiredAffinity, requiredAntiAffinity }) =>
        [...requiredAffinity, ...requiredAntiAffinity].some(({ namespaceSelector }) => namespaceSelector !== undefined),
    },

    prepareFilter: (info, cluster) => {
      const repelled = repelledDomains(info, cluster);
      const { requiredAffinity, requiredAntiAffinity } = info;
      const needsCounts = requiredAffinity.length + requiredAntiAffinity.length > 0;
      if (repelled.size === 0 && !needsCounts) return undefined;
      const affinityCounts: DomainCounts = new Map();
      const antiAffinityCounts = requiredAntiAffinity.map((): DomainCounts => new Map());
      if (needsCounts) countRequired(info, cluster, affinityCounts, antiAffinityCounts);
      // The first pod of a group that wants its own kind near may go anywhere.
      const firstOfGroup =
        affinityCounts.size === 0 && requiredAffinity.every((term) => matchesTerm(term, info, cluster));
      return (node) => {
        for (const { topologyKey } of requiredAffinity) {
          if (node.labels[topologyKey] === undefined) return affinityUnmet;
          if (!firstOfGroup && !affinityCounts.get(domainOf(node, topologyKey))) return affinityUnmet;
        }
        for (const [i, { topologyKey }] of requiredAntiAffinity.entries()) {
          if (node.labels[topologyKey] === undefined) continue;
          if (antiAffinityCounts[i]?.get(domainOf(node, topologyKey))) return antiAffinityUnmet;
        }
        for (const topologyKey of repelled.keys()) {
          const value = node.labels[topologyKey];
          if (value !== undefined && repelled.get(topologyKey)?.has(value)) return existingAntiAffinity;
        }
        return undefined;
      };
    },

    prepareScore: (info, _feasible, cluster) => {
      const wants = info.preferredAffinity.length > 0 || info.preferredAntiAffinity.length > 0;
      const ignores = args.ignorePreferredTermsOfExistingPods;
      if (ignores && !wants) return undefined;
      const others = wants ? cluster.nodes() : cluster.nodesWithAffinityPods();
      const scores: DomainCounts = new Map();
      const add = (node: NodeInfo, topologyKey: string, weight: number) => {
        if (node.labels[topologyKey] === undefined) return;
        const domain = domainOf(node, topologyKey);
        scores.set(domain, (scores.get(domain) ?? 0) + weight);
      };
      for (const node of others) {
        for (const other of (wants ? node.pods : node.podsWithAffinity).values()) {
          for (const t of info.preferredAffinity)
            if (matchesTerm(t, other, cluster)) add(node, t.topologyKey, t.weight);
          for (const t of info.preferredAntiAffinity)
            if (matchesTerm(t, other, cluster)) add(node, t.topologyKey, -t.weight);
          if (hardAffinityWeight > 0)
            for (const t of other.requiredAffinity)
              if (matchesTerm(t, info, cluster)) add(node, t.topologyKey, hardAffinityWeight);
          if (ignores) continue;
          for (const t of other.preferredAffinity)
            if (matchesTerm(t, info, cluster)) add(node, t.topologyKey, t.weight);
          for (const t of other.preferredAntiAffinity)
            if (matchesTerm(t, info, cluster)) add(node, t.topologyKey, -t.weight);
        }
      }
      if (scores.size === 0) return undefined;
      const keys = [...new Set([...scores.keys()].map((domain) => domain.slice(0, domain.indexOf("="))))];
      return (node) => {
        let sum = 0;
        for (const key of keys) if (node.labels[key] !== undefined) sum += scores.get(domainOf(node, key)) ?? 0;
        return sum;
      };
    },

    normalize: (scores) => {
      const max = Math.max(...scores);
      const min = Math.min(...scores);
      for (const [i, score] of scores.entries()) {
        scores[i] = max === min ? 0 : Math.floor((scoreMax * (score - min)) / (max - min));
      }
    },
  };
}

export const interPodAffinity = createInterPodAffinity();

/** Whether one of the terms may be about the pod; namespaces by their labels are not looked up here. */
function namesPod(terms: readonly AffinityTerm[], pod: Pod): boolean {
  const labels = pod.metadata.labels ?? {};
  return terms.some(({ namespaces, namespaceSelector, selector }) => {
    const mayBeThere = namespaceSelector !== undefined || namespaces.has(pod.metadata.namespace ?? "");
    return mayBeThere && matches(selector, labels);
  });
}

/** A pod that leaves helps when this one avoids it, when it avoids this one, or when the first of a group may come again. */
function leaves(info: PodInfo, { pod }: { pod: Pod }): boolean {
  return (
    namesPod(info.requiredAntiAffinity, pod) ||
    namesPod(podInfoOf(pod).requiredAntiAffinity, info.pod) ||
    namesPod(info.requiredAffinity, pod)
  );
}

/** Domains that an existing pod's required anti-affinity closes to this pod: topology key to values. */
function repelledDomains(info: PodInfo, cluster: ClusterState): Map<string, Set<string>> {
  const repelled = new Map<string, Set<string>>();
  for (const node of cluster.nodesWithRequiredAntiAffinityPods()) {
    for (const other of node.podsWithRequiredAntiAffinity.values()) {
      for (const term of other.requiredAntiAffinity) {
        const value = node.labels[term.topologyKey];
        if (value === undefined || !matchesTerm(term, info, cluster)) continue;
        const values = repelled.get(term.topologyKey) ?? new Set<string>();
        repelled.set(term.topologyKey, values.add(value));
      }
    }
  }
  return repelled;
}

function countRequired(
  info: PodInfo,
  cluster: ClusterState,
  affinity: DomainCounts,
  antiAffinity: readonly DomainCounts[],
): void {
  const { requiredAffinity, requiredAntiAffinity } = info;
  for (const node of cluster.nodes()) {
    for (const other of node.pods.values()) {
      // A pod must match all affinity terms at once to count for any of them.
      if (requiredAffinity.length > 0 && requiredAffinity.every((term) => matchesTerm(term, other, cluster))) {
        for (const { topologyKey } of requiredAffinity) countDomain(affinity, node, topologyKey);
      }
      for (const [i, term] of requiredAntiAffinity.entries()) {
        const counts = antiAffinity[i];
        if (counts && matchesTerm(term, other, cluster)) countDomain(counts, node, term.topologyKey);
      }
    }
  }
}

function countDomain(counts: DomainCounts, node: NodeInfo, topologyKey: string): void {
  if (node.labels[topologyKey] === undefined) return;
  const domain = domainOf(node, topologyKey);
  counts.set(domain, (counts.get(domain) ?? 0) + 1);
}

function domainOf(node: NodeInfo, topologyKey: string): string {
  return `${topologyKey}=${node.labels[topologyKey]}`;
}

function matchesTerm(term: AffinityTerm, other: PodInfo, cluster: ClusterState): boolean {
  const inNamespace =
    term.namespaces.has(other.namespace) ||
    (term.namespaceSelector !== undefined &&
      matches(term.namespaceSelector, cluster.reader.namespaceLabels(other.namespace)));
  return inNamespace && matches(term.selector, other.labels);
}
