// The original's scheduler_perf cases, rebuilt from what is published of them: nodes, pods that are there before, pods
// that are measured, and the pods a second that the original demands of itself with 5,000 nodes (its gates).
import type { Node, PodAffinityTerm, PodSpec } from "../../src/api/types/index.ts";

export interface Case {
  readonly name: string;
  /** The original's gate, pods a second; with 5,000 nodes unless the name says otherwise. */
  readonly gate?: number;
  /** What this project wants with 5,000 nodes. */
  readonly target?: number;
  node?(i: number): Partial<Node["metadata"]>;
  /** Scheduled before, not measured. */
  readonly before?: readonly Pods[];
  /** Pods that fit nowhere and stay in the queue. */
  readonly stuck?: Pods;
  readonly measured: Pods;
}

export interface Pods {
  /** By the number of nodes. */
  count(nodes: number): number;
  readonly namespace: string;
  make(i: number, nodes: number): PodFacts;
}

export interface PodFacts {
  readonly labels?: Record<string, string>;
  readonly spec?: Partial<PodSpec>;
  readonly cpu?: string;
  readonly memory?: string;
}

const zone = "topology.kubernetes.io/zone";
const hostname = "kubernetes.io/hostname";
const before = "sched-0";
const measured = "sched-1";
const setup = "sched-setup";
const share = (part: number) => (nodes: number) => Math.ceil(nodes * part);
const plain = (count: (nodes: number) => number, namespace = before): Pods => ({ count, namespace, make: () => ({}) });
const zoneOf = (values: readonly string[]) => (i: number) => ({ labels: { [zone]: values[i % values.length] ?? "" } });

function near(color: string, topologyKey: string): PodAffinityTerm {
  return { labelSelector: { matchLabels: { color } }, topologyKey, namespaces: [measured, before] };
}

/** The same pods before and while it is measured. */
function twins(counts: readonly [before: number, measured: number], make: Pods["make"]) {
  return {
    before: [{ count: share(counts[0]), namespace: before, make }],
    measured: { count: share(counts[1]), namespace: measured, make },
  };
}

const colored = (color: string, affinity: PodSpec["affinity"]) => (): PodFacts => ({
  labels: { color, name: "test" },
  spec: { affinity },
});

function spread(whenUnsatisfiable: "DoNotSchedule" | "ScheduleAnyway"): Pods["make"] {
  const labelSelector = { matchLabels: { color: "blue" } };
  const topologySpreadConstraints = [{ maxSkew: 5, topologyKey: zone, whenUnsatisfiable, labelSelector }];
  return () => ({ labels: { color: "blue" }, spec: { topologySpreadConstraints } });
}

const antiAffinity = colored("green", {
  podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near("green", hostname)] },
});
const affinity = colored("blue", {
  podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near("blue", zone)] },
});
const preferredAffinity = colored("red", {
  podAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: near("red", hostname) }],
  },
});
const preferredAntiAffinity = colored("yellow", {
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: near("yellow", hostname) }],
  },
});
const inZones = (): PodFacts => ({
  spec: {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: zone, operator: "In", values: ["zone1", "zone2"] }] }],
        },
      },
    },
  },
});
const low = (): PodFacts => ({ cpu: "900m", spec: { priority: 0 } });
const high = (): PodFacts => ({ cpu: "3000m", spec: { priority: 10 } });
const large = (): PodFacts => ({ cpu: "9" });
const daemon = (i: number, nodes: number): PodFacts => ({
  spec: {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchFields: [{ key: "metadata.name", operator: "In", values: [`node-${i % nodes}`] }] },
          ],
        },
      },
    },
  },
});

export const cases: readonly Case[] = [
  {
    name: "SchedulingBasic",
    gate: 680,
    target: 10_000,
    before: [plain(share(0.2))],
    measured: plain(share(2), measured),
  },
  {
    name: "SchedulingNodeAffinity",
    gate: 220,
    node: zoneOf(["zone1"]),
    ...twins([1, 2], inZones),
  },
  { name: "SchedulingPodAffinity", gate: 35, node: zoneOf(["zone1"]), ...twins([1, 1], affinity) },
  { name: "SchedulingPodAntiAffinity", gate: 60, target: 1500, ...twins([0.2, 0.4], antiAffinity) },
  { name: "SchedulingPreferredPodAffinity", gate: 90, ...twins([1, 1], preferredAffinity) },
  { name: "SchedulingPreferredPodAntiAffinity", gate: 90, ...twins([1, 1], preferredAntiAffinity) },
  {
    name: "TopologySpreading",
    gate: 85,
    target: 3000,
    node: zoneOf(["moon-1", "moon-2", "moon-3"]),
    before: [plain(share(1))],
    measured: { count: share(1), namespace: measured, make: spread("DoNotSchedule") },
  },
  {
    name: "PreferredTopologySpreading",
    gate: 125,
    node: zoneOf(["moon-1", "moon-2", "moon-3"]),
    before: [plain(share(1))],
    measured: { count: share(1), namespace: measured, make: spread("ScheduleAnyway") },
  },
  {
    name: "Preemption",
    gate: 570,
    target: 2000,
    before: [{ count: share(4), namespace: before, make: low }],
    measured: { count: share(1), namespace: measured, make: high },
  },
  {
    name: "Unschedulable",
    gate: 590,
    stuck: { count: () => 200, namespace: setup, make: large },
    measured: plain(share(2), measured),
  },
  {
    name: "MixedSchedulingBasePod",
    gate: 140,
    node: zoneOf(["zone1"]),
    before: [
      plain(share(0.4)),
      ...[affinity, antiAffinity, preferredAffinity, preferredAntiAffinity].map(
        (make): Pods => ({ count: share(make === antiAffinity ? 0.1 : 0.4), namespace: before, make }),
      ),
    ],
    measured: plain(share(0.2), measured),
  },
  { name: "SchedulingDaemonset", gate: 1100, measured: { count: share(2), namespace: measured, make: daemon } },
];
