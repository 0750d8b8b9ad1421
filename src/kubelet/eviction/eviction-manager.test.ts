import { expect, test } from "vitest";
import type { Pod } from "../../api/types/index.ts";
import { type TestHost, testHost } from "../../host/index.ts";
import { EvictionManager, type EvictionPorts, type NodeResources } from "./eviction-manager.ts";
import { type EvictionFlags, type Observations, parseThresholds } from "./thresholds.ts";
import type { PodUsage } from "./victims.ts";

const mebi = 1024 * 1024;

/** A node of 1000 Mi with pods that can be made to use more and to end. */
class Node implements EvictionPorts, NodeResources {
  readonly host: TestHost = testHost();
  readonly resources: NodeResources = this;
  readonly log: string[] = [];
  freeMi = 500;
  diskFree = 1000;
  freedByImages = 0;
  readonly using = new Map<string, number>();
  readonly over = new Set<string>();
  readonly manager: EvictionManager;

  constructor(flags: EvictionFlags) {
    this.manager = new EvictionManager(this, { thresholds: parseThresholds(flags), maxPodGraceSeconds: 20 });
    this.manager.start();
  }

  observe = async (): Promise<Observations> =>
    new Map([
      ["memory.available", { available: this.freeMi * mebi, capacity: 1000 * mebi }],
      ["nodefs.available", { available: this.diskFree, capacity: 1000 }],
    ]);
  usage = async (): Promise<readonly PodUsage[]> =>
    [...this.using].map(([uid, usedMi]) => ({
      pod: podOf(uid),
      containers: [{ name: "c", memoryBytes: usedMi * mebi, diskBytes: 0 }],
      volumeBytes: new Map(),
      inodes: 0,
      processes: 1,
    }));
  pods = (): readonly Pod[] => [];
  freeDisk = async (): Promise<void> => {
    this.log.push("free disk");
    this.diskFree += this.freedByImages;
  };
  evict = (pod: Pod, _message: string, graceSeconds: number): void => {
    this.log.push(`evict ${pod.metadata.uid} within ${graceSeconds} s`);
    this.using.delete(pod.metadata.uid ?? "");
  };
  isOver = (uid: string): boolean => this.over.has(uid);
  warn = (reason: string, message: string): void => void this.log.push(`${reason}: ${message}`);
  conditionsChanged = (): void => void this.log.push(`conditions: ${[...this.manager.conditions].join()}`);

  seconds(count: number): Promise<void> {
    return this.host.clock.advance(count * 1000);
  }
}

function podOf(uid: string, more: Partial<Pod["spec"]> = {}): Pod {
  const spec = { containers: [{ name: "c", image: "box" }], ...more };
  return { apiVersion: "v1", kind: "Pod", metadata: { name: uid, namespace: "default", uid }, spec };
}

test("a node that runs out of memory evicts the greediest pod, and the next only when that has ended", async () => {
  const node = new Node({ hard: "memory.available<100Mi" });
  node.using.set("small", 50).set("large", 400);
  await node.seconds(10);
  expect(node.log).toEqual([]);

  node.freeMi = 80;
  await node.seconds(10);
  const reclaiming = "EvictionThresholdMet: Attempting to reclaim memory";
  expect(node.log.splice(0)).toEqual(["conditions: MemoryPressure", reclaiming, "evict large within 1 s"]);

  await node.seconds(10);
  expect(node.log).toEqual([]);
  node.over.add("large");
  await node.seconds(10);
  expect(node.log.splice(0)).toEqual([reclaiming, "evict small within 1 s"]);
});

test("a victim that does not end in 30 seconds holds up the next one no longer", async () => {
  const node = new Node({ hard: "memory.available<100Mi" });
  node.using.set("stubborn", 400).set("other", 50);
  node.freeMi = 80;
  await node.seconds(30);
  expect(node.log.filter((line) => line.startsWith("evict"))).toEqual(["evict stubborn within 1 s"]);
  await node.seconds(10);
  expect(node.log.filter((line) => line.startsWith("evict"))).toHaveLength(2);
});

test("a soft threshold leaves the pod time to end", async () => {
  const node = new Node({ soft: "memory.available<200Mi", softGracePeriod: "memory.available=30s" });
  node.using.set("p", 100);
  node.freeMi = 150;
  await node.seconds(30);
  expect(node.log).toEqual(["conditions: MemoryPressure"]);
  await node.seconds(10);
  expect(node.log).toContain("evict p within 20 s");
});

test("a disk that images can be taken from costs no pod", async () => {
  const node = new Node({ hard: "nodefs.available<10%" });
  node.using.set("p", 1);
  node.diskFree = 50;
  node.freedByImages = 500;
  await node.seconds(10);
  expect(node.log).toEqual([
    "conditions: DiskPressure",
    "EvictionThresholdMet: Attempting to reclaim ephemeral-storage",
    "free disk",
  ]);
});

test("under memory pressure pods that ask for memory are taken, others are not", async () => {
  const node = new Node({ hard: "memory.available<100Mi" });
  expect(node.manager.refusalOf(podOf("p"))).toBeUndefined();
  node.freeMi = 80;
  await node.seconds(10);
  const message = "The node had condition: [MemoryPressure]. ";
  expect(node.manager.refusalOf(podOf("p"))).toEqual({ reason: "Evicted", message });
  const resources = { requests: { memory: "1Mi" } };
  const asking = podOf("p", { containers: [{ name: "c", image: "box", resources }] });
  expect(node.manager.refusalOf(asking)).toBeUndefined();
  const tolerations = [{ key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" }];
  expect(node.manager.refusalOf(podOf("p", { tolerations }))).toBeUndefined();
  expect(node.manager.refusalOf(podOf("p", { priority: 2_000_000_000 }))).toBeUndefined();
});

test("under disk pressure no pod is taken but critical ones", async () => {
  const node = new Node({ hard: "nodefs.available<10%" });
  node.diskFree = 50;
  await node.seconds(10);
  const resources = { requests: { memory: "1Mi" } };
  const asking = podOf("p", { containers: [{ name: "c", image: "box", resources }] });
  expect(node.manager.refusalOf(asking)?.message).toBe("The node had condition: [DiskPressure]. ");
  expect(node.manager.refusalOf(podOf("p", { priority: 2_000_000_000 }))).toBeUndefined();
});
