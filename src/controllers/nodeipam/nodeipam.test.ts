import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";
import { CidrSet } from "./cidr-set.ts";

let cluster: TestCluster | undefined;
afterEach(() => cluster?.stop());

test("gives parts in turn and none twice, also when some are taken or come back", () => {
  const set = new CidrSet("10.244.0.0/22", 24);
  set.occupy("10.244.1.0/24");
  set.occupy("192.168.0.0/24");
  expect([set.allocate(), set.allocate(), set.allocate(), set.allocate()]).toEqual([
    "10.244.0.0/24",
    "10.244.2.0/24",
    "10.244.3.0/24",
    undefined,
  ]);
  set.release("10.244.2.0/24");
  expect(set.allocate()).toBe("10.244.2.0/24");
});

test("works with IPv6", () => {
  const set = new CidrSet("fd00:10:244::/56", 64);
  expect([set.allocate(), set.allocate()]).toEqual(["fd00:10:244::/64", "fd00:10:244:1::/64"]);
});

test("every node gets its own part and keeps it", async () => {
  cluster = await testCluster(["node-ipam-controller"]);
  const writer = cluster.client.resource(resources.nodes);
  await writer.create({ metadata: { name: "old" }, spec: { podCIDR: "10.244.1.0/24", podCIDRs: ["10.244.1.0/24"] } });
  for (const name of ["a", "b"]) await writer.create({ metadata: { name }, spec: {} });
  await cluster.settle();
  const parts = (await cluster.all(resources.nodes)).map(({ spec }) => spec?.podCIDR);
  expect(parts).toEqual(["10.244.0.0/24", "10.244.2.0/24", "10.244.1.0/24"]);
});
