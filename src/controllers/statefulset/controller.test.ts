import { afterEach, expect, test } from "vitest";
import type { StatefulSet } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const key = { namespace: "default", name: "db" };

async function start(more: Partial<StatefulSet["spec"]> = {}) {
  cluster = await testCluster(["statefulset-controller"]);
  await cluster.client.resource(resources.statefulsets).create({
    metadata: key,
    spec: {
      serviceName: "db",
      replicas: 3,
      podManagementPolicy: "OrderedReady",
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      selector: { matchLabels: { app: "db" } },
      template: {
        metadata: { labels: { app: "db" } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "c", image: "i:1" }] },
      },
      ...more,
    },
  });
  await cluster.settle();
}

const names = async () => (await cluster.all(resources.pods)).map(({ metadata }) => metadata.name);
const images = async () => (await cluster.all(resources.pods)).map(({ spec }) => spec.containers[0]?.image);

async function finish() {
  for (let round = 0; round < 8; round++) {
    await cluster.runPods();
    await cluster.endDeletedPods();
  }
}

test("starts each pod when the one before is ready", async () => {
  await start();
  expect(await names()).toEqual(["db-0"]);
  await cluster.runPods();
  expect(await names()).toEqual(["db-0", "db-1"]);
  await finish();
  expect(await names()).toEqual(["db-0", "db-1", "db-2"]);
  const { status } = await cluster.one(resources.statefulsets, "db");
  const [revision] = await cluster.all(resources.controllerrevisions);
  expect(status).toEqual({
    observedGeneration: 1,
    replicas: 3,
    readyReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: revision?.metadata.name,
    updateRevision: revision?.metadata.name,
    collisionCount: 0,
    availableReplicas: 3,
  });
  const [pod] = await cluster.all(resources.pods);
  expect(pod?.metadata.labels).toEqual({
    app: "db",
    "apps.kubernetes.io/pod-index": "0",
    "controller-revision-hash": revision?.metadata.name,
    "statefulset.kubernetes.io/pod-name": "db-0",
  });
  expect([pod?.spec.hostname, pod?.spec.subdomain]).toEqual(["db-0", "db"]);
  expect(await cluster.events()).toEqual(
    ["db-0", "db-1", "db-2"].map(
      (name) => `Normal SuccessfulCreate StatefulSet: Create Pod ${name} in StatefulSet db successful`,
    ),
  );
  cluster.writes();
  await cluster.client.resource(resources.statefulsets).patch(key, "merge", { metadata: { labels: { a: "b" } } });
  await cluster.settle();
  expect(cluster.writes()).toEqual([]);
});

test("updates only from the partition up, and scales down from the highest", async () => {
  await start();
  await finish();
  await cluster.client.resource(resources.statefulsets).patch(key, "strategic", {
    spec: {
      updateStrategy: { rollingUpdate: { partition: 2 } },
      template: { spec: { containers: [{ name: "c", image: "i:2" }] } },
    },
  });
  await cluster.settle();
  await finish();
  expect(await images()).toEqual(["i:1", "i:1", "i:2"]);
  expect((await cluster.one(resources.statefulsets, "db")).status).toMatchObject({
    currentReplicas: 2,
    updatedReplicas: 1,
  });
  await cluster.client.resource(resources.statefulsets).patch(key, "merge", { spec: { replicas: 1 } });
  await cluster.settle();
  expect((await cluster.all(resources.pods)).map(({ metadata }) => metadata.deletionTimestamp !== undefined)).toEqual([
    false,
    false,
    true,
  ]);
  await finish();
  expect(await names()).toEqual(["db-0"]);
});

test("an update without a partition replaces all, one at a time, from the highest", async () => {
  await start();
  await finish();
  await cluster.client.resource(resources.statefulsets).patch(key, "strategic", {
    spec: { template: { spec: { containers: [{ name: "c", image: "i:2" }] } } },
  });
  await cluster.settle();
  expect((await cluster.all(resources.pods)).map(({ metadata }) => metadata.deletionTimestamp !== undefined)).toEqual([
    false,
    false,
    true,
  ]);
  await finish();
  expect(await images()).toEqual(["i:2", "i:2", "i:2"]);
  const { status } = await cluster.one(resources.statefulsets, "db");
  expect(status?.currentRevision).toBe(status?.updateRevision);
});

test("every pod gets its own claim, once", async () => {
  await start({
    replicas: 1,
    volumeClaimTemplates: [
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "data" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
    ],
  });
  const [claim] = await cluster.all(resources.persistentvolumeclaims);
  const [pod] = await cluster.all(resources.pods);
  expect(claim?.metadata).toMatchObject({ name: "data-db-0", labels: { app: "db" } });
  expect(pod?.spec.volumes).toEqual([{ name: "data", persistentVolumeClaim: { claimName: "data-db-0" } }]);
});
