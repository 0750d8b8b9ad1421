import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

async function range(name: string, ...cidrs: string[]) {
  await cluster.client.resource(resources.servicecidrs).create({ metadata: { name }, spec: { cidrs } });
  await cluster.settle();
}
const ranges = async () =>
  (await cluster.all(resources.servicecidrs)).map(({ metadata, status }) => {
    const { status: is, reason } = status?.conditions?.[0] ?? {};
    return `${metadata.name} ${is} ${reason}`;
  });

test("a range stays as long as only it holds an address that is in use", async () => {
  cluster = await testCluster(["service-cidr-controller"]);
  await range("more", "192.168.0.0/24");
  expect(await ranges()).toEqual(["more True "]);
  await cluster.client.resource(resources.ipaddresses).create({
    metadata: { name: "192.168.0.7" },
    spec: { parentRef: { resource: "services", namespace: "default", name: "s" } },
  });
  await cluster.client.resource(resources.servicecidrs).delete({ name: "more" });
  await cluster.settle();
  expect(await ranges()).toEqual(["more False Terminating"]);
  await range("wide", "192.168.0.0/16");
  expect(await ranges()).toEqual(["wide True "]);
  await cluster.client.resource(resources.servicecidrs).delete({ name: "wide" });
  await cluster.settle();
  expect(await ranges()).toEqual(["wide False Terminating"]);
  await cluster.client.resource(resources.ipaddresses).delete({ name: "192.168.0.7" });
  await cluster.settle();
  expect(await ranges()).toEqual([]);
});
