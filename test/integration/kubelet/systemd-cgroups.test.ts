// What systemd is asked for by a kubelet whose cgroups it makes: over a real message bus, with a systemd that remembers.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Container, Pod } from "../../../src/api/types/index.ts";
import { systemHost } from "../../../src/host/index.ts";
import {
  CgroupError,
  type CgroupName,
  type Cgroups,
  openSystemdCgroups,
  PodCgroups,
} from "../../../src/kubelet/cgroups/index.ts";
import { missing } from "../../support/requires.ts";
import { systemBusNeeds, TestSystemBus } from "../../support/system-bus/index.ts";

const reason = missing(systemBusNeeds);
const unlimited = "18446744073709551615";
const host = systemHost({ log: { level: "error" } });

type Amounts = Record<string, string>;

function podOf(uid: string, limits: Amounts): Pod {
  const container: Container = { name: "c", image: "box", resources: { limits, requests: limits } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "d", uid },
    spec: { containers: [container] },
  };
}

/** The kernel's side: which cgroups it has. */
class Kernel implements Cgroups {
  readonly version = 2;
  readonly paths = new Set<string>();
  set = async (name: CgroupName): Promise<void> => void this.paths.add(name.join("/"));
  remove = async (name: CgroupName): Promise<void> => void this.paths.delete(name.join("/"));
  children = async (name: CgroupName): Promise<readonly string[]> => {
    const above = `${name.join("/")}/`;
    return [...this.paths].flatMap((path) =>
      path.startsWith(above) && !path.slice(above.length).includes("/") ? [path.slice(above.length)] : [],
    );
  };
}

describe.skipIf(reason !== undefined)(`cgroups by systemd${reason === undefined ? "" : ` (${reason})`}`, () => {
  const running = mkdtempSync(join(tmpdir(), "systemd-runs-"));
  const kernel = new Kernel();
  const pods: Pod[] = [];
  let bus: TestSystemBus;
  let tree: PodCgroups;
  beforeAll(async () => {
    bus = await TestSystemBus.start();
    const cgroups = await openSystemdCgroups(host, kernel, running);
    const allPods = { milliCpu: 3500, memoryBytes: 7 * 1024 ** 3 };
    tree = new PodCgroups({ host, cgroups, driver: "systemd", root: [], allPods, podPidsLimit: 100, pods: () => pods });
    await tree.start();
  });
  afterAll(async () => {
    tree?.stop();
    await bus?.stop();
    rmSync(running, { recursive: true });
  });

  /** What was asked for since the last time: `start UNIT`, ... */
  async function taken(): Promise<string[]> {
    return (await bus.take()).map(({ event, unit }) => `${event} ${unit}`);
  }

  test("all pods, and each class of them, get a slice; all together may use what is not reserved", async () => {
    const events = await bus.take();
    const of = (event: string) => events.filter((one) => one.event === event);
    expect(of("start").map(({ unit, properties }) => [unit, properties?.Wants])).toEqual([
      ["kubepods.slice", ["-.slice"]],
      ["kubepods-besteffort.slice", ["kubepods.slice"]],
      ["kubepods-burstable.slice", ["kubepods.slice"]],
    ]);
    expect(of("start")[0]).toEqual({
      event: "start",
      unit: "kubepods.slice",
      mode: "replace",
      properties: {
        Description: "libcontainer container kubepods.slice",
        Wants: ["-.slice"],
        MemoryAccounting: true,
        CPUAccounting: true,
        IOAccounting: true,
        TasksAccounting: true,
        DefaultDependencies: false,
      },
    });
    expect(of("set").map(({ unit, runtime, properties }) => [unit, runtime, properties])).toEqual([
      ["kubepods.slice", true, { MemoryMax: String(7 * 1024 ** 3), CPUWeight: "137" }],
      ["kubepods-besteffort.slice", true, { CPUWeight: "1" }],
      ["kubepods-burstable.slice", true, { CPUWeight: "1" }],
    ]);
  });

  const pod = podOf("0f1e-2d3c", { cpu: "500m", memory: "64Mi" });
  const unit = "kubepods-pod0f1e_2d3c.slice";

  test("a pod's slice is made before its containers, with the pod's limits, and the runtime told where it is", async () => {
    pods.push(pod);
    await tree.ensure(pod);
    expect(tree.parentOf(pod)).toBe(`/kubepods.slice/${unit}`);
    const events = await bus.take();
    expect(events.at(-1)).toEqual({
      event: "set",
      unit,
      runtime: true,
      properties: {
        MemoryMax: String(64 * 1024 ** 2),
        CPUWeight: "20",
        CPUQuotaPeriodUSec: "100000",
        CPUQuotaPerSecUSec: "500000",
        TasksMax: "100",
      },
    });
    const asked = events.map(({ event, unit: which }) => `${event} ${which}`);
    expect(asked).toEqual(["set kubepods-burstable.slice", `start ${unit}`, `set ${unit}`]);
    expect([...kernel.paths]).toContain(`kubepods.slice/${unit}`);
  });

  test("when a pod is resized its limits are lifted, and then the new ones", async () => {
    await tree.lift(pod);
    expect((await bus.take()).at(-1)?.properties).toMatchObject({
      MemoryMax: unlimited,
      CPUQuotaPerSecUSec: unlimited,
    });
    await tree.ensure(podOf("0f1e-2d3c", { cpu: "250m", memory: "128Mi" }));
    const events = await bus.take();
    expect(events.at(-1)?.properties).toMatchObject({
      MemoryMax: String(128 * 1024 ** 2),
      CPUQuotaPerSecUSec: "250000",
    });
    expect(events.filter(({ event }) => event === "start")).toEqual([]);
  });

  test("a kubelet that starts anew takes up the slices that are there", async () => {
    const cgroups = await openSystemdCgroups(host, kernel, running);
    await cgroups.set(["kubepods"], { cpuShares: 2 });
    cgroups.close?.();
    expect(await taken()).toEqual(["set kubepods.slice"]);
  });

  test("a slice that systemd cannot make is told of", async () => {
    const burstable = podOf("bad", { cpu: "1", memory: "1Gi" });
    bus.command("fail kubepods-podbad.slice");
    await expect(tree.ensure(burstable)).rejects.toThrow(
      "systemd did not create unit kubepods-podbad.slice: its job ended as failed",
    );
    expect(await taken()).toContain("reset kubepods-podbad.slice");
  });

  test("a slice that somebody stopped is made again", async () => {
    await bus.stopDaemon();
    bus.events.length = 0;
    await bus.startDaemon();
    await bus.startServices();
    await taken();
    const cgroups = await openSystemdCgroups(host, kernel, running);
    await cgroups.set(["kubepods"], { cpuShares: 2 });
    stopUnit("kubepods.slice");
    await cgroups.set(["kubepods"], { cpuShares: 4 });
    cgroups.close?.();
    expect(await taken()).toEqual([
      "start kubepods.slice",
      "set kubepods.slice",
      "stop kubepods.slice",
      "start kubepods.slice",
      "set kubepods.slice",
    ]);
  });

  test("slices of pods that are gone are stopped, those of others stay", async () => {
    const cgroups = await openSystemdCgroups(host, kernel, running);
    const again = new PodCgroups({
      host,
      cgroups,
      driver: "systemd",
      allPods: { milliCpu: 1, memoryBytes: 1 },
      pods: () => [],
    });
    try {
      await again.ensure(pod);
      await again.ensure(podOf("other", { cpu: "1", memory: "1Gi" }));
      await taken();
      await again.removeOrphans((uid) => uid === "other");
      expect((await taken()).filter((what) => what.startsWith("stop"))).toEqual([`stop ${unit}`]);
      await again.release(podOf("other", { cpu: "1", memory: "1Gi" }));
      expect((await taken())[0]).toBe("stop kubepods-podother.slice");
      expect([...kernel.paths].filter((path) => path.includes("-pod"))).toEqual([]);
    } finally {
      again.stop();
    }
  });

  test("without systemd the kubelet does not start", async () => {
    const error = "systemd not running on this host, cannot use systemd cgroups manager";
    await expect(openSystemdCgroups(host, kernel, join(running, "absent"))).rejects.toThrow(new CgroupError(error));
    mkdirSync(join(running, "there"));
    await bus.stopDaemon();
    await expect(openSystemdCgroups(host, kernel, join(running, "there"))).rejects.toThrow(
      /cannot use systemd cgroups manager: systemd does not answer/,
    );
  });

  function stopUnit(name: string): void {
    const address = `--address=${process.env.DBUS_SYSTEM_BUS_ADDRESS}`;
    const target = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"];
    execFileSync("busctl", [address, "call", ...target, "StopUnit", "ss", name, "replace"], { stdio: "ignore" });
  }
});
