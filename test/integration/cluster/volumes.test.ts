// Claims and volumes on a whole cluster with simulated nodes, in virtual time.

import { afterEach, expect, test } from "vitest";
import { type Cluster, createCluster, resources, testHost } from "../../../src/index.ts";

let cluster: Cluster;
let host: ReturnType<typeof testHost>;
afterEach(() => cluster.stop());

async function start(nodes: number): Promise<void> {
  host = testHost({ seed: 1 });
  cluster = await createCluster({ host, nodes: { count: nodes } });
}

const namespace = "default";
const template = {
  metadata: { name: "data" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};

async function createStatefulSet(replicas: number, retention?: { whenDeleted: string; whenScaled: string }) {
  const labels = { app: "db" };
  await cluster
    .client()
    .resource(resources.statefulsets)
    .create({
      metadata: { name: "db", namespace },
      spec: {
        replicas,
        persistentVolumeClaimRetentionPolicy: retention,
        serviceName: "db",
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [{ name: "c", image: "nginx", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
          },
        },
        volumeClaimTemplates: [{ apiVersion: "v1", kind: "PersistentVolumeClaim", ...template }],
      },
    });
}

async function claims(): Promise<string[]> {
  const { items } = await cluster.client().resource(resources.persistentvolumeclaims).list({ namespace });
  return items.map(({ metadata, status }) => `${metadata.name} ${status?.phase}`).sort();
}

async function volumes() {
  return (await cluster.client().resource(resources.persistentvolumes).list()).items;
}

async function readyReplicas(): Promise<number> {
  const set = await cluster.client().resource(resources.statefulsets).get({ namespace, name: "db" });
  return set.status?.readyReplicas ?? 0;
}

test("a stateful set with claims becomes ready; its claims stay when it shrinks; a claim that is deleted takes its volume along", async () => {
  await start(3);
  const client = cluster.client();
  await createStatefulSet(3);
  await host.clock.advance(30_000);
  expect(await readyReplicas()).toBe(3);
  expect(await claims()).toEqual(["data-db-0 Bound", "data-db-1 Bound", "data-db-2 Bound"]);

  // Each volume is on the node of the pod that uses it.
  const { items: pods } = await client.resource(resources.pods).list({ namespace });
  for (const volume of await volumes()) {
    const pod = pods.find(({ metadata }) => `data-${metadata.name}` === volume.spec.claimRef?.name);
    const [term] = volume.spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
    expect(term?.matchExpressions?.[0]?.values).toEqual([pod?.spec.nodeName]);
  }

  const key = { namespace, name: "db" };
  await client.resource(resources.statefulsets).patch(key, "merge", { spec: { replicas: 1 } });
  await host.clock.advance(30_000);
  expect(await readyReplicas()).toBe(1);
  expect(await claims()).toHaveLength(3);

  // In use: it goes only with its pod.
  await client.resource(resources.persistentvolumeclaims).delete({ namespace, name: "data-db-0" });
  await client.resource(resources.persistentvolumeclaims).delete({ namespace, name: "data-db-2" });
  await host.clock.advance(5000);
  expect(await claims()).toEqual(["data-db-0 Bound", "data-db-1 Bound"]);
  expect((await volumes()).map(({ spec }) => spec.claimRef?.name).sort()).toEqual(["data-db-0", "data-db-1"]);

  // A pod that comes back finds its claim, and so its node.
  const before = pods.find(({ metadata }) => metadata.name === "db-1")?.spec.nodeName;
  await client.resource(resources.statefulsets).patch(key, "merge", { spec: { replicas: 2 } });
  await host.clock.advance(30_000);
  expect((await client.resource(resources.pods).get({ namespace, name: "db-1" })).spec.nodeName).toBe(before);
});

test("claims go with the pods that are scaled away, and with the set, where it says so", async () => {
  await start(2);
  const sets = cluster.client().resource(resources.statefulsets);
  const key = { namespace, name: "db" };
  await createStatefulSet(3, { whenScaled: "Delete", whenDeleted: "Delete" });
  await host.clock.advance(30_000);
  expect(await readyReplicas()).toBe(3);
  await sets.patch(key, "merge", { spec: { replicas: 1 } });
  await host.clock.advance(30_000);
  expect(await claims()).toEqual(["data-db-0 Bound"]);
  await sets.patch(key, "merge", { spec: { replicas: 2 } });
  await host.clock.advance(30_000);
  expect(await readyReplicas()).toBe(2);
  await sets.delete(key);
  await host.clock.advance(60_000);
  expect(await claims()).toEqual([]);
  expect(await volumes()).toEqual([]);
});

test("a pod waits for its claim, and the claim for its pod", async () => {
  await start(1);
  const client = cluster.client();
  const volumesOfPod = [{ name: "v", persistentVolumeClaim: { claimName: "c" } }];
  const spec = { containers: [{ name: "c", image: "nginx" }], volumes: volumesOfPod };
  await client.resource(resources.pods).create({ metadata: { name: "p", namespace }, spec });
  await host.clock.advance(2000);
  const waiting = await client.resource(resources.pods).get({ namespace, name: "p" });
  expect(waiting.status?.conditions?.[0]?.message).toBe(
    '0/1 nodes are available: persistentvolumeclaim "c" not found. not found',
  );
  await client
    .resource(resources.persistentvolumeclaims)
    .create({ metadata: { name: "c", namespace }, spec: template.spec });
  await host.clock.advance(20_000);
  expect((await client.resource(resources.pods).get({ namespace, name: "p" })).status?.phase).toBe("Running");
  const claim = await client.resource(resources.persistentvolumeclaims).get({ namespace, name: "c" });
  expect(claim).toMatchObject({
    spec: { storageClassName: "standard" },
    status: { phase: "Bound", capacity: { storage: "1Gi" } },
    metadata: { annotations: { "volume.kubernetes.io/selected-node": "node-1" } },
  });
});

test("an ephemeral volume comes and goes with its pod", async () => {
  await start(1);
  const client = cluster.client();
  const scratch = { name: "scratch", ephemeral: { volumeClaimTemplate: { metadata: {}, spec: template.spec } } };
  const spec = { terminationGracePeriodSeconds: 1, containers: [{ name: "c", image: "nginx" }], volumes: [scratch] };
  await client.resource(resources.pods).create({ metadata: { name: "p", namespace }, spec });
  await host.clock.advance(20_000);
  expect((await client.resource(resources.pods).get({ namespace, name: "p" })).status?.phase).toBe("Running");
  expect(await claims()).toEqual(["p-scratch Bound"]);
  await client.resource(resources.pods).delete({ namespace, name: "p" });
  await host.clock.advance(30_000);
  expect(await claims()).toEqual([]);
  expect(await volumes()).toEqual([]);
});

test("a volume made by hand for a local disk takes its pod to its node", async () => {
  await start(3);
  const client = cluster.client();
  await client.resource(resources.storageclasses).create({
    metadata: { name: "local" },
    provisioner: "kubernetes.io/no-provisioner",
    volumeBindingMode: "WaitForFirstConsumer",
  });
  const matchExpressions = [{ key: "kubernetes.io/hostname", operator: "In", values: ["node-2"] }];
  await client.resource(resources.persistentvolumes).create({
    metadata: { name: "disk" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "10Gi" },
      storageClassName: "local",
      local: { path: "/mnt/disk" },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
    },
  });
  for (const name of ["a", "b"]) {
    const claimSpec = { ...template.spec, storageClassName: "local" };
    await client.resource(resources.persistentvolumeclaims).create({ metadata: { name, namespace }, spec: claimSpec });
    const spec = {
      containers: [{ name: "c", image: "nginx" }],
      volumes: [{ name: "v", persistentVolumeClaim: { claimName: name } }],
    };
    await client.resource(resources.pods).create({ metadata: { name, namespace }, spec });
  }
  await host.clock.advance(20_000);
  const { items } = await client.resource(resources.pods).list({ namespace });
  const placed = items.filter(({ spec }) => spec.nodeName);
  expect(placed.map(({ spec, status }) => `${spec.nodeName} ${status?.phase}`)).toEqual(["node-2 Running"]);
  const other = items.find(({ spec }) => !spec.nodeName);
  expect(other?.status?.conditions?.[0]?.message).toMatch(
    /^0\/3 nodes are available: 3 node\(s\) didn't find available persistent volumes to bind\./,
  );
});

test("a pod waits on its node for a provisioner, ten minutes at most; a volume made by hand ends the wait", async () => {
  await start(1);
  const client = cluster.client();
  await client.resource(resources.storageclasses).create({
    metadata: { name: "manual" },
    provisioner: "example.com/nobody",
    volumeBindingMode: "WaitForFirstConsumer",
  });
  for (const name of ["kept", "gone"]) {
    const claimSpec = { ...template.spec, storageClassName: "manual" };
    await client.resource(resources.persistentvolumeclaims).create({ metadata: { name, namespace }, spec: claimSpec });
    const spec = {
      containers: [{ name: "c", image: "nginx" }],
      volumes: [{ name: "v", persistentVolumeClaim: { claimName: name } }],
    };
    await client.resource(resources.pods).create({ metadata: { name, namespace }, spec });
  }
  await host.clock.advance(60_000);
  const kept = { namespace, name: "kept" };
  expect((await client.resource(resources.pods).get(kept)).spec.nodeName).toBeUndefined();
  const claim = await client.resource(resources.persistentvolumeclaims).get(kept);
  expect(claim.metadata.annotations).toMatchObject({
    "volume.kubernetes.io/selected-node": "node-1",
    "volume.kubernetes.io/storage-provisioner": "example.com/nobody",
  });
  await client.resource(resources.pods).delete({ namespace, name: "gone" });
  await host.clock.advance(600_000);
  const { items: events } = await client.resource(resources.eventsV1).list({ namespace });
  const failures = events.filter(({ reason }) => reason === "FailedScheduling");
  expect(failures.map(({ regarding, note }) => `${regarding?.name}: ${note}`)).toEqual([
    'kept: running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded',
  ]);
  expect((await client.resource(resources.pods).get(kept)).status?.conditions?.[0]).toMatchObject({
    type: "PodScheduled",
    reason: "SchedulerError",
  });
  await client.resource(resources.persistentvolumes).create({
    metadata: { name: "by-hand" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      storageClassName: "manual",
      nfs: { server: "s", path: "/" },
      claimRef: { namespace, name: "kept" },
    },
  });
  await host.clock.advance(20_000);
  expect((await client.resource(resources.pods).get(kept)).status?.phase).toBe("Running");
});
