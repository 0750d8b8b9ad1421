import { expect, test } from "vitest";
import type { Container, Pod } from "../../api/types/index.ts";
import { testHost } from "../../host/index.ts";
import type { Cgroups } from "./cgroup-files.ts";
import {
  type CgroupName,
  classCgroup,
  partOf,
  podCgroup,
  podsCgroup,
  runtimePath,
  sliceAbove,
} from "./cgroup-names.ts";
import { cpuWeightOf } from "./cpu.ts";
import { PodCgroups } from "./pod-cgroups.ts";
import { type CgroupLimits, podLimits } from "./pod-limits.ts";

type Amounts = Record<string, string>;

function container(requests?: Amounts, limits?: Amounts): Container {
  return { name: "c", image: "box", resources: { requests, limits } };
}

function podOf(uid: string, containers: Container[], spec: Partial<Pod["spec"]> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: uid, namespace: "default", uid },
    spec: { ...spec, containers },
  };
}

const bestEffort = podOf("be", [container()]);
const burstable = podOf("bu", [container({ cpu: "500m" }), container({ cpu: "250m", memory: "1Gi" })]);
const guaranteed = podOf("gu", [
  container({ cpu: "1", memory: "64Mi" }, { cpu: "1", memory: "64Mi" }),
  container({ cpu: "1", memory: "64Mi" }, { cpu: "1", memory: "64Mi" }),
]);

test("guaranteed pods are below all pods, the others below their class", () => {
  const paths = [bestEffort, burstable, guaranteed].map((pod) => runtimePath(podCgroup([], pod), "cgroupfs"));
  expect(paths).toEqual(["/kubepods/besteffort/podbe", "/kubepods/burstable/podbu", "/kubepods/podgu"]);
});

test("a slice's name tells its whole place", () => {
  const name = podCgroup(["node-1"], podOf("1234-ab", [container()]));
  expect(runtimePath(name, "systemd")).toBe(
    "/node_1.slice/node_1-kubepods.slice/node_1-kubepods-besteffort.slice/node_1-kubepods-besteffort-pod1234_ab.slice",
  );
  expect([sliceAbove(name), sliceAbove(podsCgroup([]))]).toEqual(["node_1-kubepods-besteffort.slice", "-.slice"]);
});

test("a pod's slice tells its uid, other slices beside it tell none", () => {
  const above = classCgroup([], "Burstable");
  expect(partOf("kubepods-burstable-pod1234_ab.slice", above)).toBe("pod1234-ab");
  const others = ["kubepods-burstable.slice", "kubepods-burstable-podx-y.slice", "cri-containerd-1.scope"];
  expect(others.map((slice) => partOf(slice, above))).toEqual([undefined, undefined, undefined]);
});

test("a pod is limited as a whole where all its containers are", () => {
  expect(podLimits(guaranteed, 100)).toMatchObject({
    cpuShares: 2048,
    cpuQuotaMicros: 200_000,
    memoryBytes: 128 * 1024 * 1024,
    processes: 100,
  });
  expect(podLimits(burstable, -1)).toMatchObject({ cpuShares: 768, cpuQuotaMicros: -1, memoryBytes: -1 });
  expect(podLimits(bestEffort, -1)).toMatchObject({ cpuShares: 2 });
});

test("a pod's own limits stand for those that its containers lack", () => {
  const resources = { requests: { cpu: "1" }, limits: { cpu: "2", memory: "1Gi" } };
  expect(podLimits(podOf("p", [container()], { resources }), -1)).toMatchObject({
    cpuShares: 1024,
    cpuQuotaMicros: 200_000,
    memoryBytes: 1024 ** 3,
  });
});

test("huge pages are limited by size as the kernel names it", () => {
  const pod = podOf("p", [container({ "hugepages-2Mi": "4Mi", cpu: "1" }, { "hugepages-2Mi": "4Mi" })]);
  expect([...(podLimits(pod, -1).hugepageBytes ?? [])]).toEqual([["2MB", 4 * 1024 * 1024]]);
});

test("shares become weights in the same order", () => {
  expect([2, 1024, 262_144].map(cpuWeightOf)).toEqual([1, 39, 10_000]);
});

/** Cgroups as a map of limits. */
class Kernel implements Cgroups {
  readonly version = 2;
  readonly limits = new Map<string, CgroupLimits>();
  set = async (name: CgroupName, limits: CgroupLimits): Promise<void> => {
    const path = name.join("/");
    this.limits.set(path, { ...this.limits.get(path), ...limits });
  };
  remove = async (name: CgroupName): Promise<void> => void this.limits.delete(name.join("/"));
  children = async (name: CgroupName): Promise<readonly string[]> => {
    const above = `${name.join("/")}/`;
    return [...this.limits.keys()].flatMap((path) =>
      path.startsWith(above) && !path.slice(above.length).includes("/") ? [path.slice(above.length)] : [],
    );
  };
}

async function treeOf(pods: Pod[]) {
  const kernel = new Kernel();
  const host = testHost();
  const allPods = { milliCpu: 4000, memoryBytes: 1024 ** 3 };
  const tree = new PodCgroups({ host, cgroups: kernel, driver: "cgroupfs", allPods, pods: () => pods });
  await tree.start();
  return { kernel, host, tree };
}

test("all pods share what is not reserved, and the burstable ones what they ask for together", async () => {
  const pods: Pod[] = [];
  const { kernel, host, tree } = await treeOf(pods);
  expect(kernel.limits.get("kubepods")).toEqual({ cpuShares: 4096, memoryBytes: 1024 ** 3 });
  expect(kernel.limits.get("kubepods/besteffort")?.cpuShares).toBe(2);
  expect(kernel.limits.get("kubepods/burstable")?.cpuShares).toBe(2);
  pods.push(burstable);
  await tree.ensure(burstable);
  expect(kernel.limits.get("kubepods/burstable")?.cpuShares).toBe(768);
  expect(kernel.limits.get("kubepods/burstable/podbu")?.cpuShares).toBe(768);
  pods.pop();
  await tree.release(burstable);
  await host.clock.advance(60_000);
  expect(kernel.limits.get("kubepods/burstable")?.cpuShares).toBe(2);
  expect(kernel.limits.has("kubepods/burstable/podbu")).toBe(false);
});

test("what is left of pods that nobody knows is removed", async () => {
  const { kernel, tree } = await treeOf([]);
  for (const pod of [bestEffort, burstable, guaranteed]) await tree.ensure(pod);
  await tree.removeOrphans((uid) => uid === "gu");
  expect([...kernel.limits.keys()].filter((path) => path.includes("/pod"))).toEqual(["kubepods/podgu"]);
});
