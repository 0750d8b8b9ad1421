import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { expectStatusChanges } from "../support/lifecycle.ts";
import { apps, labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { condition, container, isReady, ownedBy, template, workload } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 2 } });

const deployments = (namespace: string) => apps(namespace, "deployments");
const replicaSets = (namespace: string) => apps(namespace, "replicasets");

/** Its whole desired state is there and nothing else. */
function isComplete({ metadata, spec, status }: Json): boolean {
  return (
    status.observedGeneration >= metadata.generation &&
    status.updatedReplicas === spec.replicas &&
    status.replicas === spec.replicas &&
    status.availableReplicas === spec.replicas
  );
}

async function make(namespace: string, name: string, replicas: number, spec: Json = {}, labels = { app: name }) {
  return suite.api.create(deployments(namespace), workload(name, replicas, spec, labels));
}

function untilComplete(namespace: string, name: string): Promise<Json> {
  return suite.api.until(`${deployments(namespace)}/${name}`, isComplete);
}

function setImage(namespace: string, name: string, image: string): Promise<Json> {
  return suite.api.patch(`${deployments(namespace)}/${name}`, "strategic", {
    spec: { template: { spec: { containers: [{ name: "c", image }] } } },
  });
}

test("Deployment RollingUpdate", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const labels = { name: "sample-pod" };
  // An older replica set with the same selector is adopted and replaced.
  const old = await api.create(replicaSets(namespace), {
    ...workload(
      "old",
      1,
      { template: template(labels, { containers: [container({ image: "nginx" })] }) },
      { app: "old" },
    ),
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: template(labels, { containers: [container({ image: "nginx" })] }),
    },
  });
  await api.patch(`${replicaSets(namespace)}/old`, "merge", { metadata: { labels } });
  await api.until(`${replicaSets(namespace)}/old`, ({ status }) => status.readyReplicas === 1);
  const deployment = await make(namespace, "rolling", 1, {}, labels as never);
  await untilComplete(namespace, "rolling");
  const sets = await api.untilList(replicaSets(namespace), (items) =>
    items.some((item) => item.metadata.uid === old.metadata.uid && item.status.replicas === 0),
  );
  expect(sets).toHaveLength(2);
  for (const set of sets) expect(ownedBy(set, deployment)).toBe(true);
  const revision = (set: Json) => Number(set.metadata.annotations["deployment.kubernetes.io/revision"] ?? 0);
  const [before, after] = sets.sort((a, b) => a.spec.replicas - b.spec.replicas);
  expect(after.spec.replicas).toBe(1);
  expect(revision(after)).toBeGreaterThan(revision(before));
});

test("Deployment Recreate", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await make(namespace, "recreate", 2, { strategy: { type: "Recreate" } });
  await untilComplete(namespace, "recreate");
  const start = await api.get(pods(namespace));
  const watching = await api.watch(pods(namespace), `resourceVersion=${start.metadata.resourceVersion}`);
  await setImage(namespace, "recreate", "nginx");
  await untilComplete(namespace, "recreate");
  // No new pod may have been made before the last old one was gone.
  const running = new Set(start.items.map((item: Json) => item.metadata.name));
  const made = new Set<string>();
  while (made.size < 2) {
    const { type, object } = await watching.next();
    const { name } = object.metadata;
    if (type === "ADDED") {
      expect(running.size).toBe(0);
      made.add(name);
    } else if (type === "DELETED" || ["Failed", "Succeeded"].includes(object.status.phase)) running.delete(name);
  }
  watching.stop();
});

test("Deployment RevisionHistoryLimit", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await make(namespace, "history", 1, { revisionHistoryLimit: 0 });
  await untilComplete(namespace, "history");
  await setImage(namespace, "history", "nginx");
  await untilComplete(namespace, "history");
  const [left] = await api.untilList(replicaSets(namespace), (items) => items.length === 1);
  expect(left.spec.template.spec.containers[0].image).toBe("nginx");
});

test("Deployment Rollover", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const rolling = { strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } };
  await make(namespace, "rollover", 1, rolling);
  await untilComplete(namespace, "rollover");
  // The first change never becomes available; the second takes over while that is under way.
  await setImage(namespace, "rollover", "not-there.invalid/image:1");
  await api.untilList(
    replicaSets(namespace),
    (items) => items.length === 2 && items.every((item) => item.status.replicas === 1),
  );
  await setImage(namespace, "rollover", "nginx");
  await untilComplete(namespace, "rollover");
  const sets = await api.untilList(
    replicaSets(namespace),
    (items) => items.length === 3 && items.filter((item) => item.status.replicas > 0).length === 1,
  );
  const [current] = sets.filter((set) => set.spec.replicas === 1);
  expect(current.spec.template.spec.containers[0].image).toBe("nginx");
  expect(current.status.availableReplicas).toBe(1);
});

test("Deployment Proportional Scaling", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
  await make(namespace, "proportional", 10, { strategy });
  await untilComplete(namespace, "proportional");
  const [first] = (await api.get(replicaSets(namespace))).items;
  await setImage(namespace, "proportional", "not-there.invalid/image:1");
  const replicasOf = (items: Json[]) => ({
    first: items.find((item) => item.metadata.uid === first.metadata.uid)?.spec.replicas,
    second: items.find((item) => item.metadata.uid !== first.metadata.uid)?.spec.replicas,
  });
  const settled = await api.untilList(replicaSets(namespace), (items) => {
    const { first: one, second: two } = replicasOf(items);
    return one === 8 && two === 5;
  });
  expect(settled).toHaveLength(2);
  await api.until(`${deployments(namespace)}/proportional`, ({ status }) => status.availableReplicas === 8);
  await api.patch(`${deployments(namespace)}/proportional`, "merge", { spec: { replicas: 30 } });
  // 33 with the surge; the twenty more are shared out in the proportion of 8 to 5.
  await api.untilList(replicaSets(namespace), (items) => {
    const { first: one, second: two } = replicasOf(items);
    return one === 20 && two === 13;
  });
});

test("Deployment, completes the scaling of a Deployment subresource", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await make(namespace, "scaled", 1);
  await untilComplete(namespace, "scaled");
  const path = `${deployments(namespace)}/scaled`;
  const scale = await api.get(`${path}/scale`);
  expect(scale).toMatchObject({ kind: "Scale", spec: { replicas: 1 }, status: { replicas: 1 } });
  const updated = await api.update(`${path}/scale`, { ...scale, spec: { replicas: 2 } });
  expect(updated.spec.replicas).toBe(2);
  expect((await api.get(path)).spec.replicas).toBe(2);
  await untilComplete(namespace, "scaled");
  await api.patch(`${path}/scale`, "merge", { spec: { replicas: 4 } });
  expect((await api.get(path)).spec.replicas).toBe(4);
  await untilComplete(namespace, "scaled");
});

test("Deployment, completes the lifecycle of a Deployment", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const labels = { "test-deployment-static": namespace };
  const path = `${deployments(namespace)}/life`;
  const watching = await api.watch("/apis/apps/v1/deployments", labelled(`test-deployment-static=${namespace}`));
  await make(namespace, "life", 2, {}, labels as never);
  await watching.next(({ type, object }) => type === "ADDED" && object.metadata.name === "life");
  await untilComplete(namespace, "life");
  await api.patch(path, "strategic", {
    metadata: { labels: { "test-deployment": "patched" } },
    spec: {
      replicas: 1,
      template: { spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "c", image: "nginx" }] } },
    },
  });
  await watching.next(({ object }) => object.metadata.labels["test-deployment"] === "patched");
  await untilComplete(namespace, "life");
  await api.edit(path, (object) => {
    object.spec.replicas = 3;
  });
  await untilComplete(namespace, "life");
  const everywhere = await api.get(`/apis/apps/v1/deployments?${labelled("test-deployment=patched")}`);
  expect(everywhere.items.map((item: Json) => item.metadata.name)).toEqual(["life"]);
  const status = await api.get(`${path}/status`);
  expect(status.status.readyReplicas).toBe(3);
  const patched = await api.patch(`${path}/status`, "merge", {
    metadata: { labels: { "test-deployment": "patched-status" } },
    status: { readyReplicas: 0, availableReplicas: 0 },
  });
  // Go leaves a zero out; the labels of a deployment do not change through its status.
  expect(patched.status.readyReplicas ?? 0).toBe(0);
  expect(patched.metadata.labels["test-deployment"]).toBe("patched");
  await watching.next(({ object }) => object.metadata.resourceVersion === patched.metadata.resourceVersion);
  await api.until(path, ({ status: now }) => now.readyReplicas === 3);
  await api.delete(`${deployments(namespace)}?${labelled(`test-deployment-static=${namespace}`)}`);
  await watching.next(({ type }) => type === "DELETED");
  watching.stop();
  await api.untilList(pods(namespace), (items) => items.length === 0);
});

test("Deployment, status sub-resource", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await make(namespace, "status", 1);
  await untilComplete(namespace, "status");
  const path = `${deployments(namespace)}/status`;
  const told = { type: "StatusUpdate", status: "True", reason: "E2E", message: "Set by a test" };
  const current = await api.get(path);
  const conditions = [...current.status.conditions, { ...told, type: "StatusPatched" }];
  await expectStatusChanges(api, path, { conditions }, (status) => {
    status.conditions = [...current.status.conditions, told];
  });
  const kept = await api.get(`${path}/status`);
  expect(condition(kept, "StatusUpdate")).toMatchObject(told);
  expect((await api.get(pods(namespace))).items.every(isReady)).toBe(true);
});
