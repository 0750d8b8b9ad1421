import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const spec = { devices: { requests: [{ name: "gpu", exactly: { deviceClassName: "gpu" } }] } };
const pod = { namespace: "default", name: "p" };

async function start() {
  cluster = await testCluster(["resourceclaim-controller"]);
  const metadata = { namespace: "default", name: "template" };
  const labels = { from: "template" };
  await cluster.client.resource(resources.pods).create({
    metadata: pod,
    spec: {
      containers: [{ name: "c", image: "i", resources: { claims: [{ name: "gpu" }] } }],
      resourceClaims: [{ name: "gpu", resourceClaimTemplateName: "template" }],
      terminationGracePeriodSeconds: 1,
    },
  });
  await cluster.settle();
  expect(await cluster.all(resources.resourceclaims)).toEqual([]);
  await cluster.client
    .resource(resources.resourceclaimtemplates)
    .create({ metadata, spec: { metadata: { labels }, spec } });
  await cluster.settle();
}

const claim = async () => (await cluster.all(resources.resourceclaims))[0];

async function allocate() {
  const found = await claim();
  if (found === undefined) throw new Error("there is no claim");
  const { uid = "", name = "" } = await cluster.one(resources.pods, "p").then(({ metadata }) => metadata);
  const finalizers = ["resource.kubernetes.io/delete-protection"];
  const writer = cluster.client.resource(resources.resourceclaims);
  const held = await writer.update({ ...found, metadata: { ...found.metadata, finalizers } });
  const results = [{ request: "gpu", driver: "d", pool: "p", device: "0" }];
  const reservedFor = [{ resource: "pods", name, uid }];
  await writer.updateStatus({ ...held, status: { allocation: { devices: { results } }, reservedFor } });
  await cluster.settle();
}

test("a pod gets a claim of its own from a template, also from one that comes later", async () => {
  await start();
  const made = await claim();
  expect(made?.metadata).toMatchObject({
    labels: { from: "template" },
    annotations: { "resource.kubernetes.io/pod-claim-name": "gpu" },
    ownerReferences: [{ kind: "Pod", name: "p", controller: true }],
  });
  expect(made?.metadata.name).toMatch(/^p-gpu-/);
  expect((await cluster.one(resources.pods, "p")).status?.resourceClaimStatuses).toEqual([
    { name: "gpu", resourceClaimName: made?.metadata.name },
  ]);
  expect(await cluster.events()).toEqual([
    'Warning FailedResourceClaimCreation Pod: PodResourceClaim gpu: resource claim template "template": resourceclaimtemplate.resource.k8s.io "template" not found',
  ]);
  cluster.writes();
  await cluster.settle(60_000);
  expect(cluster.writes()).toEqual([]);
});

test("devices are freed when the pod that used them has ended, and its claim goes", async () => {
  await start();
  await allocate();
  expect((await claim())?.status?.reservedFor?.length).toBe(1);
  const running = await cluster.one(resources.pods, "p");
  await cluster.client
    .resource(resources.pods)
    .updateStatus({ ...running, status: { ...running.status, phase: "Succeeded" } });
  await cluster.settle();
  expect(await claim()).toBeUndefined();
});

test("a claim that is being deleted is held until nobody uses it", async () => {
  await start();
  await allocate();
  const name = (await claim())?.metadata.name ?? "";
  await cluster.client.resource(resources.resourceclaims).delete({ namespace: "default", name });
  await cluster.settle();
  expect((await claim())?.metadata.deletionTimestamp).toBeDefined();
  await cluster.client.resource(resources.pods).delete(pod, { gracePeriodSeconds: 0 });
  await cluster.settle();
  expect(await claim()).toBeUndefined();
});
