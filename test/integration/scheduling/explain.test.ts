import { afterEach, expect, test } from "vitest";
import { resources, scheduling } from "../../../src/index.ts";
import { startWorld, type World } from "./world.ts";

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

const asking = (cpu: string) => ({ containers: [{ name: "c", image: "nginx", resources: { requests: { cpu } } }] });

async function explained({ client, host }: World, name: string): Promise<scheduling.Explanation> {
  const asked = scheduling.explainPod({ client, host, pod: { namespace: "default", name } });
  let done = false;
  void asked
    .catch(() => undefined)
    .finally(() => {
      done = true;
    });
  await host.clock.runUntil(() => done, 10_000);
  return asked;
}

test("a pending pod: every filter that refuses, by how much, what would help, equal nodes together", async () => {
  world = await startWorld({ nodes: { count: 3, cpu: "2" } });
  const nodes = world.client.resource(resources.nodes);
  await nodes.patch({ name: "node-3" }, "merge", {
    spec: { taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }] },
  });
  await world.create("p", asking("2300m"));
  await world.host.clock.advance(1000);
  const found = await explained(world, "p");
  expect(found).toMatchObject({ pod: "default/p", state: "pending", nodesTotal: 3, fitting: [], gates: [] });
  expect((await world.condition("p"))?.message).toContain(found.message);
  const shortage = { filter: "NodeResourcesFit", reasons: ["Insufficient cpu"] };
  expect(found.refused).toMatchObject([
    {
      nodes: ["node-1", "node-2"],
      refusals: [{ ...shortage, details: ["short of 300m cpu (asks 2300m, 2 free of 2)"] }],
    },
    { nodes: ["node-3"], refusals: [{ filter: "TaintToleration", details: ["taint gpu=yes:NoSchedule"] }, shortage] },
  ]);
  expect(found.refused[1]?.changes).toEqual([
    "tolerate gpu=yes:NoSchedule, or remove the taint",
    "ask for at most 2 cpu, or add a node with more cpu",
  ]);
  const text = scheduling.explanationText(found);
  expect(text).toContain("short of 300m cpu");
  expect(text).toContain("One of these would help:");
});

test("a bound pod: the scores that speak for its node, worked out without it", async () => {
  world = await startWorld({ nodes: { count: 2, cpu: "4" } });
  await world.create("first", asking("2"));
  await world.host.clock.advance(1000);
  await world.create("second", asking("2"));
  await world.host.clock.advance(1000);
  const node = await world.nodeOf("second");
  const found = await explained(world, "second");
  expect(found).toMatchObject({ state: "bound", node, refused: [], refusals: [] });
  expect(found.fitting[0]?.node).toBe(node);
  expect(found.fitting[0]?.scores.NodeResourcesFit).toBeGreaterThan(found.fitting[1]?.scores.NodeResourcesFit ?? 0);
  expect(found.weights).toMatchObject({ TaintToleration: 3, NodeResourcesFit: 1 });
  expect(found.notes[0]).toContain("without it");
});

test("a gated pod, and a pod whose claim is missing", async () => {
  world = await startWorld({ nodes: { count: 1, cpu: "2" } });
  await world.create("gated", { schedulingGates: [{ name: "a.b/c" }] });
  await world.create("claims", { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "none" } }] });
  await world.host.clock.advance(1000);
  expect(await explained(world, "gated")).toMatchObject({
    state: "gated",
    gates: ["waiting for scheduling gates: [a.b/c]"],
  });
  expect((await explained(world, "claims")).refusals).toMatchObject([
    { filter: "VolumeBinding", reasons: ['persistentvolumeclaim "none" not found'] },
  ]);
});

test("where preemption would make room, and who would have to go", async () => {
  world = await startWorld({ nodes: { count: 1, cpu: "2" }, scheduler: false });
  await world.client.resource(resources.priorityclasses).create({ metadata: { name: "high" }, value: 10 });
  await world.create("low", { ...asking("2"), nodeName: "node-1" });
  await world.create("urgent", { ...asking("2"), priorityClassName: "high" });
  expect((await explained(world, "urgent")).preemption).toEqual({ node: "node-1", victims: ["default/low"] });
});

test("what there is not, and what another scheduler has, is said so", async () => {
  world = await startWorld();
  await world.create("other", { schedulerName: "nobody" });
  await expect(explained(world, "none")).rejects.toThrow("pod default/none not found");
  await expect(explained(world, "other")).rejects.toThrow("pod default/other wants the scheduler nobody");
});
