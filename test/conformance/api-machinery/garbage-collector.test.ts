import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { apps, core, labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { isReady, ownedBy, pod, replicationController, workload } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 2 } });

async function deployment(): Promise<{ namespace: string; deployment: Json; replicaSet: Json }> {
  const { api } = suite;
  const namespace = await suite.namespace();
  const made = await api.create(apps(namespace, "deployments"), workload("web", 2));
  const [replicaSet] = await api.untilList(apps(namespace, "replicasets"), (items) => items.length === 1);
  await api.untilList(pods(namespace), (items) => items.length === 2);
  return { namespace, deployment: made, replicaSet };
}

async function controllerWithPods(name: string, replicas: number, namespace: string): Promise<Json> {
  const { api } = suite;
  const made = await api.create(core(namespace, "replicationcontrollers"), replicationController(name, replicas));
  await api.until(
    `${core(namespace, "replicationcontrollers")}/${name}`,
    ({ status }) => status.readyReplicas === replicas,
  );
  return made;
}

test("Garbage Collector, delete deployment, propagation policy background", async () => {
  const { api } = suite;
  const { namespace, deployment: owner } = await deployment();
  const { uid } = owner.metadata;
  await api.delete(`${apps(namespace, "deployments")}/web`, {
    propagationPolicy: "Background",
    preconditions: { uid },
  });
  await api.untilList(apps(namespace, "replicasets"), (items) => items.length === 0);
  await api.untilList(pods(namespace), (items) => items.length === 0);
});

test("Garbage Collector, delete deployment, propagation policy orphan", async () => {
  const { api } = suite;
  const { namespace, deployment: owner, replicaSet } = await deployment();
  expect(ownedBy(replicaSet, owner)).toBe(true);
  await api.delete(`${apps(namespace, "deployments")}/web`, { propagationPolicy: "Orphan" });
  await api.untilGone(`${apps(namespace, "deployments")}/web`);
  // The owner goes only when nothing points to it any more.
  const [orphan] = (await api.get(apps(namespace, "replicasets"))).items;
  expect(orphan.metadata.uid).toBe(replicaSet.metadata.uid);
  expect(orphan.metadata.ownerReferences ?? []).toEqual([]);
  const { items } = await api.get(pods(namespace));
  expect(items).toHaveLength(2);
  for (const item of items) expect(ownedBy(item, replicaSet)).toBe(true);
});

test("Garbage Collector, delete replication controller, propagation policy background", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(core(namespace, "replicationcontrollers"), replicationController("rc", 2));
  await api.untilList(pods(namespace), (items) => items.length > 0);
  await api.delete(`${core(namespace, "replicationcontrollers")}/rc`, { propagationPolicy: "Background" });
  await api.untilGone(`${core(namespace, "replicationcontrollers")}/rc`);
  await api.untilList(pods(namespace), (items) => items.length === 0);
});

test("Garbage Collector, delete replication controller, propagation policy orphan", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const owner = await controllerWithPods("rc", 20, namespace);
  const { uid } = owner.metadata;
  await api.delete(`${core(namespace, "replicationcontrollers")}/rc`, {
    propagationPolicy: "Orphan",
    preconditions: { uid },
  });
  await api.untilGone(`${core(namespace, "replicationcontrollers")}/rc`);
  const { items } = await api.get(pods(namespace));
  expect(items).toHaveLength(20);
  for (const item of items) {
    expect(ownedBy(item, owner)).toBe(false);
    expect(item.metadata.deletionTimestamp).toBeUndefined();
  }
});

test("Garbage Collector, delete replication controller, after owned pods", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const { metadata } = await controllerWithPods("rc", 20, namespace);
  const path = core(namespace, "replicationcontrollers");
  const deleted = await api.watch(path, `resourceVersion=${(await api.get(path)).metadata.resourceVersion}`);
  const podsGone = await api.watch(pods(namespace));
  const preconditions = { uid: metadata.uid };
  await api.delete(`${path}/rc`, { propagationPolicy: "Foreground", preconditions });
  const marked = await deleted.next(({ object }) => object.metadata.deletionTimestamp !== undefined);
  expect(marked.object.metadata.finalizers).toContain("foregroundDeletion");
  const end = await deleted.next(({ type }) => type === "DELETED");
  const versions = [];
  while (versions.length < 20) {
    const event = await podsGone.next(({ type }) => type === "DELETED");
    versions.push(Number(event.object.metadata.resourceVersion));
  }
  expect(Math.max(...versions)).toBeLessThan(Number(end.object.metadata.resourceVersion));
  deleted.stop();
  podsGone.stop();
});

test("Garbage Collector, multiple owners", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await controllerWithPods("going", 20, namespace);
  const staying = await api.create(core(namespace, "replicationcontrollers"), replicationController("staying", 0));
  const { items } = await api.get(`${pods(namespace)}?${labelled("name=going")}`);
  const shared: string[] = items.slice(0, 10).map((item: Json) => item.metadata.name);
  const reference = { apiVersion: "v1", kind: "ReplicationController", name: "staying", uid: staying.metadata.uid };
  for (const name of shared) {
    await api.patch(`${pods(namespace)}/${name}`, "strategic", { metadata: { ownerReferences: [reference] } });
  }
  await api.delete(`${core(namespace, "replicationcontrollers")}/going`, { propagationPolicy: "Foreground" });
  await api.untilGone(`${core(namespace, "replicationcontrollers")}/going`);
  const left = await api.untilList(pods(namespace), (found) => found.length === 10);
  expect(left.map((item) => item.metadata.name).sort()).toEqual([...shared].sort());
  for (const item of left) {
    expect(item.metadata.deletionTimestamp).toBeUndefined();
    expect(item.metadata.ownerReferences.map((owner: Json) => owner.name)).toEqual(["staying"]);
  }
});

test("Garbage Collector, dependency cycle", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const made = [];
  for (const name of ["pod1", "pod2", "pod3"]) made.push(await api.create(pods(namespace), pod(name)));
  const [pod1, pod2, pod3] = made;
  const own = (dependent: Json, owner: Json) => {
    const { name, uid } = owner.metadata;
    const reference = { apiVersion: "v1", kind: "Pod", name, uid, controller: true, blockOwnerDeletion: true };
    return api.patch(`${pods(namespace)}/${dependent.metadata.name}`, "strategic", {
      metadata: { ownerReferences: [reference] },
    });
  };
  await own(pod1, pod3);
  await own(pod2, pod1);
  await own(pod3, pod2);
  await api.untilList(pods(namespace), (items) => items.length === 3 && items.every(isReady));
  await api.delete(`${pods(namespace)}/pod1`, { propagationPolicy: "Foreground" });
  await api.untilList(pods(namespace), (items) => items.length === 0);
});
