import { afterEach, expect, test } from "vitest";
import type { Node } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";
import { divideAmongZones, type HintedSlice } from "./zone-hints.ts";

const shares = (of: Record<string, number>) => new Map(Object.entries(of));

function slice(zones: string[], changes = true, forZones: string[] = []): HintedSlice {
  return {
    changes,
    endpoints: zones.map((zone, index) => ({
      ready: true,
      zone,
      forZones: forZones[index] === undefined ? [] : [forZones[index]],
    })),
  };
}

const count = (slices: HintedSlice[], of: Record<string, number>) => {
  const divided = divideAmongZones(slices, shares(of));
  return "why" in divided ? divided.why : Object.fromEntries([...divided.byZone].sort());
};

test.each<[string, HintedSlice[], Record<string, number>, Record<string, number> | string]>([
  ["each for its own zone", [slice(["a", "a", "b", "b"])], { a: 0.5, b: 0.5 }, { a: 2, b: 2 }],
  ["a zone with too many gives", [slice(["a", "a", "a", "b"])], { a: 0.5, b: 0.5 }, { a: 2, b: 2 }],
  ["a zone without any gets some", [slice(["a", "a", "b", "b"])], { a: 0.5, b: 0.25, c: 0.25 }, { a: 2, b: 1, c: 1 }],
  ["CPU says how many", [slice(["a", "a", "b", "b", "b", "b"])], { a: 0.7, b: 0.3 }, { a: 4, b: 2 }],
  [
    "a slice that is not written keeps its hints",
    [slice(["a", "b"], false, ["b", "a"]), slice(["a", "b"])],
    { a: 0.5, b: 0.5 },
    { a: 2, b: 2 },
  ],
  [
    "one more than zones",
    [slice(["a"])],
    { a: 0.5, b: 0.5 },
    "Insufficient number of endpoints (1 endpoints, 2 zones)",
  ],
  ["no zone told", [slice(["a", ""])], { a: 0.5, b: 0.5 }, "One or more endpoints do not have a zone specified"],
  [
    "more than a zone can bear",
    [slice(["a", "a", "b"])],
    { a: 0.5, b: 0.48, c: 0.02 },
    "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold",
  ],
])("endpoints are divided among zones: %s", (_, slices, of, expected) => {
  expect(count(slices, of)).toEqual(expected);
});

let cluster: TestCluster;
afterEach(() => cluster?.stop());

async function node(name: string, zone: string | undefined, cpu: string) {
  const labels: Record<string, string> = zone === undefined ? {} : { "topology.kubernetes.io/zone": zone };
  const made: Node = await cluster.client.resource(resources.nodes).create({ metadata: { name, labels }, spec: {} });
  const conditions = [{ type: "Ready", status: "True" }];
  await cluster.client
    .resource(resources.nodes)
    .updateStatus({ ...made, status: { allocatable: { cpu }, conditions } });
}

const served = async () =>
  (await cluster.all(resources.endpointslices))
    .flatMap(({ endpoints }) => endpoints ?? [])
    .map(({ zone, hints }) => `${zone}:${hints?.forZones?.map(({ name }) => name).join() ?? ""}`)
    .sort();

const told = async () => (await cluster.events()).filter((line) => line.includes("TopologyAware"));

test("topology-mode Auto: hints come with zones' CPU, change when nodes do, and go with the annotation", async () => {
  cluster = await testCluster(["endpointslice-controller"]);
  await node("n-a", "a", "2");
  await node("n-b", "b", "2");
  const services = cluster.client.resource(resources.services);
  const service = await services.create({
    metadata: { namespace: "default", name: "web", annotations: { "service.kubernetes.io/topology-mode": "Auto" } },
    spec: { selector: { app: "web" }, ports: [{ port: 80 }], ipFamilies: ["IPv4"] },
  });
  for (const [name, nodeName] of [
    ["p-1", "n-a"],
    ["p-2", "n-a"],
    ["p-3", "n-a"],
    ["p-4", "n-b"],
  ] as const) {
    await cluster.client.resource(resources.pods).create({
      metadata: { namespace: "default", name, labels: { app: "web" } },
      spec: { nodeName, containers: [{ name: "c", image: "i" }] },
    });
  }
  await cluster.settle();
  await cluster.runPods();
  await cluster.settle(1000);
  expect(await served()).toEqual(["a:a", "a:a", "a:b", "b:b"]);
  cluster.writes();
  await cluster.settle(1000);
  expect(cluster.writes()).toEqual([]);
  const nodes = cluster.client.resource(resources.nodes);
  await nodes.delete({ name: "n-b" });
  await cluster.settle(1000);
  expect(await served()).toEqual(["a:", "a:", "a:", "undefined:"]);
  await services.update({ ...service, metadata: { ...service.metadata, resourceVersion: undefined, annotations: {} } });
  await cluster.settle(1000);
  expect(await told()).toMatchInlineSnapshot(`
    [
      "Warning TopologyAwareHintsDisabled Service: Insufficient number of endpoints (0 endpoints, 2 zones), addressType: IPv4",
      "Warning TopologyAwareHintsDisabled Service: Insufficient number of endpoints (1 endpoints, 2 zones), addressType: IPv4",
      "Warning TopologyAwareHintsDisabled Service: Unable to allocate minimum required endpoints to each zone without exceeding overload threshold, addressType: IPv4",
      "Normal TopologyAwareHintsEnabled Service: Topology Aware Hints has been enabled, addressType: IPv4",
      "Warning TopologyAwareHintsDisabled Service: Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4",
    ]
  `);
});
