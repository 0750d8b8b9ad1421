import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { expectStatusChanges } from "../support/lifecycle.ts";
import { apps, core, labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { condition, container, ownedBy, pod, replicationController, template, workload } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 2 } });

const replicaSets = (namespace: string) => apps(namespace, "replicasets");
const controllers = (namespace: string) => core(namespace, "replicationcontrollers");

function untilReady(path: string, replicas: number): Promise<Json> {
  return suite.api.until(path, ({ status }) => status.readyReplicas === replicas && status.replicas === replicas);
}

test("ReplicaSet, is created, Replaced and Patched", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = `${replicaSets(namespace)}/set`;
  await api.create(replicaSets(namespace), workload("set", 1));
  await untilReady(path, 1);
  await api.edit(path, (object) => {
    object.spec.replicas = 2;
  });
  await untilReady(path, 2);
  await api.patch(path, "strategic", {
    metadata: { labels: { "test-rs": "patched" } },
    spec: {
      replicas: 3,
      template: { spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "c", image: "nginx" }] } },
    },
  });
  const patched = await untilReady(path, 3);
  expect(patched.metadata.labels["test-rs"]).toBe("patched");
  expect(patched.spec.template.spec.containers[0].image).toBe("nginx");
});

test("ReplicaSet, completes the scaling of a ReplicaSet subresource", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = `${replicaSets(namespace)}/set`;
  await api.create(replicaSets(namespace), workload("set", 1));
  await untilReady(path, 1);
  const scale = await api.get(`${path}/scale`);
  expect(scale.spec.replicas).toBe(1);
  await api.update(`${path}/scale`, { ...scale, spec: { replicas: 2 } });
  expect((await api.get(path)).spec.replicas).toBe(2);
  await untilReady(path, 2);
  await api.patch(`${path}/scale`, "merge", { spec: { replicas: 4 } });
  expect((await api.get(path)).spec.replicas).toBe(4);
  await untilReady(path, 4);
});

/** The pods of an owner answer at their port, each with its own name. */
async function everyPodAnswers(namespace: string, replicas: number): Promise<void> {
  const { items } = await suite.api.get(pods(namespace));
  expect(items).toHaveLength(replicas);
  for (const { metadata } of items) {
    const answer = await suite.api.call("GET", `${pods(namespace)}/${metadata.name}:9376/proxy/hostname`);
    expect(answer).toMatchObject({ status: 200, text: metadata.name });
  }
}

const serving = (labels: Record<string, string>) => {
  const serve = container({ image: "agnhost", args: ["serve-hostname"], ports: [{ containerPort: 9376 }] });
  return { template: template(labels, { containers: [serve] }) };
};

test("Replica Set, run basic image", async () => {
  const namespace = await suite.namespace();
  await suite.api.create(replicaSets(namespace), workload("basic", 1, serving({ app: "basic" })));
  await untilReady(`${replicaSets(namespace)}/basic`, 1);
  await everyPodAnswers(namespace, 1);
});

test("Replication Controller, run basic image", async () => {
  const namespace = await suite.namespace();
  await suite.api.create(controllers(namespace), replicationController("basic", 2, serving({ name: "basic" })));
  await untilReady(`${controllers(namespace)}/basic`, 2);
  await everyPodAnswers(namespace, 2);
});

test("Replica Set, adopt matching pods and release non matching pods", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const labels = { name: "pod-adoption-release" };
  await api.create(pods(namespace), pod("orphan", { metadata: { labels } }));
  const set = await api.create(replicaSets(namespace), workload("set", 1, {}, labels as never));
  await api.until(`${pods(namespace)}/orphan`, (object) => ownedBy(object, set));
  await api.patch(`${pods(namespace)}/orphan`, "merge", { metadata: { labels: { name: "not-matching" } } });
  const released = await api.until(`${pods(namespace)}/orphan`, (object) => !ownedBy(object, set));
  expect(released.metadata.ownerReferences ?? []).toEqual([]);
  await api.untilList(`${pods(namespace)}?${labelled("name=pod-adoption-release")}`, (items) => items.length === 1);
});

test("ReplicaSet, list and delete a collection of ReplicaSets", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const labels = { e2e: "collection" };
  await api.create(replicaSets(namespace), workload("set", 3, {}, labels as never));
  await untilReady(`${replicaSets(namespace)}/set`, 3);
  const select = labelled("e2e=collection");
  expect((await api.get(`${replicaSets(namespace)}?${select}`)).items).toHaveLength(1);
  await api.delete(`${replicaSets(namespace)}?${select}`);
  await api.untilList(`${replicaSets(namespace)}?${select}`, (items) => items.length === 0);
  await api.untilList(pods(namespace), (items) => items.length === 0);
});

test("ReplicaSet, status sub-resource", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = `${replicaSets(namespace)}/set`;
  await api.create(replicaSets(namespace), workload("set", 1));
  await untilReady(path, 1);
  const told = { type: "StatusUpdate", status: "True", reason: "E2E", message: "Set by a test" };
  await expectStatusChanges(api, path, { conditions: [{ ...told, type: "StatusPatched" }] }, (status) => {
    status.conditions = [told];
  });
  expect(condition(await api.get(path), "StatusUpdate")).toMatchObject(told);
});

test("Replication Controller, adopt matching pods", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(pods(namespace), pod("orphan", { metadata: { labels: { name: "pod-adoption" } } }));
  const owner = await api.create(controllers(namespace), replicationController("pod-adoption", 1));
  await api.until(`${pods(namespace)}/orphan`, (object) => ownedBy(object, owner));
  await untilReady(`${controllers(namespace)}/pod-adoption`, 1);
  expect((await api.get(pods(namespace))).items).toHaveLength(1);
});

test("Replication Controller, release pods", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const owner = await api.create(controllers(namespace), replicationController("pod-release", 1));
  const [first] = await api.untilList(pods(namespace), (items) => items.length === 1);
  const path = `${pods(namespace)}/${first.metadata.name}`;
  await api.patch(path, "merge", { metadata: { labels: { name: "not-matching-name" } } });
  const released = await api.until(path, (object) => !ownedBy(object, owner));
  expect(released.metadata.ownerReferences ?? []).toEqual([]);
});

test("Replication Controller, get and update ReplicationController scale", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = `${controllers(namespace)}/scaled`;
  await api.create(controllers(namespace), replicationController("scaled", 1));
  await untilReady(path, 1);
  const scale = await api.get(`${path}/scale`);
  expect(scale).toMatchObject({ kind: "Scale", spec: { replicas: 1 } });
  const updated = await api.update(`${path}/scale`, { ...scale, spec: { replicas: 2 } });
  expect(updated.spec.replicas).toBe(2);
  await untilReady(path, 2);
});

test("Replication Controller, check for issues like exceeding allocated quota", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const quota = core(namespace, "resourcequotas");
  await api.create(quota, { metadata: { name: "condition-test" }, spec: { hard: { pods: "2" } } });
  await api.until(`${quota}/condition-test`, ({ status }) => status?.hard?.pods === "2");
  const path = `${controllers(namespace)}/condition-test`;
  await api.create(controllers(namespace), replicationController("condition-test", 3));
  const failed = await api.until(path, (object) => condition(object, "ReplicaFailure") !== undefined);
  expect(condition(failed, "ReplicaFailure")).toMatchObject({ status: "True", reason: "FailedCreate" });
  await api.patch(`${path}/scale`, "merge", { spec: { replicas: 2 } });
  await api.until(path, (object) => condition(object, "ReplicaFailure") === undefined);
});

test("Replication Controller, lifecycle", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const labels = { "test-rc-static": namespace };
  const path = `${controllers(namespace)}/rc-test`;
  const watching = await api.watch(controllers(namespace), labelled(`test-rc-static=${namespace}`));
  await api.create(controllers(namespace), replicationController("rc-test", 1, {}, labels as never));
  await watching.next(({ type }) => type === "ADDED");
  await watching.next(({ object }) => object.status.readyReplicas === 1);
  await api.patch(path, "strategic", { metadata: { labels: { "test-rc": "patched" } } });
  await watching.next(({ object }) => object.metadata.labels["test-rc"] === "patched");
  await api.patch(`${path}/status`, "merge", { status: { readyReplicas: 0, availableReplicas: 0 } });
  await watching.next(({ object }) => object.status.readyReplicas === undefined || object.status.readyReplicas === 0);
  expect((await api.get(`${path}/status`)).metadata.labels["test-rc"]).toBe("patched");
  await api.patch(`${path}/scale`, "merge", { spec: { replicas: 2 } });
  await untilReady(path, 2);
  const found = await api.get(`/api/v1/replicationcontrollers?${labelled(`test-rc-static=${namespace}`)}`);
  expect(found.items.map((item: Json) => item.metadata.labels["test-rc"])).toEqual(["patched"]);
  await api.edit(path, (object) => {
    object.metadata.labels["test-rc"] = "updated";
    object.spec.template.spec.containers = [container({ image: "nginx" })];
  });
  await watching.next(({ object }) => object.metadata.labels["test-rc"] === "updated");
  await api.delete(`${controllers(namespace)}?${labelled(`test-rc-static=${namespace}`)}`);
  await watching.next(({ type }) => type === "DELETED");
  watching.stop();
});
