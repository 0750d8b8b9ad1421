import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { expectStatusChanges } from "../support/lifecycle.ts";
import { apps, core, labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { condition, container, isReady, pod, template, workload } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 2 } });

const statefulSets = (namespace: string) => apps(namespace, "statefulsets");
const readiness = "sampan.dev/readiness";

async function makeSet(namespace: string, replicas: number, spec: Json = {}): Promise<Json> {
  const { api } = suite;
  await api.create(core(namespace, "services"), {
    metadata: { name: "test" },
    spec: { clusterIP: "None", selector: { app: "ss" }, ports: [{ port: 80 }] },
  });
  return api.create(statefulSets(namespace), workload("ss", replicas, { serviceName: "test", ...spec }));
}

/** Containers have a readiness probe, which an annotation of the pod decides. */
function probed(image = "nginx"): Json {
  const probe = { httpGet: { path: "/", port: 80 }, periodSeconds: 1, failureThreshold: 1 };
  return template(
    { app: "ss" },
    { terminationGracePeriodSeconds: 0, containers: [container({ image, readinessProbe: probe })] },
  );
}

function setReadiness(namespace: string, name: string, result: "fail" | "succeed"): Promise<Json> {
  return suite.api.patch(`${pods(namespace)}/${name}`, "merge", { metadata: { annotations: { [readiness]: result } } });
}

function untilReady(namespace: string, ready: number, replicas = ready): Promise<Json> {
  return suite.api.until(
    `${statefulSets(namespace)}/ss`,
    ({ metadata, status }) =>
      status.observedGeneration >= metadata.generation &&
      (status.readyReplicas ?? 0) === ready &&
      status.replicas === replicas,
  );
}

function scaleTo(namespace: string, replicas: number): Promise<Json> {
  return suite.api.patch(`${statefulSets(namespace)}/ss/scale`, "merge", { spec: { replicas } });
}

test("StatefulSet, Scaling", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const watching = await api.watch(pods(namespace));
  await makeSet(namespace, 1, { template: probed() });
  await untilReady(namespace, 1);
  // An unhealthy pod halts scaling up.
  await setReadiness(namespace, "ss-0", "fail");
  await untilReady(namespace, 0, 1);
  await scaleTo(namespace, 3);
  await api.until(
    `${statefulSets(namespace)}/ss`,
    ({ metadata, status }) => status.observedGeneration === metadata.generation,
  );
  expect((await api.get(pods(namespace))).items).toHaveLength(1);
  await setReadiness(namespace, "ss-0", "succeed");
  await untilReady(namespace, 3);
  const added: string[] = [];
  const ready = new Set<string>();
  while (added.length < 3) {
    const { type, object } = await watching.next();
    const { name } = object.metadata;
    if (type === "ADDED") {
      for (const before of added) expect(ready).toContain(before);
      added.push(name);
    } else if (isReady(object)) ready.add(name);
  }
  expect(added).toEqual(["ss-0", "ss-1", "ss-2"]);

  // And scaling down.
  for (const name of added) await setReadiness(namespace, name, "fail");
  await untilReady(namespace, 0, 3);
  await scaleTo(namespace, 0);
  await api.until(
    `${statefulSets(namespace)}/ss`,
    ({ metadata, status }) => status.observedGeneration === metadata.generation,
  );
  expect((await api.get(pods(namespace))).items).toHaveLength(3);
  for (const name of added) await setReadiness(namespace, name, "succeed");
  await api.untilList(pods(namespace), (items) => items.length === 0);
  const deleted: string[] = [];
  while (deleted.length < 3) deleted.push((await watching.next(({ type }) => type === "DELETED")).object.metadata.name);
  expect(deleted).toEqual(["ss-2", "ss-1", "ss-0"]);
  watching.stop();
});

test("StatefulSet, Burst Scaling", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await makeSet(namespace, 1, { template: probed(), podManagementPolicy: "Parallel" });
  await untilReady(namespace, 1);
  await setReadiness(namespace, "ss-0", "fail");
  await untilReady(namespace, 0, 1);
  await scaleTo(namespace, 3);
  await api.untilList(pods(namespace), (items) => items.length === 3);
  await setReadiness(namespace, "ss-0", "succeed");
  await untilReady(namespace, 3);
  await setReadiness(namespace, "ss-0", "fail");
  await untilReady(namespace, 2, 3);
  await scaleTo(namespace, 0);
  await api.untilList(pods(namespace), (items) => items.length === 0);
  await untilReady(namespace, 0);
});

test("StatefulSet, Recreate Failed Pod", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const [node] = (await api.get("/api/v1/nodes")).items;
  const nodeName = node.metadata.name;
  const hostPort = 21017;
  const ports = [{ containerPort: hostPort, hostPort }];
  await api.create(pods(namespace), pod("test-pod", { spec: { nodeName, containers: [container({ ports })] } }));
  await api.until(`${pods(namespace)}/test-pod`, isReady);
  // It is put on the same node, whose kubelet has to reject it: the port is taken.
  const watching = await api.watch(pods(namespace), labelled("app=ss"));
  await makeSet(namespace, 1, { template: template({ app: "ss" }, { nodeName, containers: [container({ ports })] }) });
  const failed = await watching.next(({ object }) => object.status.phase === "Failed");
  await watching.next(({ type, object }) => type === "DELETED" && object.metadata.uid === failed.object.metadata.uid);
  await api.delete(`${pods(namespace)}/test-pod`, { gracePeriodSeconds: 0 });
  const again = await api.until(`${pods(namespace)}/ss-0`, isReady);
  expect(again.metadata.uid).not.toBe(failed.object.metadata.uid);
  watching.stop();
});

test("StatefulSet resource Replica scaling", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await makeSet(namespace, 1);
  await untilReady(namespace, 1);
  const path = `${statefulSets(namespace)}/ss`;
  const scale = await api.get(`${path}/scale`);
  expect(scale).toMatchObject({ kind: "Scale", spec: { replicas: 1 }, status: { replicas: 1 } });
  await api.update(`${path}/scale`, { ...scale, spec: { replicas: 2 } });
  expect((await api.get(path)).spec.replicas).toBe(2);
  await api.patch(`${path}/scale`, "merge", { spec: { replicas: 4 } });
  expect((await api.get(path)).spec.replicas).toBe(4);
});

test("StatefulSet, list, patch and delete a collection of StatefulSets", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await makeSet(namespace, 1);
  await untilReady(namespace, 1);
  const everywhere = await api.get(`/apis/apps/v1/statefulsets?${labelled("app=ss")}`);
  expect(everywhere.items.filter((item: Json) => item.metadata.namespace === namespace)).toHaveLength(1);
  await api.patch(`${statefulSets(namespace)}/ss`, "strategic", {
    metadata: { labels: { patched: "true" } },
    spec: {
      replicas: 2,
      template: { spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "c", image: "nginx" }] } },
    },
  });
  const patched = await untilReady(namespace, 2);
  expect(patched.spec.template.spec.containers[0].image).toBe("nginx");
  await api.delete(`${statefulSets(namespace)}?${labelled("patched=true")}`);
  await api.untilList(statefulSets(namespace), (items) => items.length === 0);
});

test("StatefulSet, Rolling Update", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await makeSet(namespace, 3, { template: template({ app: "ss" }, { terminationGracePeriodSeconds: 0 }) });
  const before = await untilReady(namespace, 3);
  const first = before.status.currentRevision;
  expect(before.status.updateRevision).toBe(first);
  const roll = async (image: string) => {
    const watching = await api.watch(
      pods(namespace),
      `resourceVersion=${(await api.get(pods(namespace))).metadata.resourceVersion}`,
    );
    await api.patch(`${statefulSets(namespace)}/ss`, "strategic", {
      spec: { template: { spec: { containers: [{ name: "c", image }] } } },
    });
    const done = await api.until(
      `${statefulSets(namespace)}/ss`,
      ({ metadata, status }) =>
        status.observedGeneration >= metadata.generation &&
        status.currentRevision === status.updateRevision &&
        status.updatedReplicas === 3 &&
        status.readyReplicas === 3,
    );
    const order = [];
    while (order.length < 3) order.push((await watching.next(({ type }) => type === "DELETED")).object.metadata.name);
    expect(order).toEqual(["ss-2", "ss-1", "ss-0"]);
    watching.stop();
    for (const item of (await api.get(pods(namespace))).items) {
      expect(item.spec.containers[0].image).toBe(image);
      expect(item.metadata.labels["controller-revision-hash"]).toBe(done.status.currentRevision);
    }
    return done.status.currentRevision;
  };
  const second = await roll("nginx");
  expect(second).not.toBe(first);
  const revisions = (await api.get(apps(namespace, "controllerrevisions"))).items.length;
  const back = await roll(before.spec.template.spec.containers[0].image);
  expect(back).toBe(first);
  expect((await api.get(apps(namespace, "controllerrevisions"))).items).toHaveLength(revisions);
});

test("StatefulSet, Rolling Update with Partition", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const partitioned = (partition: number) => ({ type: "RollingUpdate", rollingUpdate: { partition } });
  await makeSet(namespace, 3, {
    updateStrategy: partitioned(3),
    template: template({ app: "ss" }, { terminationGracePeriodSeconds: 0 }),
  });
  const before = await untilReady(namespace, 3);
  const path = `${statefulSets(namespace)}/ss`;
  const { currentRevision } = before.status;
  await api.patch(path, "strategic", { spec: { template: { spec: { containers: [{ name: "c", image: "nginx" }] } } } });
  const told = await api.until(path, ({ status }) => status.updateRevision !== currentRevision);
  const { updateRevision } = told.status;
  const revisions = async () => {
    const { items } = await api.get(pods(namespace));
    return Object.fromEntries(
      items.map((item: Json) => [item.metadata.name, item.metadata.labels["controller-revision-hash"]]),
    );
  };
  // Beyond the partition nothing happens.
  expect(await revisions()).toEqual({ "ss-0": currentRevision, "ss-1": currentRevision, "ss-2": currentRevision });
  // A canary.
  await api.patch(path, "merge", { spec: { updateStrategy: partitioned(2) } });
  await api.until(
    `${pods(namespace)}/ss-2`,
    (object) => object.metadata.labels["controller-revision-hash"] === updateRevision && isReady(object),
  );
  expect(await revisions()).toMatchObject({ "ss-0": currentRevision, "ss-1": currentRevision });
  // Deleted pods come back in the revision that the partition says.
  const uids = new Map<string, string>();
  for (const name of ["ss-0", "ss-2"]) uids.set(name, (await api.get(`${pods(namespace)}/${name}`)).metadata.uid);
  for (const name of uids.keys()) await api.delete(`${pods(namespace)}/${name}`);
  for (const [name, uid] of uids) {
    await api.until(`${pods(namespace)}/${name}`, (object) => object.metadata.uid !== uid && isReady(object));
  }
  expect(await revisions()).toEqual({ "ss-0": currentRevision, "ss-1": currentRevision, "ss-2": updateRevision });
  // In phases to the end.
  for (const partition of [1, 0]) {
    await api.patch(path, "merge", { spec: { updateStrategy: partitioned(partition) } });
    await api.until(
      `${pods(namespace)}/ss-${partition}`,
      (object) => object.metadata.labels["controller-revision-hash"] === updateRevision && isReady(object),
    );
  }
  await api.until(path, ({ status }) => status.currentRevision === updateRevision && status.updatedReplicas === 3);
});

test("StatefulSet, status sub-resource", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await makeSet(namespace, 1);
  await untilReady(namespace, 1);
  const told = { type: "StatusUpdate", status: "True", reason: "E2E", message: "Set by a test" };
  const path = `${statefulSets(namespace)}/ss`;
  await expectStatusChanges(api, path, { conditions: [{ ...told, type: "StatusPatched" }] }, (status) => {
    status.conditions = [told];
  });
  expect(condition(await api.get(path), "StatusUpdate")).toMatchObject(told);
});
