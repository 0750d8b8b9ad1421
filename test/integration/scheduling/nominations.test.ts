// Nodes without a kubelet: pods that are to leave stay until the test lets them go.
import { afterEach, expect, test } from "vitest";
import { resources } from "../../../src/index.ts";
import { startWorld, type World } from "./world.ts";

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

async function start(nodes: readonly string[]): Promise<World> {
  const made = await startWorld({ nodes: { count: 0 } });
  world = made;
  const capacity = { cpu: "1", memory: "4Gi", pods: "110" };
  const now = new Date(made.host.clock.now()).toISOString().replace(/\.\d+/, "");
  const ready = { type: "Ready", status: "True", lastHeartbeatTime: now, lastTransitionTime: now };
  for (const name of nodes) {
    const labels = { "kubernetes.io/hostname": name };
    await made.client.resource(resources.nodes).create({ metadata: { name, labels }, spec: {} });
    const status = { capacity, allocatable: capacity, conditions: [ready] };
    await made.client.resource(resources.nodes).subresource("status").patch({ name }, "strategic", { status });
  }
  for (const [name, value] of [
    ["low", 1],
    ["medium", 10],
    ["high", 100],
  ] as const)
    await made.client.resource(resources.priorityclasses).create({ metadata: { name }, value });
  await settle(made);
  return made;
}

async function settle({ host }: World): Promise<void> {
  await host.clock.settle();
  await host.clock.advance(3000);
  await host.clock.settle();
}

const asking = (priorityClassName: string, cpu: string) => ({
  priorityClassName,
  containers: [{ name: "c", image: "i", resources: { requests: { cpu } } }],
});

const nominationOf = async (made: World, name: string) => (await made.pod(name)).status?.nominatedNodeName;

test("a pod that makes room takes the nominations of less important ones away", async () => {
  const made = await start(["only"]);
  await made.create("victim", asking("low", "800m"));
  await settle(made);
  expect(await made.nodeOf("victim")).toBe("only");
  await made.create("medium", asking("medium", "800m"));
  await settle(made);
  expect(await nominationOf(made, "medium")).toBe("only");
  expect((await made.pod("victim")).metadata.deletionTimestamp).toBeDefined();
  await made.create("high", asking("high", "800m"));
  await settle(made);
  expect(await nominationOf(made, "high")).toBe("only");
  expect(await nominationOf(made, "medium")).toBeUndefined();
});

test("a node that somebody else nominates for a waiting pod is kept for it, and no longer when that is taken back", async () => {
  const made = await start(["only"]);
  await made.create("waiting", { ...asking("high", "800m"), schedulingGates: [{ name: "example.com/wait" }] });
  await settle(made);
  const nominate = async (nominatedNodeName: string | null) => {
    const patch = { status: { nominatedNodeName } };
    const key = { namespace: "default", name: "waiting" };
    await made.client.resource(resources.pods).subresource("status").patch(key, "merge", patch);
    await settle(made);
  };
  await nominate("only");
  await made.create("other", asking("low", "800m"));
  await settle(made);
  expect(await made.nodeOf("other")).toBeUndefined();
  await nominate(null);
  await made.create("another", asking("low", "100m"));
  await settle(made);
  expect(await made.nodeOf("another")).toBe("only");
});
