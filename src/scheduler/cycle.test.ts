import { expect, test } from "vitest";
import type { Node, Pod, PodSpec, Taint } from "../api/types/index.ts";
import { seededRandom } from "../host/index.ts";
import { ClusterState } from "./cluster-state.ts";
import { defaultPluginArgs } from "./config/plugin-args.ts";
import { feasibleNodesWanted, SchedulingCycle } from "./cycle.ts";
import { fitMessage } from "./fit-error.ts";
import type { CycleResult } from "./framework.ts";
import { defaultFilters, defaultScores } from "./plugins/index.ts";
import { podInfoOf } from "./pod-info.ts";
import { findPreemption } from "./preemption.ts";

const profile = { filters: defaultFilters, scores: defaultScores, reserves: [] };
const search = {
  filters: defaultFilters,
  budgets: [],
  args: defaultPluginArgs.DefaultPreemption,
  random: seededRandom(1),
};
const noVolumes = {
  claim: () => undefined,
  volume: () => undefined,
  storageClass: () => undefined,
  csiNode: () => undefined,
  hasRoom: () => true,
  candidates: () => [],
};

interface NodeFacts {
  cpu?: string;
  memory?: string;
  pods?: string;
  labels?: Record<string, string>;
  taints?: Taint[];
  unschedulable?: boolean;
}

function node(name: string, facts: NodeFacts = {}): Node {
  const { cpu = "4", memory = "8Gi", pods = "110", labels, taints, unschedulable } = facts;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
    spec: { taints, unschedulable },
    status: { allocatable: { cpu, memory, pods } },
  } as Node;
}

function pod(name: string, spec: Partial<PodSpec> & { cpu?: string; labels?: Record<string, string> } = {}): Pod {
  const { cpu, labels, ...rest } = spec;
  const resources = cpu === undefined ? {} : { requests: { cpu } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", uid: name, labels },
    spec: { containers: [{ name: "c", image: "nginx", resources }], ...rest },
  } as Pod;
}

function clusterOf(nodes: Node[], placed: [Pod, string][] = []): ClusterState {
  const cluster = new ClusterState({ namespaceLabels: () => ({}), spreadingSelectors: () => [], volumes: noVolumes });
  for (const n of nodes) cluster.setNode(n);
  for (const [p, name] of placed) cluster.setPod(podInfoOf(p), name);
  return cluster;
}

function schedule(p: Pod, cluster: ClusterState): CycleResult {
  return new SchedulingCycle(profile, seededRandom(1)).run(podInfoOf(p), cluster);
}

function whyNot(p: Pod, cluster: ClusterState): string {
  const result = schedule(p, cluster);
  return result.kind === "scheduled" ? `on ${result.node}` : fitMessage(result.fit, "");
}

test("takes the node with the most left", () => {
  const cluster = clusterOf([node("a"), node("b")], [[pod("x", { cpu: "2" }), "a"]]);
  expect(schedule(pod("p", { cpu: "1" }), cluster)).toMatchObject({ kind: "scheduled", node: "b" });
});

test("says for each reason how many nodes it refused, sorted", () => {
  const cluster = clusterOf([
    node("a", { cpu: "1" }),
    node("b", { cpu: "1" }),
    node("c", { taints: [{ key: "k", effect: "NoSchedule" }] }),
    node("d", { unschedulable: true }),
  ]);
  expect(whyNot(pod("p", { cpu: "2" }), cluster)).toBe(
    "0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu.",
  );
});

test("without nodes says so", () => {
  expect(whyNot(pod("p"), clusterOf([]))).toBe("no nodes available to schedule pods");
});

test.each<[string, Partial<PodSpec>, string]>([
  [
    "a node selector no node has",
    { nodeSelector: { disk: "ssd" } },
    "1 node(s) didn't match Pod's node affinity/selector",
  ],
  [
    "required node affinity",
    {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "cores", operator: "Gt", values: ["8"] }] }],
          },
        },
      },
    },
    "1 node(s) didn't match Pod's node affinity/selector",
  ],
  [
    "a host port in use",
    { containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80 }] }] } as Partial<PodSpec>,
    "1 node(s) didn't have free ports for the requested pod ports",
  ],
  [
    "pod affinity to nobody",
    {
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { app: "db" } }, topologyKey: "kubernetes.io/hostname" },
          ],
        },
      },
    },
    "1 node(s) didn't match pod affinity rules",
  ],
  [
    "pod anti-affinity to one that is there",
    {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { app: "web" } }, topologyKey: "kubernetes.io/hostname" },
          ],
        },
      },
    },
    "1 node(s) didn't match pod anti-affinity rules",
  ],
  [
    "a spread constraint over a label that the node lacks",
    {
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector: {} },
      ],
    },
    "1 node(s) didn't match pod topology spread constraints (missing required label)",
  ],
])("refuses %s", (_, spec, reason) => {
  const busy = pod("busy", {
    labels: { app: "web" },
    containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80, protocol: "TCP" }] }],
  } as Partial<PodSpec> & { labels: Record<string, string> });
  const cluster = clusterOf([node("a", { labels: { cores: "8" } })], [[busy, "a"]]);
  expect(whyNot(pod("p", spec), cluster)).toBe(`0/1 nodes are available: ${reason}.`);
});

test("an existing pod's anti-affinity keeps others away", () => {
  const lonely = pod("lonely", {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { app: "web" } }, topologyKey: "kubernetes.io/hostname" },
        ],
      },
    },
  });
  const cluster = clusterOf([node("a")], [[lonely, "a"]]);
  expect(whyNot(pod("p", { labels: { app: "web" } }), cluster)).toBe(
    "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.",
  );
});

test("the first pod of a group may go anywhere, the next joins it", () => {
  const together = (name: string) =>
    pod(name, {
      labels: { app: "db" },
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { app: "db" } }, topologyKey: "kubernetes.io/hostname" },
          ],
        },
      },
    });
  const cluster = clusterOf([node("a"), node("b"), node("c")]);
  const first = schedule(together("one"), cluster);
  if (first.kind !== "scheduled") throw new Error("not scheduled");
  cluster.assumePod(podInfoOf(together("one")), first.node);
  expect(schedule(together("two"), cluster)).toMatchObject({ node: first.node });
});

test("hard spreading keeps zones within the skew", () => {
  const spread = (name: string) =>
    pod(name, {
      labels: { app: "web" },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "zone",
          whenUnsatisfiable: "DoNotSchedule",
          labelSelector: { matchLabels: { app: "web" } },
        },
      ],
    });
  const cluster = clusterOf([
    node("a1", { labels: { zone: "a" }, cpu: "64" }),
    node("b1", { labels: { zone: "b" } }),
    node("c1", { labels: { zone: "c" } }),
  ]);
  const counts = new Map<string, number>();
  for (let i = 0; i < 9; i++) {
    const p = spread(`p${i}`);
    const result = schedule(p, cluster);
    if (result.kind !== "scheduled") throw new Error("not scheduled");
    cluster.assumePod(podInfoOf(p), result.node);
    counts.set(result.node, (counts.get(result.node) ?? 0) + 1);
  }
  expect([...counts.values()]).toEqual([3, 3, 3]);
});

test("a toleration opens a tainted node", () => {
  const cluster = clusterOf([node("a", { taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }] })]);
  expect(whyNot(pod("p"), cluster)).toContain("untolerated taint(s)");
  const tolerant = pod("q", { tolerations: [{ key: "gpu", operator: "Equal", value: "yes", effect: "NoSchedule" }] });
  expect(schedule(tolerant, cluster)).toMatchObject({ node: "a" });
});

test("the same seed gives the same placements", () => {
  const run = () => {
    const cluster = clusterOf(Array.from({ length: 20 }, (_, i) => node(`n${i}`)));
    const cycle = new SchedulingCycle(profile, seededRandom(7));
    return Array.from({ length: 100 }, (_, i) => {
      const info = podInfoOf(pod(`p${i}`, { cpu: "100m" }));
      const result = cycle.run(info, cluster);
      if (result.kind !== "scheduled") throw new Error("not scheduled");
      cluster.assumePod(info, result.node);
      return result.node;
    });
  };
  expect(run()).toEqual(run());
});

test.each([
  [50, 50],
  [100, 100],
  [1000, 420],
  [5000, 500],
  [10_000, 500],
])("of %i nodes, %i feasible ones are enough", (nodes, wanted) => {
  expect(feasibleNodesWanted(nodes)).toBe(wanted);
});

test("preemption takes the least important pods and restores the view", () => {
  const low = pod("low", { cpu: "2", priority: 1 });
  const mid = pod("mid", { cpu: "2", priority: 5 });
  const cluster = clusterOf(
    [node("a")],
    [
      [low, "a"],
      [mid, "a"],
    ],
  );
  const urgent = podInfoOf(pod("urgent", { cpu: "2", priority: 10 }));
  const result = schedule(urgent.pod, cluster);
  if (result.kind !== "unschedulable") throw new Error("scheduled");
  const found = findPreemption(urgent, result.fit, cluster, search);
  expect(found).toMatchObject({ kind: "found", candidates: [{ node: "a", victims: [{ key: "default/low" }] }] });
  expect(cluster.node("a")?.requested.cpuMilli).toBe(4000);
});

test("preemption says why it cannot help", () => {
  const cluster = clusterOf([node("a", { cpu: "1" }), node("b")], [[pod("x", { cpu: "4" }), "b"]]);
  const p = podInfoOf(pod("p", { cpu: "2" }));
  const result = schedule(p.pod, cluster);
  if (result.kind !== "unschedulable") throw new Error("scheduled");
  expect(findPreemption(p, result.fit, cluster, search)).toEqual({
    kind: "none",
    message:
      "0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.",
  });
});

test("room made by preemption is kept from less important pods, and found by the pod it was made for", () => {
  const cluster = clusterOf([node("a", { cpu: "2" }), node("b", { cpu: "1" })]);
  const urgent = pod("urgent", { cpu: "2", priority: 10 });
  cluster.nominate(podInfoOf(urgent), "a");
  expect(whyNot(pod("small", { cpu: "1500m", priority: 1 }), cluster)).toContain("2 Insufficient cpu");
  expect(schedule(pod("urgent-too", { cpu: "1500m", priority: 20 }), cluster)).toMatchObject({ node: "a" });
  expect(schedule(urgent, cluster)).toMatchObject({ node: "a" });
});
