import { describe, expect, test } from "vitest";
import { type LabelSelector, labelSelectorAsSelector } from "../../api/meta/index.ts";
import type { Pod, TopologySpreadConstraint } from "../../api/types/index.ts";
import { podInfoOf } from "../pod-info.ts";
import { aNode, aPod, clusterOf, type PodFacts, refusals, scores } from "../testing/plugin-facts.ts";
import { createPodTopologySpread, podTopologySpread } from "./topology-spread.ts";

const hostname = "kubernetes.io/hostname";
const zone = "topology.kubernetes.io/zone";
const skewed = "node(s) didn't match pod topology spread constraints";
const missing = "node(s) didn't match pod topology spread constraints (missing required label)";

const inZone = (name: string, value: string, more: Parameters<typeof aNode>[1] = {}) =>
  aNode(name, { ...more, labels: { [zone]: value, ...more.labels } });
let made = 0;
const web = (facts: PodFacts = {}) => aPod(`web-${made++}`, { labels: { app: "web" }, ...facts });
const webs = (count: number, node: string): (readonly [Pod, string])[] =>
  Array.from({ length: count }, () => [web(), node] as const);
const selector: LabelSelector = { matchLabels: { app: "web" } };
const constraint = (more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint => ({
  topologyKey: zone,
  maxSkew: 1,
  whenUnsatisfiable: "DoNotSchedule",
  labelSelector: selector,
  ...more,
});
const spread = (...topologySpreadConstraints: TopologySpreadConstraint[]) => web({ topologySpreadConstraints });

describe("hard constraints: 2 pods in zone 1, 1 in zone 2, a node without a zone", () => {
  const cluster = clusterOf(
    [inZone("a", "1"), inZone("b", "2", { taints: [{ key: "k", effect: "NoSchedule" }] }), aNode("c")],
    [...webs(2, "a"), ...webs(1, "b"), [web({ namespace: "other" }), "b"]],
  );
  test.each<[string, Pod, Record<string, string>]>([
    ["one more would be too uneven", spread(constraint()), { a: skewed, c: missing }],
    ["a larger skew allows it", spread(constraint({ maxSkew: 2 })), { c: missing }],
    ["a pod that does not count itself", aPod("p", { topologySpreadConstraints: [constraint()] }), { c: missing }],
    [
      "too few domains: the least counts as none",
      spread(constraint({ minDomains: 3, maxSkew: 2 })),
      { a: skewed, c: missing },
    ],
    ["enough domains", spread(constraint({ minDomains: 2, maxSkew: 2 })), { c: missing }],
    [
      "a node selector leaves other zones out",
      web({ nodeSelector: { [zone]: "1" }, topologySpreadConstraints: [constraint()] }),
      { b: "", c: missing },
    ],
    [
      "unless it is to be ignored",
      web({ nodeSelector: { [zone]: "1" }, topologySpreadConstraints: [constraint({ nodeAffinityPolicy: "Ignore" })] }),
      { a: skewed, c: missing },
    ],
    ["tainted nodes count", spread(constraint({ nodeTaintsPolicy: "Ignore" })), { a: skewed, c: missing }],
    ["unless taints are to be honored", spread(constraint({ nodeTaintsPolicy: "Honor" })), { c: missing }],
    ["a selector of nothing", spread(constraint({ labelSelector: undefined })), { c: missing }],
    [
      "a key that narrows it down to the pod's version",
      web({
        labels: { app: "web", version: "2" },
        topologySpreadConstraints: [constraint({ matchLabelKeys: ["version"] })],
      }),
      { c: missing },
    ],
    [
      "two constraints: both must hold",
      spread(constraint({ maxSkew: 2 }), constraint({ topologyKey: hostname, maxSkew: 1 })),
      { a: skewed, c: missing },
    ],
    ["soft ones refuse nobody", spread(constraint({ whenUnsatisfiable: "ScheduleAnyway" })), {}],
  ])("%s", (_, pod, expected) => {
    const told = refusals(podTopologySpread, pod, cluster);
    expect(told).toEqual(Object.fromEntries(Object.entries(expected).filter(([, reason]) => reason !== "")));
  });
});

test("counts follow pods that come, go, change their labels or are being deleted, and nodes that move", () => {
  const cluster = clusterOf([inZone("a", "1"), inZone("b", "2")]);
  const fitting = () =>
    ["a", "b"].filter((name) => !(name in refusals(podTopologySpread, spread(constraint()), cluster)));
  const set = (pod: Pod) => cluster.setPod(podInfoOf(pod), "a");
  const pod = web();
  const history = [fitting()];
  set(pod);
  history.push(fitting());
  set({ ...pod, metadata: { ...pod.metadata, labels: {} } });
  history.push(fitting());
  set(pod);
  cluster.setNode(inZone("a", "2"));
  cluster.setNode(inZone("b", "1"));
  history.push(fitting());
  cluster.setNode(inZone("a", "1"));
  cluster.setNode(inZone("b", "2"));
  history.push(fitting());
  set({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
  history.push(fitting());
  expect(history).toEqual([["a", "b"], ["b"], ["a", "b"], ["b"], ["b"], ["a", "b"]]);
});

describe("soft constraints", () => {
  const soft = (more: Partial<TopologySpreadConstraint> = {}) =>
    spread(constraint({ whenUnsatisfiable: "ScheduleAnyway", ...more }));
  const cluster = clusterOf([inZone("a", "1"), inZone("b", "2"), aNode("c")], [...webs(3, "a"), ...webs(1, "b")]);
  test.each<[string, Pod, Record<string, number> | undefined]>([
    // 3 and 1 pods, each times ln(2 + 2): 4 and 1, the node without a zone is not scored.
    ["fewer pods are better, a node without the label gets nothing", soft(), { a: 25, b: 100, c: 0 }],
    ["a larger skew makes less of it", soft({ maxSkew: 5 }), { a: 62, b: 100, c: 0 }],
    // By the node itself, over three nodes: 3 and 1 pods times ln(3 + 2) are 5 and 2, none is 0.
    ["by nodes", soft({ topologyKey: hostname }), { a: 0, b: 60, c: 100 }],
    ["hard ones do not score", spread(constraint()), undefined],
    ["no constraints, no opinion", web(), undefined],
  ])("%s", (_, pod, expected) => {
    expect(scores(podTopologySpread, pod, cluster)).toEqual(expected);
  });
});

describe("defaults, for pods of a service or a workload", () => {
  const reader = { spreadingSelectors: () => [labelSelectorAsSelector(selector)] };
  const cluster = clusterOf([inZone("a", "1"), inZone("b", "2"), aNode("c")], [...webs(6, "a")], reader);
  test("the system's spread over nodes and zones, also nodes without a zone", () => {
    // Nodes: 6 x ln 5 + 2; zones (with none as one of three): 6 x ln 5 + 4. Empty ones keep 2 and 4.
    expect(scores(podTopologySpread, web(), cluster)).toEqual({ a: 8, b: 84, c: 100 });
    expect(refusals(podTopologySpread, web(), cluster)).toEqual({});
  });

  test("a profile's own list can refuse, too", () => {
    const plugin = createPodTopologySpread({ defaultingType: "List", defaultConstraints: [constraint()] });
    expect(refusals(plugin, web(), cluster)).toEqual({ a: skewed, c: missing });
    expect(scores(plugin, web(), cluster)).toBeUndefined();
  });

  test("pods with constraints of their own do not get them", () => {
    expect(scores(podTopologySpread, spread(constraint({ maxSkew: 9 })), cluster)).toBeUndefined();
  });
});
