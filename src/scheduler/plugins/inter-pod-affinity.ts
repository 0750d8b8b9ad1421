import { matches } from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import { isAboutPod } from "../affinity-index.ts";
import type { ClusterState } from "../cluster-state.ts";
import { defaultPluginArgs, type InterPodAffinityArgs } from "../config/plugin-args.ts";
import { type FilterPlugin, type NodeFilter, type Rejection, type ScorePlugin, scoreMax } from "../framework.ts";
import type { DomainCounts, PodCounter } from "../pod-counter.ts";
import { type AffinityTerm, type PodInfo, podInfoOf } from "../pod-info.ts";
import { noDomain } from "../topology.ts";

const reject = (reason: string, resolvable: boolean): Rejection => ({
  plugin: "InterPodAffinity",
  reasons: [reason],
  resolvable,
});
const affinityUnmet = reject("node(s) didn't match pod affinity rules", false);
const antiAffinityUnmet = reject("node(s) didn't match pod anti-affinity rules", true);
const existingAntiAffinity = reject("node(s) didn't satisfy existing pods anti-affinity rules", true);

/** Pods near others, or far from them: what pods say of each other. */
export function createInterPodAffinity(
  args: InterPodAffinityArgs = defaultPluginArgs.InterPodAffinity,
): FilterPlugin & ScorePlugin {
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

    prepareFilter: (info, cluster) => affinityFilter(info, cluster),

    prepareScore: (info, _feasible, cluster) => {
      const wants = info.preferredAffinity.length > 0 || info.preferredAntiAffinity.length > 0;
      if (args.ignorePreferredTermsOfExistingPods && !wants) return undefined;
      const attractions = attractionsOf(info, cluster, args.hardPodAffinityWeight);
      if (attractions.length === 0) return undefined;
      return (node) => {
        let sum = 0;
        for (const { weight, counts } of attractions) sum += weight * counts.near(node);
        return sum;
      };
    },

    normalize: (scores) => {
      let max = Number.NEGATIVE_INFINITY;
      let min = Number.POSITIVE_INFINITY;
      for (const score of scores) {
        if (score > max) max = score;
        if (score < min) min = score;
      }
      const range = max - min;
      for (let i = 0; i < scores.length; i++) {
        // First the part, then times 100: as the original rounds.
        scores[i] = range === 0 ? 0 : Math.trunc(scoreMax * (((scores[i] ?? 0) - min) / range));
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

const repelling = ["requiredAntiAffinity"] as const;

/** What refuses nodes: the pod's own required terms, and required anti-affinity that pods on nodes have against it. */
function affinityFilter(info: PodInfo, cluster: ClusterState): NodeFilter | undefined {
  const { requiredAffinity, requiredAntiAffinity } = info;
  const isAbout = aboutIn(cluster);
  const repellingGroups = () => cluster.affinity.about(info, repelling, isAbout);
  let repelledBy = repellingGroups();
  const hasOwn = requiredAffinity.length + requiredAntiAffinity.length > 0;
  // Pods that are to come are put on nodes for a try: then there may be terms that are not there now.
  if (!hasOwn && repelledBy.length === 0 && !cluster.hasRepellingNominations) return undefined;
  let version = cluster.affinity.version;
  // A pod must match all affinity terms at once to count for any of them.
  const friends = requiredAffinity.map(({ topologyKey }) =>
    friendsOf(requiredAffinity, cluster).byDomain(cluster.topology(topologyKey), cluster.nodes()),
  );
  const isOwnFriend = requiredAffinity.every((term) => isAbout(term, info));
  const avoided = requiredAntiAffinity.map((term) => podsOfTerm(term, cluster));
  return (node) => {
    if (friends.length > 0) {
      let isNear = true;
      for (const counts of friends) {
        if (counts.topology.domainOf(node) === noDomain) return affinityUnmet;
        if (counts.near(node) === 0) isNear = false;
      }
      // The first pod of a group that wants its own kind near may go anywhere.
      if (!isNear && !(isOwnFriend && friends.every(({ total }) => total === 0))) return affinityUnmet;
    }
    for (const counts of avoided) if (counts.near(node) > 0) return antiAffinityUnmet;
    if (version !== cluster.affinity.version) {
      repelledBy = repellingGroups();
      version = cluster.affinity.version;
    }
    for (const group of repelledBy) if (group.near(node) > 0) return existingAntiAffinity;
    return undefined;
  };
}

/** What draws the pod to domains, or away with a negative weight, for each pod that is there. */
interface Attraction {
  readonly weight: number;
  readonly counts: Pick<DomainCounts, "near">;
}

const attracting = ["requiredAffinity", "preferredAffinity", "preferredAntiAffinity"] as const;

function attractionsOf(info: PodInfo, cluster: ClusterState, hardPodAffinityWeight: number): Attraction[] {
  const found: Attraction[] = [];
  const add = (weight: number, counts: DomainCounts) => {
    if (counts.total > 0) found.push({ weight, counts });
  };
  for (const term of info.preferredAffinity) add(term.weight, podsOfTerm(term, cluster));
  for (const term of info.preferredAntiAffinity) add(-term.weight, podsOfTerm(term, cluster));
  for (const group of cluster.affinity.about(info, attracting, aboutIn(cluster))) {
    const { kind, term, hasDomains } = group;
    if (!hasDomains) continue;
    const own = kind === "preferredAffinity" ? term.weight : -term.weight;
    const weight = kind === "requiredAffinity" ? hardPodAffinityWeight : own;
    if (weight !== 0) found.push({ weight, counts: group });
  }
  return found;
}

function aboutIn(cluster: ClusterState): (term: AffinityTerm, other: PodInfo) => boolean {
  return (term, other) => isAboutPod(term, other, (name) => cluster.reader.namespaceLabels(name));
}

/** Pods that one term is about, by its domains. */
function podsOfTerm(term: AffinityTerm, cluster: ClusterState): DomainCounts {
  const isAbout = aboutIn(cluster);
  const counter = cluster.counter(`term ${term.key}`, namespacesOf(term), (other) => isAbout(term, other));
  return counter.byDomain(cluster.topology(term.topologyKey), cluster.nodes());
}

/** Pods that all the terms are about. */
function friendsOf(terms: readonly AffinityTerm[], cluster: ClusterState): PodCounter {
  const [first] = terms;
  const isAbout = aboutIn(cluster);
  const question = `terms ${terms.map(({ key }) => key).join(" and ")}`;
  return cluster.counter(question, first && namespacesOf(first), (other) =>
    terms.every((term) => isAbout(term, other)),
  );
}

function namespacesOf({ namespaces, namespaceSelector }: AffinityTerm): ReadonlySet<string> | undefined {
  return namespaceSelector === undefined ? namespaces : undefined;
}
