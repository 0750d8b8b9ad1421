import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";
import { nodeOf } from "./placement.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

async function start() {
  cluster = await testCluster(["daemonset-controller"]);
  for (const name of ["node-1", "node-2"])
    await cluster.client.resource(resources.nodes).create({ metadata: { name }, spec: {} });
  await cluster.client.resource(resources.daemonsets).create({
    metadata: { namespace: "default", name: "agent" },
    spec: {
      selector: { matchLabels: { app: "agent" } },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      template: {
        metadata: { labels: { app: "agent" } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "c", image: "i:1" }] },
      },
    },
  });
  await cluster.settle();
}

async function run() {
  for (const pod of await cluster.all(resources.pods)) {
    if (pod.spec.nodeName || pod.metadata.deletionTimestamp !== undefined) continue;
    const target = { apiVersion: "v1", kind: "Node", name: nodeOf(pod) };
    const binding = { apiVersion: "v1", kind: "Binding", metadata: { name: pod.metadata.name }, target };
    await cluster.client
      .resource(resources.pods)
      .subresource("binding")
      .create({ namespace: "default", name: pod.metadata.name ?? "" }, binding);
  }
  await cluster.runPods();
}

const where = async () => (await cluster.all(resources.pods)).map((pod) => nodeOf(pod)).sort();

test("every node gets one pod, bound to it, also a node that comes later", async () => {
  await start();
  expect(await where()).toEqual(["node-1", "node-2"]);
  await run();
  await cluster.client.resource(resources.nodes).create({ metadata: { name: "node-3" }, spec: {} });
  await cluster.settle();
  await run();
  expect(await where()).toEqual(["node-1", "node-2", "node-3"]);
  const { status } = await cluster.one(resources.daemonsets, "agent");
  expect(status).toEqual({
    currentNumberScheduled: 3,
    numberMisscheduled: 0,
    desiredNumberScheduled: 3,
    numberReady: 3,
    observedGeneration: 1,
    updatedNumberScheduled: 3,
    numberAvailable: 3,
  });
  const [revision] = await cluster.all(resources.controllerrevisions);
  expect(revision?.revision).toBe(1);
  cluster.writes();
  await cluster.client
    .resource(resources.daemonsets)
    .patch({ namespace: "default", name: "agent" }, "merge", { metadata: { labels: { a: "b" } } });
  await cluster.settle();
  expect(cluster.writes()).toEqual([]);
});

test("a tainted node gets none and loses its own", async () => {
  await start();
  await run();
  const taints = [{ key: "private", effect: "NoExecute" }];
  await cluster.client.resource(resources.nodes).patch({ name: "node-2" }, "merge", { spec: { taints } });
  await cluster.settle();
  await cluster.endDeletedPods();
  expect(await where()).toEqual(["node-1"]);
});

test("a new template replaces one pod at a time", async () => {
  await start();
  await run();
  await cluster.client.resource(resources.daemonsets).patch({ namespace: "default", name: "agent" }, "strategic", {
    spec: { template: { spec: { containers: [{ name: "c", image: "i:2" }] } } },
  });
  await cluster.settle();
  const deleted = (await cluster.all(resources.pods)).filter(
    ({ metadata }) => metadata.deletionTimestamp !== undefined,
  );
  expect(deleted.length).toBe(1);
  for (let round = 0; round < 4; round++) {
    await cluster.endDeletedPods();
    await run();
  }
  const images = (await cluster.all(resources.pods)).map(({ spec }) => spec.containers[0]?.image);
  expect(images).toEqual(["i:2", "i:2"]);
  expect((await cluster.all(resources.controllerrevisions)).map(({ revision }) => revision).sort()).toEqual([1, 2]);
});
