import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const ttls = async () =>
  new Set(
    (await cluster.all(resources.nodes)).map(({ metadata }) => metadata.annotations?.["node.alpha.kubernetes.io/ttl"]),
  );

test("the more nodes, the longer they may keep what they read; steps overlap", async () => {
  cluster = await testCluster(["ttl-controller"]);
  const nodes = cluster.client.resource(resources.nodes);
  const make = async (from: number, to: number) => {
    for (let i = from; i < to; i++) await nodes.create({ metadata: { name: `n${i}` }, spec: {} });
    await cluster.settle();
  };
  await make(0, 100);
  expect(await ttls()).toEqual(new Set(["0"]));
  await make(100, 101);
  expect(await ttls()).toEqual(new Set(["15"]));
  for (let i = 0; i < 11; i++) await nodes.delete({ name: `n${i}` });
  await cluster.settle();
  expect(await ttls()).toEqual(new Set(["15"]));
  await nodes.delete({ name: "n11" });
  await cluster.settle();
  expect(await ttls()).toEqual(new Set(["0"]));
});
