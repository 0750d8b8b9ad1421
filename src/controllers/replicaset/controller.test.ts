import { afterEach, expect, test } from "vitest";
import type { ReplicaSet } from "../../api/types/index.ts";
import { type Draft, resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const key = { namespace: "default", name: "rs" };

function replicaSet(replicas: number): Draft<ReplicaSet> {
  return {
    metadata: key,
    spec: {
      replicas,
      selector: { matchLabels: { app: "a" } },
      template: {
        metadata: { labels: { app: "a" } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "c", image: "i" }] },
      },
    },
  };
}

async function start(replicas: number) {
  cluster = await testCluster(["replicaset-controller"]);
  await cluster.client.resource(resources.replicasets).create(replicaSet(replicas));
  await cluster.settle();
}

const scale = async (replicas: number) => {
  await cluster.client.resource(resources.replicasets).patch(key, "merge", { spec: { replicas } });
  await cluster.settle();
};

test("makes exactly as many pods as wanted, also very many", async () => {
  await start(700);
  await cluster.settle(2000);
  expect((await cluster.all(resources.pods)).length).toBe(700);
  expect((await cluster.one(resources.replicasets, "rs")).status?.replicas).toBe(700);
});

test("gives up pods that are not ready first", async () => {
  await start(3);
  await cluster.runPods();
  const ready = (await cluster.all(resources.pods)).map(({ metadata }) => metadata.name);
  await scale(5);
  await scale(3);
  const left = await cluster.all(resources.pods);
  expect(
    left.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name),
  ).toEqual(ready);
});

test("adopts a pod that matches and releases one that does not any more", async () => {
  await start(2);
  const [pod] = await cluster.all(resources.pods);
  await cluster.client.resource(resources.pods).patch({ ...key, name: pod?.metadata.name ?? "" }, "merge", {
    metadata: { labels: { app: "other" } },
  });
  await cluster.settle();
  const pods = await cluster.all(resources.pods);
  expect(pods.length).toBe(3);
  const released = pods.find(({ metadata }) => metadata.name === pod?.metadata.name);
  expect(released?.metadata.ownerReferences ?? []).toEqual([]);
  await cluster.client.resource(resources.pods).patch({ ...key, name: pod?.metadata.name ?? "" }, "merge", {
    metadata: { labels: { app: "a" } },
  });
  await cluster.settle();
  const adopted = (await cluster.all(resources.pods)).filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined,
  );
  expect(adopted.length).toBe(2);
});

test("replaces a pod that failed or was deleted", async () => {
  await start(2);
  await cluster.runPods();
  const [one, two] = await cluster.all(resources.pods);
  await cluster.client.resource(resources.pods).delete({ ...key, name: one?.metadata.name ?? "" });
  if (two !== undefined) {
    await cluster.client.resource(resources.pods).updateStatus({ ...two, status: { ...two.status, phase: "Failed" } });
  }
  await cluster.settle();
  const { status } = await cluster.one(resources.replicasets, "rs");
  expect(status).toMatchObject({ replicas: 2, terminatingReplicas: 1 });
});

test("writes nothing on a second reconcile", async () => {
  await start(3);
  await cluster.runPods();
  cluster.writes();
  await cluster.client
    .resource(resources.replicasets)
    .patch(key, "merge", { metadata: { annotations: { touched: "yes" } } });
  await cluster.settle();
  expect(cluster.writes()).toEqual([]);
});
