import { afterEach, expect, test } from "vitest";
import { resources, type scheduling } from "../../../src/index.ts";
import { startWorld, type World } from "./world.ts";

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

test("a plugin written in TypeScript filters and scores", async () => {
  const evenNodes: scheduling.Plugin = {
    name: "EvenNodes",
    prepareFilter: () => (node) =>
      Number(node.name.slice("node-".length)) % 2 === 0
        ? undefined
        : { plugin: "EvenNodes", reasons: ["node(s) were odd"], resolvable: false },
    prepareScore: () => (node) => (node.name === "node-4" ? 100 : 0),
  };
  world = await startWorld({ nodes: { count: 4 }, scheduler: { plugins: [evenNodes] } });
  for (const name of ["a", "b"]) await world.create(name);
  await world.create("c", { nodeSelector: { "kubernetes.io/hostname": "node-1" } });
  await world.host.clock.advance(1000);
  expect(await Promise.all(["a", "b"].map(world.nodeOf))).toEqual(["node-4", "node-4"]);
  expect((await world.condition("c"))?.message).toBe(
    "0/4 nodes are available: 1 node(s) were odd, 3 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
  );
});

test("a Permit plugin approves, denies, and lets pods wait until somebody decides or the time is up", async () => {
  let waiting: scheduling.WaitingPods | undefined;
  const gate = {
    name: "Gate",
    create: (_: unknown, handle: scheduling.PluginHandle): scheduling.Plugin => {
      waiting = handle.waitingPods;
      return {
        name: "Gate",
        wakesOn: {},
        permit: ({ labels }) => {
          if (labels.permit === "no") return { kind: "deny", message: "not today" };
          return labels.permit === "wait" ? { kind: "wait", timeoutMs: 20_000 } : { kind: "approve" };
        },
      };
    },
  };
  world = await startWorld({ scheduler: { plugins: [gate] } });
  for (const [name, permit] of [
    ["denied", "no"],
    ["free", "yes"],
    ["approved", "wait"],
    ["late", "wait"],
  ] as const) {
    await world.create(name, {}, { labels: { permit } });
  }
  await world.host.clock.advance(1000);
  expect(await world.nodeOf("free")).toBeDefined();
  expect(await world.condition("denied")).toMatchObject({ message: "0/1 nodes are available: 1 not today." });
  expect(waiting?.list().map(({ info, pending }) => [info.key, pending])).toEqual([
    ["default/approved", ["Gate"]],
    ["default/late", ["Gate"]],
  ]);
  expect(await world.nodeOf("approved")).toBeUndefined();
  waiting?.get("default/approved")?.approve("Gate");
  await world.host.clock.advance(1000);
  expect(await world.nodeOf("approved")).toBeDefined();
  await world.host.clock.advance(20_000);
  expect(await world.nodeOf("late")).toBeUndefined();
  expect((await world.condition("late"))?.message).toContain(
    "rejected due to timeout after waiting 20s at plugin Gate",
  );
});

test("Reserve, PreBind, Bind and PostBind are called in order, and what was reserved is released when binding fails", async () => {
  const calls: string[] = [];
  let fails = true;
  const recorder: scheduling.Plugin = {
    name: "Recorder",
    prepareReserve: ({ key }) => {
      calls.push(`reserve ${key}`);
      return { plugin: "Recorder", release: (bound) => calls.push(`release ${key} ${bound}`) };
    },
    preBind: async ({ key }) => {
      calls.push(`prebind ${key}`);
      if (fails) throw new Error("no disk");
    },
    bind: async ({ key }) => {
      calls.push(`bind ${key}`);
      return "skip";
    },
    postBind: ({ key }) => {
      calls.push(`postbind ${key}`);
    },
  };
  world = await startWorld({ scheduler: { plugins: [recorder] } });
  await world.create("p");
  await world.host.clock.advance(100);
  expect(calls).toEqual(["reserve default/p", "prebind default/p", "release default/p false"]);
  expect(await world.condition("p")).toEqual({
    status: "False",
    reason: "SchedulerError",
    message: 'running PreBind plugin "Recorder": no disk',
  });
  fails = false;
  calls.length = 0;
  await world.host.clock.advance(1500);
  expect(await world.nodeOf("p")).toBeDefined();
  expect(calls).toEqual([
    "reserve default/p",
    "prebind default/p",
    "bind default/p",
    "postbind default/p",
    "release default/p true",
  ]);
});

test("a pod that takes the name of one that was deleted while it waited gets its node", async () => {
  const slow: scheduling.Plugin = {
    name: "Slow",
    permit: ({ labels }) => (labels.slow ? { kind: "wait", timeoutMs: 60_000 } : { kind: "approve" }),
  };
  world = await startWorld({ scheduler: { plugins: [slow] } });
  await world.create("p", { terminationGracePeriodSeconds: 0 }, { labels: { slow: "yes" } });
  await world.host.clock.advance(1000);
  await world.client.resource(resources.pods).delete({ namespace: "default", name: "p" });
  await world.create("p");
  await world.host.clock.advance(2000);
  expect(await world.nodeOf("p")).toBeDefined();
  expect((await world.eventsOf("p")).filter((event) => event.startsWith("FailedScheduling"))).toEqual([]);
});

test("a gated pod waits, says so, and is scheduled when its gates are gone", async () => {
  world = await startWorld();
  await world.create("p", { schedulingGates: [{ name: "example.com/quota" }] });
  await world.host.clock.advance(60_000);
  expect(await world.condition("p")).toMatchObject({ status: "False", reason: "SchedulingGated" });
  expect(await world.host.metrics.render()).toContain('scheduler_pending_pods{queue="gated"} 1');
  await world.client
    .resource(resources.pods)
    .patch({ namespace: "default", name: "p" }, "merge", { spec: { schedulingGates: [] } });
  await world.host.clock.advance(1000);
  expect(await world.nodeOf("p")).toBeDefined();
});

test("profiles schedule in their own ways, pods choose by schedulerName, others are left alone", async () => {
  const packing: scheduling.ProfileConfig = {
    schedulerName: "packing",
    plugins: { score: { disabled: [{ name: "*" }], enabled: [{ name: "NodeResourcesFit" }] } },
    pluginConfig: new Map([
      [
        "NodeResourcesFit",
        {
          ignoredResources: [],
          ignoredResourceGroups: [],
          scoringStrategy: { type: "MostAllocated", resources: [{ name: "cpu", weight: 1 }] },
        },
      ],
    ]),
  };
  world = await startWorld({
    nodes: { count: 3 },
    scheduler: { profiles: [{ schedulerName: "default-scheduler" }, packing] },
  });
  const names = Array.from({ length: 6 }, (_, i) => `p${i}`);
  for (const name of names) await world.create(name, { schedulerName: "packing" });
  await world.create("other", { schedulerName: "nobody" });
  await world.host.clock.advance(2000);
  expect(new Set(await Promise.all(names.map(world.nodeOf))).size).toBe(1);
  expect(await world.nodeOf("other")).toBeUndefined();
  expect(await world.condition("other")).toBeUndefined();
});

test("the same seed gives the same placements", async () => {
  const run = async () => {
    const started = await startWorld({ nodes: { count: 5 } }, 42);
    const names = Array.from({ length: 30 }, (_, i) => `p${i}`);
    for (const name of names) await started.create(name);
    await started.host.clock.advance(2000);
    const placed = await Promise.all(names.map(started.nodeOf));
    await started.stop();
    return placed;
  };
  const first = await run();
  expect(first).not.toContain(undefined);
  expect(await run()).toEqual(first);
});
