import { describe, expect, test } from "vitest";
import type { ContainerStatus } from "../../api/types/index.ts";
import type { ScoringStrategy } from "../config/plugin-args.ts";
import { podInfoOf } from "../pod-info.ts";
import { aContainer, aNode, aPod, clusterOf, type PodFacts, refusals, scores } from "../testing/plugin-facts.ts";
import { createNodeResourcesFit, nodeResourcesFit } from "./node-resources.ts";
import { createBalancedAllocation, nodeResourcesBalancedAllocation } from "./resource-scorers.ts";

const gpu = "example.com/gpu";
const sidecar = (name: string, requests: Record<string, string>) => ({
  ...aContainer(name, requests),
  restartPolicy: "Always",
});
const status = (name: string, more: Partial<ContainerStatus>): ContainerStatus => {
  return { name, image: "", imageID: "", ready: true, restartCount: 0, ...more };
};

describe("what a pod asks for, on a node with 4 processors of which 1 is taken", () => {
  test.each<[string, PodFacts, string | undefined]>([
    ["what is left fits", { requests: { cpu: "3" } }, undefined],
    ["more does not", { requests: { cpu: "3001m" } }, "Insufficient cpu"],
    ["nothing asked for fits", {}, undefined],
    ["zero of what the node lacks fits", { requests: { [gpu]: "0" } }, undefined],
    ["an extended resource that the node lacks", { requests: { [gpu]: "1" } }, `Insufficient ${gpu}`],
    ["all that is short is told", { requests: { cpu: "8", memory: "9Gi" } }, "Insufficient cpu, Insufficient memory"],
    [
      "containers add up",
      { containers: [aContainer("a", { cpu: "2" }), aContainer("b", { cpu: "2" })] },
      "Insufficient cpu",
    ],
    [
      "init containers run one after the other",
      { initContainers: [aContainer("a", { cpu: "3" }), aContainer("b", { cpu: "3" })] },
      undefined,
    ],
    ["the largest init container counts", { initContainers: [aContainer("a", { cpu: "3500m" })] }, "Insufficient cpu"],
    ["sidecars run on", { requests: { cpu: "2" }, initContainers: [sidecar("s", { cpu: "2" })] }, "Insufficient cpu"],
    [
      "an init container runs beside the sidecars before it",
      { initContainers: [sidecar("s", { cpu: "1" }), aContainer("a", { cpu: "2500m" })] },
      "Insufficient cpu",
    ],
    [
      "and not beside those after it",
      { initContainers: [aContainer("a", { cpu: "2500m" }), sidecar("s", { cpu: "1" })] },
      undefined,
    ],
    ["overhead comes on top", { requests: { cpu: "3" }, overhead: { cpu: "100m" } }, "Insufficient cpu"],
    [
      "pod-level requests replace the sum",
      { requests: { cpu: "8" }, resources: { requests: { cpu: "2" } } },
      undefined,
    ],
    ["also when they are more", { requests: { cpu: "1" }, resources: { requests: { cpu: "4" } } }, "Insufficient cpu"],
    [
      "overhead comes on top of them",
      { resources: { requests: { cpu: "3" } }, overhead: { cpu: "1" } },
      "Insufficient cpu",
    ],
  ])("%s", (_, facts, reason) => {
    const cluster = clusterOf([aNode("n")], [[aPod("x", { requests: { cpu: "1" } }), "n"]]);
    expect(refusals(nodeResourcesFit, aPod("p", facts), cluster)).toEqual(reason === undefined ? {} : { n: reason });
  });
});

describe("a pod that is being resized takes the most of what it asks for, was granted and has", () => {
  const infeasible = { conditions: [{ type: "PodResizePending", status: "True", reason: "Infeasible" }] };
  test.each<[string, Partial<ContainerStatus>, object, boolean]>([
    ["grows: what it asks for counts", { resources: { requests: { cpu: "1" } } }, {}, false],
    ["shrinks: what it still has counts", { resources: { requests: { cpu: "4" } } }, {}, false],
    [
      "was granted more than it has yet",
      { resources: { requests: { cpu: "1" } }, allocatedResources: { cpu: "4" } },
      {},
      false,
    ],
    ["cannot be resized: what it asks for does not count", { resources: { requests: { cpu: "1" } } }, infeasible, true],
    ["has not started: what it asks for counts", {}, {}, false],
  ])("%s", (_, more, podStatus, fits) => {
    const resized = aPod("x", {
      requests: { cpu: "3" },
      status: { containerStatuses: [status("c", more)], ...podStatus },
    });
    const cluster = clusterOf([aNode("n")], [[resized, "n"]]);
    const refused = refusals(nodeResourcesFit, aPod("p", { requests: { cpu: "2" } }), cluster);
    expect(refused).toEqual(fits ? {} : { n: "Insufficient cpu" });
  });
});

test("the number of pods is limited, too", () => {
  const cluster = clusterOf([aNode("n", { allocatable: { pods: "1" } })], [[aPod("x"), "n"]]);
  expect(refusals(nodeResourcesFit, aPod("p"), cluster)).toEqual({ n: "Too many pods" });
});

test.each([
  ["3", true],
  ["5", false],
])("of %s processors asked for, whether removing pods can help: %s", (cpu, resolvable) => {
  const cluster = clusterOf([aNode("n")], [[aPod("x", { requests: { cpu: "2" } }), "n"]]);
  const filter = nodeResourcesFit.prepareFilter(podInfoOf(aPod("p", { requests: { cpu } })), cluster);
  expect(cluster.nodes().map((node) => typeof filter === "function" && filter(node)?.resolvable)).toEqual([resolvable]);
});

test.each([[{ ignoredResources: [gpu] }], [{ ignoredResourceGroups: ["example.com"] }]])(
  "extended resources can be left to others: %j",
  (ignored) => {
    const scoringStrategy: ScoringStrategy = { type: "LeastAllocated", resources: [] };
    const plugin = createNodeResourcesFit({
      ignoredResources: [],
      ignoredResourceGroups: [],
      scoringStrategy,
      ...ignored,
    });
    expect(refusals(plugin, aPod("p", { requests: { [gpu]: "1" } }), clusterOf([aNode("n")]))).toEqual({});
  },
);

describe("scores by what would be taken", () => {
  const cpu = [{ name: "cpu", weight: 1 }];
  const both = [...cpu, { name: "memory", weight: 1 }];
  const shape = [
    { utilization: 0, score: 0 },
    { utilization: 100, score: 10 },
  ];
  test.each<[string, ScoringStrategy, Record<string, string>, number]>([
    ["least: the part that is left", { type: "LeastAllocated", resources: cpu }, { cpu: "1" }, 50],
    ["least: the mean of both", { type: "LeastAllocated", resources: both }, { cpu: "1", memory: "2Gi" }, 62],
    [
      "least: by their weights",
      {
        type: "LeastAllocated",
        resources: [
          { name: "cpu", weight: 3 },
          { name: "memory", weight: 1 },
        ],
      },
      { cpu: "1", memory: "2Gi" },
      56,
    ],
    ["least: who asks for nothing counts a little", { type: "LeastAllocated", resources: cpu }, {}, 72],
    ["most: the part that is taken", { type: "MostAllocated", resources: cpu }, { cpu: "1" }, 50],
    [
      "ratio: along the line",
      { type: "RequestedToCapacityRatio", resources: cpu, requestedToCapacityRatio: { shape } },
      { cpu: "2" },
      75,
    ],
    [
      "ratio: nothing beyond its ends",
      {
        type: "RequestedToCapacityRatio",
        resources: cpu,
        requestedToCapacityRatio: {
          shape: [
            { utilization: 80, score: 10 },
            { utilization: 90, score: 0 },
          ],
        },
      },
      { cpu: "1" },
      100,
    ],
    [
      "an extended resource that the pod does not ask for is left out",
      { type: "LeastAllocated", resources: [...cpu, { name: gpu, weight: 9 }] },
      { cpu: "1" },
      50,
    ],
    [
      "one that it asks for counts",
      { type: "MostAllocated", resources: [{ name: gpu, weight: 1 }] },
      { [gpu]: "1" },
      25,
    ],
  ])("%s", (_, scoringStrategy, requests, score) => {
    const plugin = createNodeResourcesFit({ ignoredResources: [], ignoredResourceGroups: [], scoringStrategy });
    const taken = aPod("x", { requests: { cpu: "1", memory: "0" } });
    const cluster = clusterOf([aNode("n", { allocatable: { [gpu]: "4" } })], [[taken, "n"]]);
    expect(scores(plugin, aPod("p", { requests }), cluster)).toEqual({ n: score });
  });
});

describe("balance", () => {
  const busy = aPod("x", { requests: { cpu: "2", memory: "0" } });
  test("the node where the pod evens out what is taken is preferred", () => {
    const cluster = clusterOf([aNode("even"), aNode("lopsided")], [[busy, "lopsided"]]);
    // Half of the memory: evens out the one (from 75 to 100), tips the other (from 100 to 75).
    const pod = aPod("p", { requests: { memory: "4Gi" } });
    expect(scores(nodeResourcesBalancedAllocation, pod, cluster)).toEqual({ even: 62, lopsided: 87 });
  });

  test("a pod that changes nothing of the balance gets three quarters", () => {
    const pod = aPod("p", { requests: { cpu: "1", memory: "2Gi" } });
    expect(scores(nodeResourcesBalancedAllocation, pod, clusterOf([aNode("n")]))).toEqual({ n: 75 });
  });

  test("a pod that asks for nothing has no opinion", () => {
    expect(scores(nodeResourcesBalancedAllocation, aPod("p"), clusterOf([aNode("n")]))).toBeUndefined();
  });

  test("more than two resources are balanced by their deviation", () => {
    const resources = ["cpu", "memory", gpu].map((name) => ({ name, weight: 1 }));
    const cluster = clusterOf([aNode("n", { allocatable: { [gpu]: "4" } })]);
    const pod = aPod("p", { requests: { cpu: "4", memory: "0", [gpu]: "0" } });
    expect(scores(createBalancedAllocation({ resources }), pod, cluster)).toEqual({ n: 50 });
    const three = aPod("q", { requests: { cpu: "4", memory: "8Gi", [gpu]: "1" } });
    expect(scores(createBalancedAllocation({ resources }), three, cluster)).toEqual({ n: 57 });
  });
});
