import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContainerStatus, Pod, ResourceRequirements } from "../../src/api/types/index.ts";
import { resources } from "../../src/index.ts";
import { boxImage, containerdNeeds, isReady, RealNodeBox } from "../support/containerd/index.ts";
import { missing } from "../support/requires.ts";

const reason = missing(containerdNeeds);
const suffix = reason === undefined ? "" : ` (${reason})`;

/** Requests and limits; an amount that is empty is not there. */
interface Sizes {
  readonly cpu?: string;
  readonly cpuLimit?: string;
  readonly memory?: string;
  readonly memoryLimit?: string;
}

type Containers = Readonly<Record<string, Sizes>>;

const exactly = (cpu: string, memory: string): Sizes => ({ cpu, cpuLimit: cpu, memory, memoryLimit: memory });

describe.skipIf(reason !== undefined)(`pods that are resized on a real node${suffix}`, () => {
  let box: RealNodeBox;
  beforeAll(async () => {
    box = await RealNodeBox.start();
  });
  afterAll(() => box?.stop());

  const running = async (namespace: string, containers: Containers): Promise<Pod> => {
    const shown = Object.entries(containers).map(([name, sizes]) => ({
      name,
      image: boxImage,
      imagePullPolicy: "Never",
      command: ["/bin/sh"],
      args: ["-c", "grep Cpus_allowed_list /proc/self/status | cut -f2 && sleep 86400"],
      resources: requirements(sizes),
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    }));
    const spec = {
      os: { name: "linux" },
      containers: shown,
      restartPolicy: "OnFailure",
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
    };
    await box.create(namespace, { metadata: { name: "p" }, spec });
    return await box.podUntil(namespace, "p", isReady);
  };

  const asked = async (namespace: string, containers: Containers): Promise<Pod> => {
    const patch = {
      spec: {
        containers: Object.entries(containers).map(([name, sizes]) => ({ name, resources: requirements(sizes) })),
      },
    };
    const subresource = box.client.resource(resources.pods).subresource("resize");
    return (await subresource.patch({ namespace, name: "p" }, "strategic", patch)) as Pod;
  };

  const resized = (namespace: string, wanted: Containers): Promise<Pod> =>
    box.podUntil(namespace, "p", (pod) => {
      const waits = pod.status?.conditions?.some(({ type }) => type.startsWith("PodResize")) ?? false;
      return !waits && isReady(pod) && JSON.stringify(told(pod)) === JSON.stringify(asTold(wanted));
    });

  /** What the kernel holds a container to, as seen from within. */
  const expectLimits = async (pod: Pod, wanted: Containers): Promise<void> => {
    for (const [name, sizes] of Object.entries(wanted)) {
      const read = async (v1: string, v2: string): Promise<string> => {
        const script = `head -n 1 /sys/fs/cgroup/${v1} 2>/dev/null || head -n 1 /sys/fs/cgroup/${v2}`;
        return (await box.exec(pod, name, "sh", "-c", script)).trim();
      };
      const quota = sizes.cpuLimit === undefined ? -1 : Math.max(1000, milli(sizes.cpuLimit) * 100);
      expect(["-1", "max 100000"].includes(await read("cpu/cpu.cfs_quota_us", "cpu.max")), `quota of ${name}`).toBe(
        quota === -1,
      );
      if (quota !== -1) {
        const rounded = Math.ceil(quota / 1000) * 1000;
        const expected = [quota, rounded].flatMap((one) => [String(one), `${one} 100000`]);
        expect(expected, `quota of ${name}`).toContain(await read("cpu/cpu.cfs_quota_us", "cpu.max"));
      }
      const shares = Math.max(2, Math.floor((milli(sizes.cpu ?? sizes.cpuLimit ?? "0") * 1024) / 1000));
      const weight = 1 + Math.floor(((shares - 2) * 9999) / 262_142);
      expect([String(shares), String(weight)], `shares of ${name}`).toContain(
        await read("cpu/cpu.shares", "cpu.weight"),
      );
      if (sizes.memoryLimit === undefined) continue;
      const bytes = String(Number.parseInt(sizes.memoryLimit, 10) * 1024 * 1024);
      expect(await read("memory/memory.limit_in_bytes", "memory.max"), `memory of ${name}`).toBe(bytes);
    }
  };

  /** There, and back again. */
  const expectResize = async (before: Containers, after: Containers, back = true): Promise<void> => {
    const namespace = await box.namespace();
    const pod = await running(namespace, before);
    expect(told(pod)).toEqual(asTold(before));
    await expectLimits(pod, before);
    for (const sizes of back ? [after, before] : [after]) {
      const patched = await asked(namespace, sizes);
      const spec = patched.spec.containers.map(({ name, resources: own }) => [name, own]);
      expect(Object.fromEntries(spec)).toEqual(asTold(sizes));
      const now = await resized(namespace, sizes);
      await expectLimits(now, sizes);
      for (const status of now.status?.containerStatuses ?? []) {
        expect(status.restartCount, status.name).toBe(0);
        expect(status.containerID, status.name).toBe(statusOf(pod, status.name).containerID);
      }
    }
    await box.delete(namespace, "p", 0);
  };

  const before = { c1: exactly("20m", "35Mi"), c2: exactly("22m", "37Mi"), c3: exactly("24m", "39Mi") };

  test("In-place Pod Resize, guaranteed pods with multiple containers, net increase", () =>
    expectResize(before, { c1: exactly("25m", "40Mi"), c2: exactly("27m", "42Mi"), c3: exactly("19m", "34Mi") }));

  test("In-place Pod Resize, guaranteed pods with multiple containers, net decrease", () =>
    expectResize(before, { c1: exactly("25m", "40Mi"), c2: exactly("17m", "32Mi"), c3: exactly("19m", "34Mi") }));

  test("In-place Pod Resize, guaranteed pods with multiple containers, various operations", () =>
    expectResize(before, { c1: exactly("25m", "35Mi"), c2: exactly("17m", "42Mi"), c3: exactly("29m", "44Mi") }));

  test("In-place Pod Resize, burtable pod with multiple containers and various operations", () =>
    expectResize(
      {
        c1: { cpu: "20m" },
        c2: { memory: "35Mi" },
        c3: { cpu: "20m", memory: "35Mi" },
        c4: { cpu: "20m" },
        c5: { memory: "35Mi" },
      },
      {
        c1: { cpu: "25m", cpuLimit: "35m" },
        c2: { memory: "30Mi", memoryLimit: "50Mi" },
        c3: { cpu: "20m", memory: "30Mi" },
        c4: { cpu: "15m", memory: "35Mi" },
        c5: { cpu: "20m", memory: "40Mi" },
      },
      false,
    ));

  test("In-place Pod Resize, burstable pod resized with equivalents", () =>
    expectResize({ c1: { cpu: "2m", cpuLimit: "10m" } }, { c1: { cpu: "1m", cpuLimit: "5m" } }));

  test("a memory limit below what is used is refused, and the pod says so until it is given back", async () => {
    const namespace = await box.namespace();
    const usual = { c1: { memory: "35Mi", memoryLimit: "35Mi" } };
    await running(namespace, usual);
    const tiny = { requests: { memory: "10Ki" }, limits: { memory: "10Ki" } };
    const patch = { spec: { containers: [{ name: "c1", resources: tiny }] } };
    const subresource = box.client.resource(resources.pods).subresource("resize");
    await subresource.patch({ namespace, name: "p" }, "strategic", patch);
    const failed = await box.podUntil(namespace, "p", ({ status }) =>
      (status?.conditions ?? []).some(({ type, reason: why }) => type === "PodResizeInProgress" && why === "Error"),
    );
    const condition = failed.status?.conditions?.find(({ type }) => type === "PodResizeInProgress");
    expect(condition?.message).toMatch(/memory limit \(\d+\) below current usage/);
    expect(told(failed)).toEqual(asTold(usual));
    await asked(namespace, usual);
    await resized(namespace, usual);
  });
});

function requirements({ cpu, memory, cpuLimit, memoryLimit }: Sizes): ResourceRequirements {
  const list = (one: string | undefined, other: string | undefined) => ({
    ...(one === undefined ? {} : { cpu: one }),
    ...(other === undefined ? {} : { memory: other }),
  });
  const [limits, requests] = [list(cpuLimit, memoryLimit), list(cpu, memory)];
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
  };
}

const asTold = (containers: Containers) =>
  Object.fromEntries(Object.entries(containers).map(([name, sizes]) => [name, requirements(sizes)]));

const told = ({ status }: Pod) =>
  Object.fromEntries((status?.containerStatuses ?? []).map((one) => [one.name, one.resources]));

function statusOf({ status }: Pod, name: string): ContainerStatus {
  const found = status?.containerStatuses?.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no status of ${name}`);
  return found;
}

const milli = (cpu: string): number => (cpu.endsWith("m") ? Number.parseInt(cpu, 10) : Number(cpu) * 1000);
