import { expect, test } from "vitest";
import type { Node, Pod, PodSpec } from "../api/types/index.ts";
import { seededRandom } from "../host/index.ts";
import { ClusterState } from "./cluster-state.ts";
import { defaultPluginArgs } from "./config/plugin-args.ts";
import { SchedulingCycle } from "./cycle.ts";
import type { FilterPlugin } from "./framework.ts";
import { defaultFilters } from "./plugins/index.ts";
import { podInfoOf } from "./pod-info.ts";
import { bestPreemption, findPreemption } from "./preemption.ts";

const noVolumes = {
  claim: () => undefined,
  volume: () => undefined,
  storageClass: () => undefined,
  csiNode: () => undefined,
  hasRoom: () => true,
  candidates: () => [],
};

function node(name: string, zone: string): Node {
  const labels = { "kubernetes.io/hostname": name, zone };
  const allocatable = { cpu: "4", memory: "8Gi", pods: "110" };
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec: {}, status: { allocatable } } as Node;
}

function pod(name: string, priority: number, spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}): Pod {
  const metadata = { name, namespace: "default", uid: name, labels };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [{ name: "c" }], priority, ...spec } } as Pod;
}

/** Who would have to go for the pod: `node: victims`. */
function removed(wanted: Pod, placed: [Pod, string][], filters: readonly FilterPlugin[] = defaultFilters) {
  const cluster = new ClusterState({ namespaceLabels: () => ({}), spreadingSelectors: () => [], volumes: noVolumes });
  for (const made of [node("a", "1"), node("b", "2")]) cluster.setNode(made);
  for (const [p, on] of placed) cluster.setPod(podInfoOf(p), on);
  const info = podInfoOf(wanted);
  const result = new SchedulingCycle({ filters, scores: [], reserves: [] }, seededRandom(1)).run(info, cluster);
  if (result.kind === "scheduled") return `fits on ${result.node}`;
  const args = defaultPluginArgs.DefaultPreemption;
  const found = findPreemption(info, result.fit, cluster, { filters, budgets: [], args, random: seededRandom(1) });
  const best = found.kind === "found" ? bestPreemption(found.candidates) : undefined;
  return best && `${best.node}: ${best.victims.map(({ pod: { metadata } }) => metadata.name).join(" ")}`;
}

const app = (name: string) => ({
  labelSelector: { matchLabels: { app: name } },
  topologyKey: "kubernetes.io/hostname",
});
const avoiding = (name: string): Partial<PodSpec> => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [app(name)] } },
});

test("those go that the pod avoids", () => {
  const placed: [Pod, string][] = [
    [pod("low", 1, {}, { app: "web" }), "a"],
    [pod("other", 1, {}, { app: "db" }), "a"],
    [pod("high", 9, {}, { app: "web" }), "b"],
  ];
  expect(removed(pod("p", 5, avoiding("web")), placed)).toBe("a: low");
});

test("those go that avoid the pod", () => {
  const placed: [Pod, string][] = [
    [pod("low", 1, avoiding("web")), "a"],
    [pod("high", 9, avoiding("web")), "b"],
  ];
  expect(removed(pod("p", 5, {}, { app: "web" }), placed)).toBe("a: low");
});

test("those go that make the pod's domain too full", () => {
  const constraint = {
    maxSkew: 1,
    topologyKey: "zone",
    whenUnsatisfiable: "DoNotSchedule" as const,
    nodeAffinityPolicy: "Ignore" as const,
    labelSelector: { matchLabels: { app: "web" } },
  };
  const spread = { topologySpreadConstraints: [constraint], nodeSelector: { zone: "1" } };
  const placed: [Pod, string][] = [[pod("low", 1, {}, { app: "web" }), "a"]];
  expect(removed(pod("p", 5, spread, { app: "web" }), placed)).toBe("a: low");
});

test("those go that hold the pod's host port", () => {
  const port = { containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80, protocol: "TCP" }] }] };
  const placed: [Pod, string][] = [
    [pod("low", 1, port as Partial<PodSpec>), "a"],
    [pod("bystander", 1), "a"],
    [pod("high", 9, port as Partial<PodSpec>), "b"],
  ];
  expect(removed(pod("p", 5, port as Partial<PodSpec>), placed)).toBe("a: low");
});

test("a plugin that counts before it looks at nodes is asked again with the pods gone", () => {
  const atMostOne: FilterPlugin = {
    name: "AtMostOne",
    prepareFilter: (_, cluster) => {
      const total = cluster.nodes().reduce((sum, { pods }) => sum + pods.size, 0);
      const refused = { plugin: "AtMostOne", reasons: ["too many"], resolvable: true };
      return () => (total > 1 ? refused : undefined);
    },
  };
  const placed: [Pod, string][] = [
    [pod("one", 1), "a"],
    [pod("two", 1), "a"],
  ];
  expect(removed(pod("p", 5), placed, [atMostOne])).toBe("a: two");
});
