import { describe, expect, test } from "vitest";
import type { Affinity, PodAffinity, PodAffinityTerm } from "../../api/types/index.ts";
import { podInfoOf } from "../pod-info.ts";
import { aNode, aPod, clusterOf, type PodFacts, refusals, scores } from "../testing/plugin-facts.ts";
import { createInterPodAffinity, interPodAffinity } from "./inter-pod-affinity.ts";

const hostname = "kubernetes.io/hostname";
const affinityUnmet = "node(s) didn't match pod affinity rules";
const antiAffinityUnmet = "node(s) didn't match pod anti-affinity rules";
const existingAntiAffinity = "node(s) didn't satisfy existing pods anti-affinity rules";

/** Two nodes in zone 1, one in zone 2, one in none. */
const nodes = [
  aNode("a1", { labels: { zone: "1" } }),
  aNode("a2", { labels: { zone: "1" } }),
  aNode("b1", { labels: { zone: "2" } }),
  aNode("c1"),
];
const web = (more: PodFacts = {}) => aPod("web", { labels: { app: "web" }, ...more });
const term = (more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
  topologyKey: hostname,
  labelSelector: { matchLabels: { app: "web" } },
  ...more,
});
const required = (...terms: PodAffinityTerm[]): PodAffinity => ({
  requiredDuringSchedulingIgnoredDuringExecution: terms,
});
const preferred = (weight: number, podAffinityTerm: PodAffinityTerm): PodAffinity => ({
  preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm }],
});
const all = (reason: string) => ({ a1: reason, a2: reason, b1: reason, c1: reason });
const without = (refused: Record<string, string>, ...names: string[]) =>
  Object.fromEntries(Object.entries(refused).filter(([name]) => !names.includes(name)));

describe("required, beside a pod of app web on a1", () => {
  test.each<[string, Affinity, Record<string, string>]>([
    ["near it: its node", { podAffinity: required(term()) }, without(all(affinityUnmet), "a1")],
    [
      "near it: its zone",
      { podAffinity: required(term({ topologyKey: "zone" })) },
      without(all(affinityUnmet), "a1", "a2"),
    ],
    [
      "in its zone and on its node",
      { podAffinity: required(term(), term({ topologyKey: "zone" })) },
      without(all(affinityUnmet), "a1"),
    ],
    [
      "near nobody who is there",
      { podAffinity: required(term({ labelSelector: { matchLabels: { app: "db" } } })) },
      all(affinityUnmet),
    ],
    [
      "near all pods that both terms are about: none",
      { podAffinity: required(term(), term({ labelSelector: { matchLabels: { app: "db" } } })) },
      all(affinityUnmet),
    ],
    [
      "a term without a selector is about nobody",
      { podAffinity: required(term({ labelSelector: undefined })) },
      all(affinityUnmet),
    ],
    ["away from it: not its node", { podAntiAffinity: required(term()) }, { a1: antiAffinityUnmet }],
    [
      "away from it: not its zone",
      { podAntiAffinity: required(term({ topologyKey: "zone" })) },
      { a1: antiAffinityUnmet, a2: antiAffinityUnmet },
    ],
    ["away from everybody", { podAntiAffinity: required(term({ labelSelector: {} })) }, { a1: antiAffinityUnmet }],
    ["away from pods of another namespace", { podAntiAffinity: required(term({ namespaces: ["other"] })) }, {}],
    [
      "away from pods of its namespace, by name",
      { podAntiAffinity: required(term({ namespaces: ["default"] })) },
      { a1: antiAffinityUnmet },
    ],
    [
      "away from pods of namespaces of a team",
      { podAntiAffinity: required(term({ namespaceSelector: { matchLabels: { team: "x" } } })) },
      { a1: antiAffinityUnmet },
    ],
    [
      "away from pods of all namespaces",
      { podAntiAffinity: required(term({ namespaceSelector: {} })) },
      { a1: antiAffinityUnmet },
    ],
    [
      "away from pods of namespaces of another team",
      { podAntiAffinity: required(term({ namespaceSelector: { matchLabels: { team: "y" } } })) },
      {},
    ],
    [
      "away from pods of the same version: it is another",
      { podAntiAffinity: required(term({ matchLabelKeys: ["version"] })) },
      {},
    ],
    [
      "away from pods of other versions",
      { podAntiAffinity: required(term({ mismatchLabelKeys: ["version"] })) },
      { a1: antiAffinityUnmet },
    ],
    [
      "a key that the pod does not have as a label does not matter",
      { podAntiAffinity: required(term({ matchLabelKeys: ["tier"] })) },
      { a1: antiAffinityUnmet },
    ],
  ])("%s", (_, affinity, refused) => {
    const namespaceLabels = () => ({ team: "x" });
    const cluster = clusterOf(nodes, [[web({ labels: { app: "web", version: "1" } }), "a1"]], { namespaceLabels });
    expect(refusals(interPodAffinity, aPod("p", { labels: { version: "2" }, affinity }), cluster)).toEqual(refused);
  });
});

describe("the first of a group that wants its own kind near", () => {
  const first = web({ affinity: { podAffinity: required(term({ topologyKey: "zone" })) } });
  test("may go to any node with the topology key", () => {
    expect(refusals(interPodAffinity, first, clusterOf(nodes))).toEqual({ c1: affinityUnmet });
  });

  test("may not when it is not of that kind itself", () => {
    const other = aPod("p", { affinity: { podAffinity: required(term({ topologyKey: "zone" })) } });
    expect(refusals(interPodAffinity, other, clusterOf(nodes))).toEqual(all(affinityUnmet));
  });

  test("is not the first once another is there, and is again when it has left", () => {
    const cluster = clusterOf(nodes, [[web({ metadata: { name: "earlier" } }), "b1"]]);
    expect(refusals(interPodAffinity, first, cluster)).toEqual(without(all(affinityUnmet), "b1"));
    cluster.removePod("default/web");
    cluster.removePod("default/earlier");
    expect(refusals(interPodAffinity, first, cluster)).toEqual({ c1: affinityUnmet });
  });
});

describe("pods that are there keep others away", () => {
  const lonely = (more: Partial<PodAffinityTerm> = {}) =>
    aPod("lonely", { affinity: { podAntiAffinity: required(term(more)) } });
  test.each<[string, Partial<PodAffinityTerm>, Record<string, string>]>([
    ["from their node", {}, { a1: existingAntiAffinity }],
    ["from their zone", { topologyKey: "zone" }, { a1: existingAntiAffinity, a2: existingAntiAffinity }],
    ["of other labels: no", { labelSelector: { matchLabels: { app: "db" } } }, {}],
    ["of other namespaces: no", { namespaces: ["other"] }, {}],
    [
      "by an expression",
      { labelSelector: { matchExpressions: [{ key: "app", operator: "Exists" }] } },
      { a1: existingAntiAffinity },
    ],
  ])("%s", (_, more, refused) => {
    expect(refusals(interPodAffinity, web(), clusterOf(nodes, [[lonely(more), "a1"]]))).toEqual(refused);
  });

  test("until they leave, and where their node has moved", () => {
    const cluster = clusterOf(nodes, [[lonely({ topologyKey: "zone" }), "a1"]]);
    cluster.setNode(aNode("a1", { labels: { zone: "2" } }));
    expect(refusals(interPodAffinity, web(), cluster)).toEqual({ a1: existingAntiAffinity, b1: existingAntiAffinity });
    cluster.removePod("default/lonely");
    expect(refusals(interPodAffinity, web(), cluster)).toEqual({});
  });

  test("also when they come after the filter has looked at the pod (pods that are to come)", () => {
    const cluster = clusterOf(nodes);
    cluster.nominate(podInfoOf(lonely()), "a1");
    const filter = interPodAffinity.prepareFilter(podInfoOf(web()), cluster);
    const node = cluster.node("a1");
    if (!node || typeof filter !== "function") throw new Error("no filter");
    const reasons = node.whatIf(() => {
      node.addPod(podInfoOf(lonely()));
      const told = filter(node)?.reasons;
      node.removePod(podInfoOf(lonely()));
      return told;
    });
    expect(reasons).toEqual([existingAntiAffinity]);
  });
});

describe("preferences", () => {
  const zone = { topologyKey: "zone" };
  test.each<[string, Affinity, Record<string, number> | undefined]>([
    ["near others", { podAffinity: preferred(10, term(zone)) }, { a1: 100, a2: 100, b1: 0, c1: 0 }],
    ["away from others", { podAntiAffinity: preferred(10, term(zone)) }, { a1: 0, a2: 0, b1: 100, c1: 100 }],
    [
      "both, by their weights",
      { podAffinity: preferred(30, term(zone)), podAntiAffinity: preferred(10, term()) },
      { a1: 66, a2: 100, b1: 0, c1: 0 },
    ],
    [
      "about nobody who is there",
      { podAffinity: preferred(10, term({ labelSelector: {}, namespaces: ["other"] })) },
      undefined,
    ],
  ])("%s", (_, affinity, expected) => {
    expect(scores(interPodAffinity, aPod("p", { affinity }), clusterOf(nodes, [[web(), "a1"]]))).toEqual(expected);
  });

  const about = (affinity: Affinity) => clusterOf(nodes, [[aPod("there", { affinity }), "b1"]]);
  const soft = about({ podAffinity: preferred(5, term()) });
  const hard = about({ podAffinity: required(term()) });
  const near = { a1: 0, a2: 0, b1: 100, c1: 0 };
  test("pods that are there attract or repel, too", () => {
    expect(scores(interPodAffinity, web(), soft)).toEqual(near);
    const repelling = about({ podAntiAffinity: preferred(5, term()) });
    expect(scores(interPodAffinity, web(), repelling)).toEqual({ a1: 100, a2: 100, b1: 0, c1: 100 });
  });

  test("pods that need others near attract them by hardPodAffinityWeight, not at all with 0", () => {
    expect(scores(interPodAffinity, web(), hard)).toEqual(near);
    const none = createInterPodAffinity({ hardPodAffinityWeight: 0, ignorePreferredTermsOfExistingPods: false });
    expect(scores(none, web(), hard)).toBeUndefined();
  });

  test("preferences of pods that are there can be ignored for pods that have none", () => {
    const plugin = createInterPodAffinity({ hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: true });
    expect(scores(plugin, web(), soft)).toBeUndefined();
    const choosy = web({ affinity: { podAffinity: preferred(1, term({ labelSelector: {} })) } });
    expect(scores(plugin, choosy, soft)).toEqual(near);
  });
});
