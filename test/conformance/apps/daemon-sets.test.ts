import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { expectStatusChanges } from "../support/lifecycle.ts";
import { apps, labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { condition, isReady, ownedBy, template, workload } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 3 } });

const daemonSets = (namespace: string) => apps(namespace, "daemonsets");
const revisionsOf = (namespace: string) => apps(namespace, "controllerrevisions");
const quickly = { terminationGracePeriodSeconds: 0 };

async function makeSet(namespace: string, spec: Json = {}, podSpec: Json = {}): Promise<Json> {
  const labels = { app: "daemon" };
  return suite.api.create(
    daemonSets(namespace),
    workload("daemon", undefined, { template: template(labels, { ...quickly, ...podSpec }), ...spec }, labels),
  );
}

/** One ready pod on each of so many nodes, all of the current template. */
function untilOn(namespace: string, nodes: number): Promise<Json> {
  return suite.api.until(
    `${daemonSets(namespace)}/daemon`,
    ({ metadata, status }) =>
      status.observedGeneration >= metadata.generation &&
      status.desiredNumberScheduled === nodes &&
      status.numberReady === nodes &&
      (status.updatedNumberScheduled ?? 0) === nodes,
  );
}

function setImage(namespace: string, image: string): Promise<Json> {
  return suite.api.patch(`${daemonSets(namespace)}/daemon`, "strategic", {
    spec: { template: { spec: { containers: [{ name: "c", image }] } } },
  });
}

test("DaemonSet-Creation", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await makeSet(namespace);
  await untilOn(namespace, 3);
  const { items } = await api.get(pods(namespace));
  expect(new Set(items.map((item: Json) => item.spec.nodeName)).size).toBe(3);
  const [gone] = items;
  await api.delete(`${pods(namespace)}/${gone.metadata.name}`);
  const again = await api.untilList(
    pods(namespace),
    (now) => now.length === 3 && now.every(isReady) && now.every((item) => item.metadata.uid !== gone.metadata.uid),
  );
  expect(new Set(again.map((item) => item.spec.nodeName)).size).toBe(3);
});

test("DaemonSet-NodeSelection", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const label = `${namespace}-color`;
  await makeSet(namespace, {}, { nodeSelector: { [label]: "blue" } });
  await api.until(
    `${daemonSets(namespace)}/daemon`,
    ({ status }) => status.observedGeneration === 1 && status.desiredNumberScheduled === 0,
  );
  expect((await api.get(pods(namespace))).items).toEqual([]);
  const [node] = (await api.get("/api/v1/nodes")).items;
  const paint = (color: string | null) =>
    api.patch(`/api/v1/nodes/${node.metadata.name}`, "merge", { metadata: { labels: { [label]: color } } });
  await paint("blue");
  await untilOn(namespace, 1);
  expect((await api.get(pods(namespace))).items[0].spec.nodeName).toBe(node.metadata.name);
  await paint("green");
  await api.untilList(pods(namespace), (items) => items.length === 0);
  await api.patch(`${daemonSets(namespace)}/daemon`, "merge", {
    spec: { template: { spec: { nodeSelector: { [label]: "green" } } }, updateStrategy: { type: "RollingUpdate" } },
  });
  await untilOn(namespace, 1);
  await paint(null);
});

test("DaemonSet-FailedPodCreation", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await makeSet(namespace);
  await untilOn(namespace, 3);
  const [pod] = (await api.get(pods(namespace))).items;
  await api.edit(
    `${pods(namespace)}/${pod.metadata.name}`,
    (object) => {
      object.status.phase = "Failed";
    },
    `${pods(namespace)}/${pod.metadata.name}/status`,
  );
  await api.untilList(
    pods(namespace),
    (items) =>
      items.length === 3 && items.every(isReady) && items.every((item) => item.metadata.uid !== pod.metadata.uid),
  );
});

test("DaemonSet-RollingUpdate", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const set = await makeSet(namespace, { updateStrategy: { type: "RollingUpdate" } });
  await untilOn(namespace, 3);
  const [first] = (await api.get(revisionsOf(namespace))).items;
  expect(ownedBy(first, set)).toBe(true);
  await setImage(namespace, "nginx");
  await untilOn(namespace, 3);
  const revisions = await api.untilList(revisionsOf(namespace), (items) => items.length === 2);
  const newest = revisions.find((item) => item.revision === 2);
  const hash = newest.metadata.labels["controller-revision-hash"];
  for (const item of (await api.get(pods(namespace))).items) {
    expect(item.spec.containers[0].image).toBe("nginx");
    expect(item.metadata.labels["controller-revision-hash"]).toBe(hash);
  }
});

test("DaemonSet-Rollback", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const set = await makeSet(namespace, { updateStrategy: { type: "RollingUpdate" } });
  await untilOn(namespace, 3);
  const before = (await api.get(pods(namespace))).items;
  // A change that cannot succeed gets stuck on one node (maxUnavailable is 1)...
  await setImage(namespace, "not-there.invalid/image:1");
  await api.untilList(pods(namespace), (items) =>
    items.some((item) => item.spec.containers[0].image.startsWith("not-there") && item.status.phase === "Pending"),
  );
  // ... and taking it back must not touch those that were never changed.
  await setImage(namespace, set.spec.template.spec.containers[0].image);
  await untilOn(namespace, 3);
  const uids = new Set(before.map((item: Json) => item.metadata.uid));
  const after = await api.untilList(pods(namespace), (items) => items.length === 3 && items.every(isReady));
  const kept = after.filter((item) => uids.has(item.metadata.uid));
  expect(kept).toHaveLength(2);
  for (const item of kept) expect(item.status.containerStatuses[0].restartCount).toBe(0);
});

test("DaemonSet, list and delete a collection of DaemonSets", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await makeSet(namespace);
  await untilOn(namespace, 3);
  const select = labelled("app=daemon");
  expect((await api.get(`${daemonSets(namespace)}?${select}`)).items).toHaveLength(1);
  await api.delete(`${daemonSets(namespace)}?${select}`);
  await api.untilList(`${daemonSets(namespace)}?${select}`, (items) => items.length === 0);
  await api.untilList(pods(namespace), (items) => items.length === 0);
});

test("DaemonSet, status sub-resource", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await makeSet(namespace);
  await untilOn(namespace, 3);
  const told = { type: "StatusUpdate", status: "True", reason: "E2E", message: "Set by a test" };
  const path = `${daemonSets(namespace)}/daemon`;
  await expectStatusChanges(api, path, { conditions: [{ ...told, type: "StatusPatched" }] }, (status) => {
    status.conditions = [told];
  });
  expect(condition(await api.get(path), "StatusUpdate")).toMatchObject(told);
});

test("ControllerRevision, resource lifecycle", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const set = await makeSet(namespace, { updateStrategy: { type: "RollingUpdate" } });
  await untilOn(namespace, 3);
  const path = revisionsOf(namespace);
  const select = `${path}?${labelled("app=daemon")}`;
  const [first] = await api.untilList(select, (items) => items.length === 1);
  const patched = await api.patch(`${path}/${first.metadata.name}`, "strategic", {
    metadata: { labels: { [first.metadata.name]: "patched" } },
  });
  expect(patched.metadata.labels[first.metadata.name]).toBe("patched");
  const reference = first.metadata.ownerReferences[0];
  const made = await api.create(path, {
    metadata: {
      name: `${first.metadata.name.slice(0, -1)}-new`,
      labels: first.metadata.labels,
      ownerReferences: [reference],
    },
    data: first.data,
    revision: first.revision + 1,
  });
  expect((await api.get(select)).items).toHaveLength(2);
  await api.delete(`${path}/${first.metadata.name}`);
  await api.untilGone(`${path}/${first.metadata.name}`);
  const [second] = await api.untilList(select, (items) => items.length === 1);
  expect(second.metadata.uid).toBe(made.metadata.uid);
  const updated = await api.edit(`${path}/${second.metadata.name}`, (object) => {
    object.metadata.labels[second.metadata.name] = "updated";
  });
  expect(updated.metadata.labels[second.metadata.name]).toBe("updated");
  await setImage(namespace, "nginx");
  await api.untilList(select, (items) => items.length === 2);
  await untilOn(namespace, 3);
  expect(ownedBy(second, set)).toBe(true);
  await api.delete(`${path}?${labelled(`${second.metadata.name}=updated`)}`);
  const [last] = await api.untilList(select, (items) => items.length === 1);
  expect(last.revision).toBe(3);
});
