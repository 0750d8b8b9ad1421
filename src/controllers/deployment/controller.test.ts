import { afterEach, expect, test } from "vitest";
import type { Deployment } from "../../api/types/index.ts";
import { type Draft, resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

function deployment(image: string, replicas: number, more: Partial<Deployment["spec"]> = {}): Draft<Deployment> {
  return {
    metadata: { namespace: "default", name: "web" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "c", image }] },
      },
      progressDeadlineSeconds: 600,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      ...more,
    },
  };
}

async function start(draft: Draft<Deployment>) {
  cluster = await testCluster(["deployment-controller", "replicaset-controller"]);
  await cluster.client.resource(resources.deployments).create(draft);
  await cluster.settle();
}

async function finish() {
  for (let round = 0; round < 12; round++) {
    await cluster.runPods();
    await cluster.endDeletedPods();
  }
}

async function sizes() {
  const sets = await cluster.all(resources.replicasets);
  return Object.fromEntries(
    sets.map((set) => [
      set.spec.template?.spec?.containers[0]?.image,
      `${set.spec.replicas}/${set.status?.readyReplicas ?? 0}`,
    ]),
  );
}

test("a new deployment makes one replica set with its pods and tells so as the original", async () => {
  await start(deployment("nginx:1.27", 3));
  await finish();
  const web = await cluster.one(resources.deployments, "web");
  const [set] = await cluster.all(resources.replicasets);
  const hash = set?.metadata.labels?.["pod-template-hash"];
  expect(web.metadata.annotations).toEqual({ "deployment.kubernetes.io/revision": "1" });
  const { conditions, ...counts } = web.status ?? {};
  expect(counts).toEqual({
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    terminatingReplicas: 0,
  });
  expect(conditions).toMatchObject([
    {
      type: "Available",
      status: "True",
      reason: "MinimumReplicasAvailable",
      message: "Deployment has minimum availability.",
    },
    {
      type: "Progressing",
      status: "True",
      reason: "NewReplicaSetAvailable",
      message: `ReplicaSet "web-${hash}" has successfully progressed.`,
    },
  ]);
  expect(set?.metadata).toMatchObject({
    name: `web-${hash}`,
    labels: { app: "web", "pod-template-hash": hash },
    annotations: {
      "deployment.kubernetes.io/desired-replicas": "3",
      "deployment.kubernetes.io/max-replicas": "4",
      "deployment.kubernetes.io/revision": "1",
    },
  });
  expect(set?.status).toEqual({
    replicas: 3,
    fullyLabeledReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    terminatingReplicas: 0,
    observedGeneration: 1,
  });
  const pods = await cluster.all(resources.pods);
  expect(await cluster.events()).toEqual([
    `Normal ScalingReplicaSet Deployment: Scaled up replica set web-${hash} from 0 to 3`,
    ...pods.map(() => expect.stringMatching(/^Normal SuccessfulCreate ReplicaSet: Created pod: web-/)),
  ]);
});

test("writes nothing on a second reconcile of what has settled", async () => {
  await start(deployment("nginx:1.27", 3));
  await finish();
  cluster.writes();
  const web = await cluster.one(resources.deployments, "web");
  await cluster.client.resource(resources.deployments).patch({ namespace: "default", name: "web" }, "merge", {
    metadata: { labels: { touched: "yes" } },
  });
  await cluster.settle();
  expect(web.status?.readyReplicas).toBe(3);
  expect(cluster.writes()).toEqual([]);
});

test("rolls over one pod at a time for three replicas, never below the wanted number", async () => {
  await start(deployment("nginx:1.27", 3));
  await finish();
  await cluster.client.resource(resources.deployments).patch({ namespace: "default", name: "web" }, "strategic", {
    spec: { template: { spec: { containers: [{ name: "c", image: "nginx:1.28" }] } } },
  });
  const seen: unknown[] = [];
  for (let round = 0; round < 12; round++) {
    await cluster.settle();
    const now = await sizes();
    if (JSON.stringify(now) !== JSON.stringify(seen.at(-1))) seen.push(now);
    await cluster.runPods();
    await cluster.endDeletedPods();
  }
  expect(await sizes()).toEqual({ "nginx:1.27": "0/0", "nginx:1.28": "3/3" });
  const old = (await cluster.events()).filter((event) => event.includes("ScalingReplicaSet")).slice(1);
  expect(old.map((event) => event.replace(/.*Scaled (\w+) replica set web-\w+ /, "$1 "))).toEqual([
    "up from 0 to 1",
    "down from 3 to 2",
    "up from 1 to 2",
    "down from 2 to 1",
    "up from 2 to 3",
    "down from 1 to 0",
  ]);
  const web = await cluster.one(resources.deployments, "web");
  expect(web.metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("2");
});

test("going back to an old template takes its replica set again under a new revision", async () => {
  await start(deployment("nginx:1.27", 1));
  await finish();
  for (const image of ["nginx:1.28", "nginx:1.27"]) {
    await cluster.client.resource(resources.deployments).patch({ namespace: "default", name: "web" }, "strategic", {
      spec: { template: { spec: { containers: [{ name: "c", image }] } } },
    });
    await cluster.settle();
    await finish();
  }
  expect(await sizes()).toEqual({ "nginx:1.27": "1/1", "nginx:1.28": "0/0" });
  const set = (await cluster.all(resources.replicasets)).find((known) => known.spec.replicas === 1);
  expect(set?.metadata.annotations).toMatchObject({
    "deployment.kubernetes.io/revision": "3",
    "deployment.kubernetes.io/revision-history": "1",
  });
});

test("revisions are counted on beyond what a float can tell apart", async () => {
  await start(deployment("nginx:1.27", 1));
  await finish();
  const [set] = await cluster.all(resources.replicasets);
  if (set === undefined) throw new Error("the deployment has no replica set");
  const annotations = { ...set.metadata.annotations, "deployment.kubernetes.io/revision": "3546343826724305832" };
  await cluster.client.resource(resources.replicasets).update({ ...set, metadata: { ...set.metadata, annotations } });
  await cluster.client.resource(resources.deployments).patch({ namespace: "default", name: "web" }, "strategic", {
    spec: { template: { spec: { containers: [{ name: "c", image: "nginx:1.28" }] } } },
  });
  await cluster.settle();
  const web = await cluster.one(resources.deployments, "web");
  expect(web.metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("3546343826724305833");
});

test("recreate makes the new pods when the old are gone", async () => {
  await start(deployment("nginx:1.27", 2, { strategy: { type: "Recreate" } }));
  await finish();
  await cluster.client.resource(resources.deployments).patch({ namespace: "default", name: "web" }, "strategic", {
    spec: { template: { spec: { containers: [{ name: "c", image: "nginx:1.28" }] } } },
  });
  await cluster.settle();
  expect(await sizes()).toEqual({ "nginx:1.27": "0/0" });
  await finish();
  expect(await sizes()).toEqual({ "nginx:1.27": "0/0", "nginx:1.28": "2/2" });
});

test("a paused deployment is scaled, not rolled out", async () => {
  await start(deployment("nginx:1.27", 2));
  await finish();
  const key = { namespace: "default", name: "web" };
  const writer = cluster.client.resource(resources.deployments);
  await writer.patch(key, "strategic", {
    spec: { paused: true, replicas: 3, template: { spec: { containers: [{ name: "c", image: "nginx:1.28" }] } } },
  });
  await cluster.settle();
  await finish();
  expect(await sizes()).toEqual({ "nginx:1.27": "3/3" });
  const paused = await cluster.one(resources.deployments, "web");
  expect(paused.status?.conditions?.find((known) => known.type === "Progressing")).toMatchObject({
    status: "Unknown",
    reason: "DeploymentPaused",
    message: "Deployment is paused",
  });
  await writer.patch(key, "merge", { spec: { paused: false } });
  await cluster.settle();
  await finish();
  expect(await sizes()).toEqual({ "nginx:1.27": "0/0", "nginx:1.28": "3/3" });
});

test("says when the progress deadline passes", async () => {
  await start(deployment("nginx:1.27", 2, { progressDeadlineSeconds: 10 }));
  await cluster.settle(12_000);
  const web = await cluster.one(resources.deployments, "web");
  const [set] = await cluster.all(resources.replicasets);
  expect(web.status?.conditions).toMatchObject([
    { type: "Available", status: "False", reason: "MinimumReplicasUnavailable" },
    {
      type: "Progressing",
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: `ReplicaSet "${set?.metadata.name}" has timed out progressing.`,
    },
  ]);
});

test("keeps only as many old replica sets as the history limit allows", async () => {
  await start(deployment("nginx:1", 1, { revisionHistoryLimit: 1 }));
  await finish();
  for (const image of ["nginx:2", "nginx:3", "nginx:4"]) {
    await cluster.client.resource(resources.deployments).patch({ namespace: "default", name: "web" }, "strategic", {
      spec: { template: { spec: { containers: [{ name: "c", image }] } } },
    });
    await cluster.settle();
    await finish();
  }
  expect(await sizes()).toEqual({ "nginx:3": "0/0", "nginx:4": "1/1" });
});

test("a deployment that asks for an earlier revision is rolled back to it", async () => {
  await start(deployment("i:1", 1));
  await finish();
  const containers = [{ name: "c", image: "i:2" }];
  const key = { namespace: "default", name: "web" };
  const deployments = cluster.client.resource(resources.deployments);
  await deployments.patch(key, "strategic", { spec: { template: { spec: { containers } } } });
  await cluster.settle();
  await finish();
  expect(await sizes()).toEqual({ "i:1": "0/0", "i:2": "1/1" });
  await deployments.patch(key, "merge", { metadata: { annotations: { "deprecated.deployment.rollback.to": "0" } } });
  await cluster.settle();
  await finish();
  expect(await sizes()).toEqual({ "i:1": "1/1", "i:2": "0/0" });
  const { annotations } = (await cluster.one(resources.deployments, "web")).metadata;
  expect(annotations).toEqual({ "deployment.kubernetes.io/revision": "3" });
  expect(await cluster.events()).toContain(
    'Normal DeploymentRollback Deployment: Rolled back deployment "web" to revision 1',
  );
});
