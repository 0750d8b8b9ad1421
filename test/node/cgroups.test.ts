import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Pod } from "../../src/api/types/index.ts";
import { resources } from "../../src/index.ts";
import { boxPod, containerdNeeds, isReady, RealNodeBox } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";

const reason = missing(containerdNeeds);
const mount = "/sys/fs/cgroup";
const isV2 = existsSync(`${mount}/cgroup.controllers`);

let box: RealNodeBox;
const root = () => box.containerd.cgroup;

/** A file of a pod's cgroup, by its names in both versions. */
function read(place: string, v1: string, v2: string): string {
  const [controller] = v1.split(".");
  return readFileSync(
    isV2 ? `${mount}/${root()}/${place}/${v2}` : `${mount}/${controller}/${root()}/${place}/${v1}`,
    "utf8",
  ).trim();
}

const uidOf = ({ metadata }: Pod) => metadata.uid ?? "";

describe.skipIf(reason !== undefined)(`cgroups of a real node${reason === undefined ? "" : ` (${reason})`}`, () => {
  beforeAll(async () => {
    box = await RealNodeBox.start({ limits: { podPidsLimit: 50, reserved: [{ memory: "1Gi" }] } });
  });
  afterAll(() => box?.stop());

  test("a guaranteed pod is limited as a whole, its containers run below it, and nothing is left of it", async () => {
    const namespace = await box.namespace();
    const resources = { limits: { cpu: "500m", memory: "64Mi" } };
    await box.create(namespace, boxPod("p", "sleep 1000", { resources }));
    const pod = await box.podUntil(namespace, "p", isReady);
    const place = `kubepods/pod${uidOf(pod)}`;
    expect(read(place, "memory.limit_in_bytes", "memory.max")).toBe(String(64 * 1024 * 1024));
    expect(read(place, "pids.max", "pids.max")).toBe("50");
    expect(isV2 ? read(place, "cpu", "cpu.max") : read(place, "cpu.cfs_quota_us", "")).toBe(
      isV2 ? "50000 100000" : "50000",
    );
    expect(await box.exec(pod, "c", "cat", "/proc/1/cgroup")).toContain(isV2 ? "0::" : `/${root()}/${place}/`);

    await box.delete(namespace, "p");
    await box.podGone(namespace, "p");
    const folder = isV2 ? `${mount}/${root()}/${place}` : `${mount}/memory/${root()}/${place}`;
    await eventually(
      async () => existsSync(folder),
      (exists) => !exists,
    );
  });

  test("burstable and best-effort pods are below their class", async () => {
    const namespace = await box.namespace();
    await box.create(namespace, boxPod("bu", "sleep 1000", { resources: { requests: { cpu: "250m" } } }));
    await box.create(namespace, boxPod("be", "sleep 1000"));
    const burstable = await box.podUntil(namespace, "bu", isReady);
    const bestEffort = await box.podUntil(namespace, "be", isReady);
    expect(read(`kubepods/burstable/pod${uidOf(burstable)}`, "cpu.shares", "cpu.weight")).toBe(isV2 ? "10" : "256");
    expect(read(`kubepods/besteffort/pod${uidOf(bestEffort)}`, "cpu.shares", "cpu.weight")).toBe(isV2 ? "1" : "2");
    expect(read("kubepods/burstable", "cpu.shares", "cpu.weight")).toBe(isV2 ? "10" : "256");
  });

  test("containers that together take more than their pod may have are killed, and the pod says why", async () => {
    const namespace = await box.namespace();
    const spec = { restartPolicy: "Never", resources: { limits: { memory: "32Mi" }, requests: { memory: "32Mi" } } };
    await box.create(namespace, boxPod("p", "tail /dev/zero", {}, spec));
    const pod = await box.podUntil(namespace, "p", ({ status }) => status?.phase === "Failed");
    expect(pod.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ reason: "OOMKilled", exitCode: 137 });
  });

  test("a running container and its pod are resized in place, without a restart", async () => {
    const namespace = await box.namespace();
    const limited = (cpu: string, memory: string) => ({ limits: { cpu, memory }, requests: { cpu, memory } });
    await box.create(namespace, boxPod("p", "sleep 1000", { resources: limited("200m", "64Mi") }));
    const before = await box.podUntil(namespace, "p", isReady);
    const place = `kubepods/pod${uidOf(before)}`;
    const quota = () => (isV2 ? read(place, "cpu", "cpu.max") : read(place, "cpu.cfs_quota_us", "")).split(" ")[0];
    expect(quota()).toBe("20000");

    const change = { spec: { containers: [{ name: "c", resources: limited("100m", "128Mi") }] } };
    const key = { namespace, name: "p" };
    await box.client.resource(resources.pods).subresource("resize").patch(key, "strategic", change);
    const after = await box.podUntil(
      namespace,
      "p",
      ({ status }) => status?.containerStatuses?.[0]?.resources?.limits?.memory === "128Mi",
    );
    expect(after.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 0,
      containerID: before.status?.containerStatuses?.[0]?.containerID,
      allocatedResources: { cpu: "100m", memory: "128Mi" },
    });
    await eventually(
      async () => quota(),
      (micros) => micros === "10000",
    );
    expect(read(place, "memory.limit_in_bytes", "memory.max")).toBe(String(128 * 1024 * 1024));
    const own = isV2 ? "/sys/fs/cgroup/memory.max" : "/sys/fs/cgroup/memory/memory.limit_in_bytes";
    expect((await box.exec(after, "c", "cat", own)).trim()).toBe(String(128 * 1024 * 1024));
  });
});
