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
