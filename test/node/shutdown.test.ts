// A node with real containers whose machine is about to go down, as its users see it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Pod } from "../../src/api/types/index.ts";
import { systemClock } from "../../src/host/index.ts";
import { openLogind } from "../../src/kubelet/shutdown/index.ts";
import { boxPod, containerdNeeds, isReady, RealNodeBox } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";
import { systemBusNeeds, TestSystemBus } from "../support/system-bus/index.ts";

const needs = { ...containerdNeeds, ...systemBusNeeds };
const reason = missing({ ...needs, programs: { ...containerdNeeds.programs, ...systemBusNeeds.programs } });

let bus: TestSystemBus;
let box: RealNodeBox;

const endOf = (pod: Pod) => Date.parse(pod.status?.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? "");

describe.skipIf(reason !== undefined)(`shutdown of a real node${reason === undefined ? "" : ` (${reason})`}`, () => {
  beforeAll(async () => {
    bus = await TestSystemBus.start();
    box = await RealNodeBox.start({
      shutdown: {
        periods: [
          { priority: 0, shutdownGracePeriodSeconds: 4 },
          { priority: 1000, shutdownGracePeriodSeconds: 3 },
        ],
        openLogin: () => openLogind(systemClock, bus.configFolder),
      },
    });
  });
  afterAll(async () => {
    await box?.stop();
    await bus?.stop();
  });

  test("its pods end in the order of their priority, and then the shutdown goes on", async () => {
    await bus.until((events) => events.some(({ event }) => event === "inhibit"));
    const namespace = await box.namespace();
    const polite = "trap 'exit 0' TERM; while true; do sleep 0.1; done";
    const deaf = "trap '' TERM; while true; do sleep 0.1; done";
    await box.create(namespace, boxPod("polite", polite, {}, { terminationGracePeriodSeconds: 30 }));
    await box.create(namespace, boxPod("deaf", deaf, {}, { terminationGracePeriodSeconds: 600 }));
    const important = { terminationGracePeriodSeconds: 30, priorityClassName: "system-node-critical" };
    await box.create(namespace, boxPod("important", polite, {}, important));
    const names = ["polite", "deaf", "important"];
    for (const name of names) await box.podUntil(namespace, name, isReady);

    bus.command("shutdown true");
    await eventually(
      () => box.node(),
      ({ status }) => status?.conditions?.find(({ type }) => type === "Ready")?.message === "node is shutting down",
    );
    await box.create(namespace, boxPod("late", polite, {}, { nodeName: "node-1" }));
    expect((await box.podUntil(namespace, "late", ({ status }) => status?.phase === "Failed")).status).toMatchObject({
      reason: "NodeShutdown",
      message: "Pod was rejected: Pod was rejected as the node is shutting down.",
    });
    expect(bus.of("released")).toEqual([]);
    await bus.until((events) => events.some(({ event }) => event === "released"), 20_000);

    const pods = new Map<string, Pod>();
    for (const name of names) {
      const pod = await box.podUntil(namespace, name, ({ status }) => status?.phase === "Failed");
      pods.set(name, pod);
      expect(pod.status).toMatchObject({
        reason: "Terminated",
        message: "Pod was terminated in response to imminent node shutdown.",
      });
      expect(pod.status?.conditions?.find(({ type }) => type === "DisruptionTarget")).toMatchObject({
        status: "True",
        reason: "TerminationByKubelet",
      });
    }
    const [first, second, last] = names.map((name) => pods.get(name) as Pod) as [Pod, Pod, Pod];
    expect(second.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(137);
    expect(last.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
    expect(endOf(second)).toBeGreaterThanOrEqual(endOf(first));
    expect(endOf(last)).toBeGreaterThanOrEqual(endOf(second));
    const state = JSON.parse(readFileSync(join(box.rootDir, "graceful_node_shutdown_state"), "utf8"));
    expect(Date.parse(state.endTime) - Date.parse(state.startTime)).toBeGreaterThanOrEqual(3000);
  });

  test("after a cancellation it is ready again, runs pods, and holds the next shutdown back", async () => {
    bus.command("shutdown false");
    await bus.until((events) => events.filter(({ event }) => event === "inhibit").length === 2);
    const namespace = await box.namespace();
    await eventually(
      () => box.node(),
      ({ status }) => status?.conditions?.find(({ type }) => type === "Ready")?.status === "True",
    );
    await box.create(namespace, boxPod("p", "sleep 1000"));
    await box.podUntil(namespace, "p", isReady);
  });

  test("when the kubelet ends it holds nothing back any more", async () => {
    await box.stopKubelet();
    await bus.until((events) => events.filter(({ event }) => event === "released").length === 2);
    await box.startKubelet();
  });
});
