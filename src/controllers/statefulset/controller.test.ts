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

const dataTemplate = {
  apiVersion: "v1" as const,
  kind: "PersistentVolumeClaim" as const,
  metadata: { name: "data" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};

test("a claim that goes while its pod is pending is made anew", async () => {
  await start({ replicas: 1, volumeClaimTemplates: [dataTemplate] });
  const claims = cluster.client.resource(resources.persistentvolumeclaims);
  await claims.delete({ namespace: "default", name: "data-db-0" });
  await cluster.settle();
  const pod = await cluster.one(resources.pods, "db-0");
  const labels = { ...pod.metadata.labels, touched: "yes" };
  await cluster.client.resource(resources.pods).update({ ...pod, metadata: { ...pod.metadata, labels } });
  await cluster.settle();
  expect((await cluster.all(resources.persistentvolumeclaims)).map(({ metadata }) => metadata.name)).toEqual([
    "data-db-0",
  ]);
});

test("a pod is given back the labels that tell its ordinal", async () => {
  await start({ replicas: 1 });
  await cluster.runPods();
  const metadata = { labels: { "apps.kubernetes.io/pod-index": null, "statefulset.kubernetes.io/pod-name": "x" } };
  await cluster.client.resource(resources.pods).patch({ namespace: "default", name: "db-0" }, "merge", { metadata });
  await cluster.settle();
  expect((await cluster.one(resources.pods, "db-0")).metadata.labels).toMatchObject({
    "apps.kubernetes.io/pod-index": "0",
    "statefulset.kubernetes.io/pod-name": "db-0",
  });
  expect(await cluster.events()).toContain(
    "Normal SuccessfulUpdate StatefulSet: Update Pod db-0 in StatefulSet db successful",
  );
});

test("a pod whose labels do not fit is let go of, and taken back when they do", async () => {
  await start({ replicas: 1 });
  await cluster.runPods();
  const pod = { namespace: "default", name: "db-0" };
  const label = (app: string | null) =>
    cluster.client.resource(resources.pods).patch(pod, "merge", { metadata: { labels: { app } } });
  const owners = async () => (await cluster.one(resources.pods, "db-0")).metadata.ownerReferences ?? [];
  const { uid } = (await cluster.one(resources.pods, "db-0")).metadata;
  await label(null);
  await cluster.settle();
  expect(await owners()).toEqual([]);
  await label("db");
  await cluster.settle();
  expect(await owners()).toMatchObject([{ kind: "StatefulSet", name: "db", controller: true }]);
  expect((await cluster.one(resources.pods, "db-0")).metadata.uid).toBe(uid);
});

test("a failed pod is made anew without a word but that it goes and comes", async () => {
  await start({ replicas: 1 });
  const pod = await cluster.one(resources.pods, "db-0");
  await cluster.client.resource(resources.pods).updateStatus({ ...pod, status: { phase: "Failed" } });
  await cluster.settle();
  await cluster.endDeletedPods();
  expect((await cluster.one(resources.pods, "db-0")).metadata.uid).not.toBe(pod.metadata.uid);
  expect(await cluster.events()).toEqual([
    "Normal SuccessfulDelete StatefulSet: Delete Pod db-0 in StatefulSet db successful",
    "Normal SuccessfulCreate StatefulSet: Create Pod db-0 in StatefulSet db successful",
  ]);
});

test("a set that waits for its dependents to be deleted goes on telling how many are left", async () => {
  await start({ replicas: 1 });
  await cluster.runPods();
  await cluster.client.resource(resources.statefulsets).delete(key, { propagationPolicy: "Foreground" });
  const pod = { namespace: "default", name: "db-0" };
  await cluster.client.resource(resources.pods).delete(pod, { gracePeriodSeconds: 0 });
  await cluster.settle();
  const { status } = await cluster.one(resources.statefulsets, "db");
  expect([status?.replicas, status?.readyReplicas, await names()]).toEqual([0, undefined, []]);
});
