import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

function makePod(name: string, phase = "Pending") {
  const spec = { containers: [{ name: "c", image: "i" }], terminationGracePeriodSeconds: 1 };
  return cluster.client
    .resource(resources.pods)
    .create({ metadata: { namespace: "default", name }, spec, status: { phase } });
}

test("pods of a node that is gone go after a quarantine", async () => {
  cluster = await testCluster(["pod-garbage-collector-controller"]);
  await makePod("p");
  await cluster.runPods();
  await cluster.settle(30_000);
  expect((await cluster.all(resources.pods)).length).toBe(1);
  await cluster.settle(15_000);
  expect(await cluster.all(resources.pods)).toEqual([]);
});

test("the oldest ended pods beyond the limit go", async () => {
  cluster = await testCluster(["pod-garbage-collector-controller"], { terminatedPodThreshold: 2 });
  await cluster.client.resource(resources.nodes).create({ metadata: { name: "node-1" }, spec: {} });
  for (const name of ["a", "b", "c", "d"]) {
    const pod = await makePod(name);
    await cluster.client.resource(resources.pods).updateStatus({ ...pod, status: { phase: "Succeeded" } });
    await cluster.settle(1000);
  }
  await cluster.settle(25_000);
  expect((await cluster.all(resources.pods)).map(({ metadata }) => metadata.name)).toEqual(["c", "d"]);
});

test("without a limit no ended pod goes", async () => {
  cluster = await testCluster(["pod-garbage-collector-controller"], { terminatedPodThreshold: 0 });
  const pod = await makePod("a");
  await cluster.client.resource(resources.pods).updateStatus({ ...pod, status: { phase: "Succeeded" } });
  await cluster.settle(60_000);
  expect((await cluster.all(resources.pods)).length).toBe(1);
});

test("of a node that is out of service, pods that are being deleted go without its word", async () => {
  cluster = await testCluster(["pod-garbage-collector-controller"]);
  const nodes = cluster.client.resource(resources.nodes);
  await nodes.create({ metadata: { name: "node-1" }, spec: {} });
  for (const name of ["leaving", "staying"]) await makePod(name);
  await cluster.runPods();
  await cluster.client.resource(resources.pods).delete({ namespace: "default", name: "leaving" });
  await cluster.settle();
  expect((await cluster.all(resources.pods)).length).toBe(2);
  const taints = [{ key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" }];
  await nodes.patch({ name: "node-1" }, "merge", { spec: { taints } });
  await cluster.settle();
  expect((await cluster.all(resources.pods)).map(({ metadata }) => metadata.name)).toEqual(["staying"]);
});
