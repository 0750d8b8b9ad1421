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

test("a node that refuses its pods gets a new one after growing pauses, not at once", async () => {
  await start();
  const fail = async () => {
    for (const pod of await cluster.all(resources.pods)) {
      if (nodeOf(pod) !== "node-1" || pod.status?.phase === "Failed") continue;
      await cluster.client.resource(resources.pods).updateStatus({ ...pod, status: { phase: "Failed" } });
    }
    await cluster.settle(0);
  };
  const failures = async () => (await cluster.events()).filter((event) => event.includes("FailedDaemonPod")).length;
  await fail();
  await cluster.endDeletedPods();
  expect(await failures()).toBe(1);
  await fail();
  expect(await failures()).toBe(1);
  await cluster.settle(1000);
  await cluster.endDeletedPods();
  expect(await failures()).toBe(2);
  await fail();
  await cluster.settle(1000);
  expect(await failures()).toBe(2);
  await cluster.settle(1000);
  expect(await failures()).toBe(3);
});

test("a pod that nobody controls is adopted as soon as its labels fit", async () => {
  await start();
  const spec = { nodeName: "node-2", containers: [{ name: "c", image: "i" }] };
  const stray = { metadata: { namespace: "default", name: "stray", labels: { app: "other" } }, spec };
  await cluster.client.resource(resources.pods).create(stray);
  await cluster.settle();
  const labels = { app: "agent" };
  await cluster.client
    .resource(resources.pods)
    .patch({ namespace: "default", name: "stray" }, "merge", { metadata: { labels } });
  await cluster.settle();
  const [adopted] = (await cluster.all(resources.pods)).filter(({ metadata }) => metadata.name === "stray");
  expect(adopted?.metadata.ownerReferences?.[0]?.name).toBe("agent");
});

test("the fields of a revision are in order: clients find the one of a template by comparing bytes", async () => {
  await start();
  const [revision] = await cluster.all(resources.controllerrevisions);
  const text = JSON.stringify(revision?.data);
  const sorted = JSON.stringify(revision?.data, (_, value) =>
    typeof value !== "object" || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
  expect(text).toBe(sorted);
  expect(text).toContain('"template":{"$patch":"replace","metadata"');
});

test("two revisions of one template become one, and pods carry the hash of that which stays", async () => {
  await start();
  const [revision] = await cluster.all(resources.controllerrevisions);
  if (revision === undefined) throw new Error("the daemon set has no revision");
  const hash = "double";
  const { namespace, ownerReferences } = revision.metadata;
  const labels = { ...revision.metadata.labels, "controller-revision-hash": hash };
  const metadata = { namespace, ownerReferences, labels, name: `agent-${hash}` };
  await cluster.client.resource(resources.controllerrevisions).create({ ...revision, metadata, revision: 2 });
  const before = (await cluster.all(resources.pods)).map(({ metadata }) => metadata.uid);
  const set = await cluster.one(resources.daemonsets, "agent");
  const annotations = { touched: "yes" };
  await cluster.client
    .resource(resources.daemonsets)
    .update({ ...set, metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, ...annotations } } });
  await cluster.settle();
  const names = (await cluster.all(resources.controllerrevisions)).map(({ metadata }) => metadata.name);
  expect(names).toEqual(["agent-double"]);
  const pods = await cluster.all(resources.pods);
  expect(pods.map(({ metadata }) => metadata.uid)).toEqual(before);
  expect(pods.map(({ metadata }) => metadata.labels?.["controller-revision-hash"])).toEqual([hash, hash]);
});
