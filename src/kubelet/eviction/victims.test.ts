import { expect, test } from "vitest";
import type { Container, Pod } from "../../api/types/index.ts";
import { evictionMessage, isCritical, overOwnLimit, type PodUsage, rankForEviction } from "./victims.ts";

const mebi = 1024 * 1024;
const podKind = { apiVersion: "v1", kind: "Pod" } as const;

interface Given {
  readonly name: string;
  readonly priority?: number;
  readonly memory?: string;
  readonly usedMi?: number;
  readonly diskMi?: number;
  readonly processes?: number;
}

function usage({ name, priority = 0, memory, usedMi = 0, diskMi = 0, processes = 0 }: Given): PodUsage {
  const resources = memory === undefined ? {} : { requests: { memory } };
  const container: Container = { name: "c", image: "box", resources };
  const pod: Pod = {
    ...podKind,
    metadata: { name, namespace: "default" },
    spec: { priority, containers: [container] },
  };
  const containers = [{ name: "c", memoryBytes: usedMi * mebi, diskBytes: diskMi * mebi }];
  return { pod, containers, volumeBytes: new Map(), inodes: 0, processes };
}

const names = (pods: readonly PodUsage[]) => pods.map(({ pod }) => pod.metadata.name);

test("of memory, those above their requests go first, then the less important, then the greediest", () => {
  const pods = [
    usage({ name: "within", memory: "200Mi", usedMi: 100 }),
    usage({ name: "important", priority: 100, usedMi: 500 }),
    usage({ name: "modest", memory: "50Mi", usedMi: 60 }),
    usage({ name: "greedy", memory: "50Mi", usedMi: 150 }),
    usage({ name: "within-and-unimportant", priority: -5, memory: "200Mi", usedMi: 199 }),
  ];
  expect(names(rankForEviction(pods, "memory.available"))).toEqual([
    "greedy",
    "modest",
    "important",
    "within-and-unimportant",
    "within",
  ]);
});

test("of processes, priority decides before their number", () => {
  const pods = [
    usage({ name: "many-but-important", priority: 10, processes: 900 }),
    usage({ name: "few", processes: 3 }),
    usage({ name: "some", processes: 30 }),
  ];
  expect(names(rankForEviction(pods, "pid.available"))).toEqual(["some", "few", "many-but-important"]);
});

test("the message names what ran out, the threshold, what was left and who took more than it asked for", () => {
  const pod = usage({ name: "greedy", memory: "50Mi", usedMi: 150 });
  const seen = { available: 80 * mebi, capacity: 1000 * mebi };
  expect(evictionMessage(pod, "memory.available", 100 * mebi, seen)).toBe(
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. " +
      "Container c was using 150Mi, request is 50Mi, has larger consumption of memory. ",
  );
});

test("a container within its request is not blamed", () => {
  const pod = usage({ name: "within", memory: "200Mi", usedMi: 100 });
  const seen = { available: 80 * mebi, capacity: 1000 * mebi };
  expect(evictionMessage(pod, "memory.available", 100 * mebi, seen)).toBe(
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. ",
  );
});

test("an emptyDir beyond its limit makes its pod go, one in memory does not (the kernel holds that limit)", () => {
  const volumes = [{ name: "data", emptyDir: { sizeLimit: "1Mi" } }];
  const base = usage({ name: "p" });
  const full: PodUsage = {
    ...base,
    pod: { ...base.pod, spec: { containers: [], volumes } },
    volumeBytes: new Map([["data", 2 * mebi]]),
  };
  expect(overOwnLimit(full)).toBe('Usage of EmptyDir volume "data" exceeds the limit "1Mi". ');
  const inMemory = [{ name: "data", emptyDir: { sizeLimit: "1Mi", medium: "Memory" } }];
  expect(overOwnLimit({ ...full, pod: { ...base.pod, spec: { containers: [], volumes: inMemory } } })).toBeUndefined();
});

test("a container beyond its ephemeral-storage limit, or a pod beyond the sum of them, makes its pod go", () => {
  const container: Container = { name: "c", image: "box", resources: { limits: { "ephemeral-storage": "1Mi" } } };
  const base = usage({ name: "p", diskMi: 2 });
  const pod: Pod = { ...base.pod, spec: { containers: [container] } };
  expect(overOwnLimit({ ...base, pod })).toBe('Container c exceeded its local ephemeral storage limit "1Mi". ');
  const inVolume = { ...usage({ name: "p" }), pod, volumeBytes: new Map([["data", 3 * mebi]]) };
  expect(overOwnLimit(inVolume)).toBe("Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ");
  expect(overOwnLimit({ ...usage({ name: "p", diskMi: 500 }) })).toBeUndefined();
});

test("static pods and pods of system priority are critical", () => {
  expect(isCritical(usage({ name: "p" }).pod)).toBe(false);
  expect(isCritical(usage({ name: "p", priority: 2_000_001_000 }).pod)).toBe(true);
  const annotations = { "kubernetes.io/config.source": "file" };
  expect(isCritical({ ...podKind, metadata: { name: "p", annotations }, spec: { containers: [] } })).toBe(true);
});
