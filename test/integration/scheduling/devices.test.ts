import { afterEach, expect, test } from "vitest";
import { resources } from "../../../src/index.ts";
import { startWorld, type World } from "./world.ts";

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

/** A class of devices, and so many of them on each of the nodes named. */
async function publish({ client }: World, counts: Record<string, number>): Promise<void> {
  const selectors = [{ cel: { expression: 'device.driver == "gpu.example.com"' } }];
  await client.resource(resources.deviceclasses).create({ metadata: { name: "gpu" }, spec: { selectors } });
  for (const [nodeName, count] of Object.entries(counts)) {
    const pool = { name: nodeName, generation: 1, resourceSliceCount: 1 };
    const devices = Array.from({ length: count }, (_, i) => ({ name: `gpu-${i}` }));
    const spec = { driver: "gpu.example.com", nodeName, pool, devices };
    await client.resource(resources.resourceslices).create({ metadata: { name: `slice-${nodeName}` }, spec });
  }
}

const requests = [{ name: "g", exactly: { deviceClassName: "gpu" } }];
const claiming = (resourceClaimName: string) => ({ resourceClaims: [{ name: "g", resourceClaimName }] });

async function createClaim({ client }: World, name: string): Promise<void> {
  await client
    .resource(resources.resourceclaims)
    .create({ metadata: { name, namespace: "default" }, spec: { devices: { requests } } });
}

test("a pod goes where its claim finds a device, which is written to the claim before the pod is bound", async () => {
  world = await startWorld({ nodes: { count: 3 } });
  await publish(world, { "node-2": 1 });
  await createClaim(world, "c");
  await world.create("p", claiming("c"));
  await world.host.clock.advance(2000);
  expect(await world.nodeOf("p")).toBe("node-2");
  const claim = await world.client.resource(resources.resourceclaims).get({ namespace: "default", name: "c" });
  expect(claim.metadata.finalizers).toEqual(["resource.kubernetes.io/delete-protection"]);
  expect(claim.status).toMatchObject({
    allocation: {
      devices: { results: [{ request: "g", driver: "gpu.example.com", pool: "node-2", device: "gpu-0" }] },
      nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", values: ["node-2"] }] }] },
    },
    reservedFor: [{ resource: "pods", name: "p" }],
  });
});

test("pods wait for their claims, for device classes and for devices, and say so", async () => {
  world = await startWorld({ nodes: { count: 1 } });
  await world.create("p", claiming("c"));
  await world.host.clock.advance(1000);
  expect(await world.host.metrics.render()).toContain('scheduler_pending_pods{queue="gated"} 1');
  await createClaim(world, "c");
  await world.host.clock.advance(1000);
  expect((await world.condition("p"))?.message).toBe(
    "0/1 nodes are available: request g: device class gpu does not exist. not found",
  );
  await publish(world, {});
  await world.host.clock.advance(20_000);
  expect((await world.condition("p"))?.message).toContain("1 cannot allocate all claims. still not schedulable,");
  const pool = { name: "x", generation: 1, resourceSliceCount: 1 };
  const spec = { driver: "gpu.example.com", allNodes: true, pool, devices: [{ name: "net" }] };
  await world.client.resource(resources.resourceslices).create({ metadata: { name: "s" }, spec });
  await world.host.clock.advance(20_000);
  expect(await world.nodeOf("p")).toBe("node-1");
});

test("no device is given twice, pods of templates get their own, and devices come back", async () => {
  world = await startWorld({ nodes: { count: 2 } });
  await publish(world, { "node-1": 2, "node-2": 1 });
  await world.client
    .resource(resources.resourceclaimtemplates)
    .create({ metadata: { name: "t", namespace: "default" }, spec: { metadata: {}, spec: { devices: { requests } } } });
  const names = ["a", "b", "c", "d"];
  const template = {
    resourceClaims: [{ name: "g", resourceClaimTemplateName: "t" }],
    terminationGracePeriodSeconds: 0,
  };
  for (const name of names) await world.create(name, template);
  await world.host.clock.advance(5000);
  const placed = await Promise.all(names.map(world.nodeOf));
  expect(placed.filter((node) => node !== undefined).sort()).toEqual(["node-1", "node-1", "node-2"]);
  const { items } = await world.client.resource(resources.resourceclaims).list({ namespace: "default" });
  const devices = items.flatMap(({ status }) => status?.allocation?.devices?.results ?? []);
  expect(new Set(devices.map(({ pool, device }) => `${pool}/${device}`)).size).toBe(3);
  const waiting = names[placed.indexOf(undefined)] ?? "";
  const done = names.find((name) => name !== waiting) ?? "";
  await world.client.resource(resources.pods).delete({ namespace: "default", name: done });
  await world.host.clock.advance(60_000);
  expect(await world.nodeOf(waiting)).toBeDefined();
});

test("two pods share a claim on its node", async () => {
  world = await startWorld({ nodes: { count: 3 } });
  await publish(world, { "node-3": 1 });
  await createClaim(world, "c");
  for (const name of ["p", "q"]) await world.create(name, claiming("c"));
  await world.host.clock.advance(5000);
  expect(await Promise.all(["p", "q"].map(world.nodeOf))).toEqual(["node-3", "node-3"]);
  const claim = await world.client.resource(resources.resourceclaims).get({ namespace: "default", name: "c" });
  expect(claim.status?.reservedFor?.map(({ name }) => name).sort()).toEqual(["p", "q"]);
});
