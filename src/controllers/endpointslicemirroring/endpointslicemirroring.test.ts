import { afterEach, expect, test } from "vitest";
import type { Endpoints } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

async function start(selector?: Record<string, string>, more: Endpoints["metadata"] = {}) {
  cluster = await testCluster(["endpointslice-mirroring-controller"]);
  const metadata = { namespace: "default", name: "db" };
  const ports = [{ port: 5432 }];
  await cluster.client.resource(resources.services).create({ metadata, spec: { ports, selector } });
  await cluster.client.resource(resources.endpoints).create({
    metadata: { ...metadata, ...more },
    subsets: [
      { addresses: [{ ip: "10.1.0.1" }], notReadyAddresses: [{ ip: "10.1.0.2", nodeName: "n" }], ports },
      { addresses: [{ ip: "fd00::1" }], ports },
    ],
  });
  await cluster.settle();
}

const slices = async () =>
  (await cluster.all(resources.endpointslices)).map(({ addressType, endpoints }) => [
    addressType,
    ...(endpoints ?? []).map((one) => `${one.addresses[0]} ${one.conditions?.ready}`),
  ]);

test("endpoints without a selector are mirrored, one slice for each family, and follow every change", async () => {
  await start(undefined, { labels: { a: "b" }, annotations: { note: "x" } });
  expect((await slices()).sort()).toEqual([
    ["IPv4", "10.1.0.1 true", "10.1.0.2 false"],
    ["IPv6", "fd00::1 true"],
  ]);
  const [slice] = await cluster.all(resources.endpointslices);
  expect(slice?.metadata).toMatchObject({
    labels: {
      a: "b",
      "kubernetes.io/service-name": "db",
      "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    },
    annotations: { note: "x" },
    ownerReferences: [{ kind: "Endpoints", name: "db", controller: true }],
  });
  expect(slice?.ports).toEqual([{ name: "", port: 5432, protocol: "TCP" }]);
  cluster.writes();
  const key = { namespace: "default", name: "db" };
  const subsets = [{ addresses: [{ ip: "10.1.0.2" }], ports: [{ port: 5432 }] }];
  await cluster.client.resource(resources.endpoints).patch(key, "merge", { subsets });
  await cluster.settle();
  expect(await slices()).toEqual([["IPv4", "10.1.0.2 true"]]);
  expect(cluster.writes().map((line) => line.split(" ")[0])).toEqual(["update", "delete"]);
  await cluster.client.resource(resources.services).patch(key, "merge", { spec: { selector: { app: "db" } } });
  await cluster.settle();
  expect(await slices()).toEqual([]);
});

test("those of services with a selector, or that ask not to be, are not mirrored", async () => {
  await start({ app: "db" });
  expect(await slices()).toEqual([]);
  await cluster.stop();
  await start(undefined, { labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } });
  expect(await slices()).toEqual([]);
});

test("addresses that are not mirrored are told by their reason", async () => {
  await start();
  const key = { namespace: "default", name: "db" };
  const addresses = Array.from({ length: 1002 }, (_, at) => ({ ip: `10.1.${Math.floor(at / 200)}.${(at % 200) + 1}` }));
  const subsets = [{ addresses, ports: [{ port: 5432 }] }];
  await cluster.client.resource(resources.endpoints).patch(key, "merge", { subsets });
  await cluster.settle();
  expect((await slices()).flatMap(([, ...rest]) => rest)).toHaveLength(1000);
  expect(await cluster.events()).toContain(
    "Warning TooManyAddressesToMirror Endpoints: A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 2 addresses were skipped",
  );
});
