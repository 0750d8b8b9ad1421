import { afterEach, expect, test } from "vitest";
import type { PodDisruptionBudget } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

async function start(spec: PodDisruptionBudget["spec"], replicas = 3) {
  cluster = await testCluster(["disruption-controller", "replicaset-controller"]);
  const matchLabels = { app: "web" };
  await cluster.client.resource(resources.replicasets).create({
    metadata: { namespace: "default", name: "web" },
    spec: {
      replicas,
      selector: { matchLabels: { ...matchLabels, of: "set" } },
      template: {
        metadata: { labels: { ...matchLabels, of: "set" } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "c", image: "i" }] },
      },
    },
  });
  const budget = { metadata: { namespace: "default", name: "pdb" }, spec: { selector: { matchLabels }, ...spec } };
  await cluster.client.resource(resources.poddisruptionbudgets).create(budget);
  await cluster.settle();
}

const status = async () => (await cluster.one(resources.poddisruptionbudgets, "pdb")).status;

test("says how many pods may go, as the original words it", async () => {
  await start({ minAvailable: 2 });
  expect(await status()).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 0 });
  await cluster.runPods();
  expect(await status()).toEqual({
    observedGeneration: 1,
    disruptionsAllowed: 1,
    currentHealthy: 3,
    desiredHealthy: 2,
    expectedPods: 3,
    conditions: [
      {
        type: "DisruptionAllowed",
        status: "True",
        observedGeneration: 1,
        lastTransitionTime: expect.any(String),
        reason: "SufficientPods",
        message: "",
      },
    ],
  });
});

test("parts are parts of what the controllers want", async () => {
  await start({ maxUnavailable: "50%" }, 5);
  await cluster.runPods();
  expect(await status()).toMatchObject({ expectedPods: 5, desiredHealthy: 2, disruptionsAllowed: 3 });
});

async function barePod(name: string, ownerReferences?: object[]) {
  const metadata = { namespace: "default", name, labels: { app: "web" }, ownerReferences };
  const spec = { containers: [{ name: "c", image: "i" }] };
  await cluster.client.resource(resources.pods).create({ metadata, spec } as never);
  await cluster.settle();
}

const budgetEvents = async () => (await cluster.events()).filter((event) => event.includes("PodDisruptionBudget"));

test("pods without a controller do not count where parts are asked for, and the budget says so", async () => {
  await start({ maxUnavailable: 1 }, 2);
  await barePod("bare");
  await cluster.runPods();
  expect(await status()).toMatchObject({
    expectedPods: 2,
    currentHealthy: 3,
    desiredHealthy: 1,
    disruptionsAllowed: 2,
  });
  expect(await budgetEvents()).toContain(
    'Warning UnmanagedPods PodDisruptionBudget: Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.',
  );
});

test("a controller that has no scale makes the budget fail safe: nothing may be evicted", async () => {
  await start({ maxUnavailable: 1 }, 0);
  const job = await cluster.client.resource(resources.jobs).create({
    metadata: { namespace: "default", name: "batch" },
    spec: { template: { metadata: {}, spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } } },
  });
  const owner = { apiVersion: "batch/v1", kind: "Job", name: "batch", uid: job.metadata.uid, controller: true };
  await barePod("work", [owner]);
  const message = "jobs.batch does not implement the scale subresource";
  expect((await status())?.disruptionsAllowed).toBe(0);
  expect((await status())?.conditions).toMatchObject([
    { type: "DisruptionAllowed", status: "False", reason: "SyncFailed", message },
  ]);
  expect(await budgetEvents()).toContain(
    `Warning CalculateExpectedPodCountFailed PodDisruptionBudget: Failed to calculate the number of expected pods: ${message}`,
  );
});

test("a controller that is gone is told as such", async () => {
  await start({ maxUnavailable: 1 }, 0);
  await barePod("lost", [{ apiVersion: "apps/v1", kind: "StatefulSet", name: "gone", uid: "u", controller: true }]);
  expect((await status())?.conditions).toMatchObject([
    { reason: "SyncFailed", message: 'found no controllers for pod "lost"' },
  ]);
});

test("an eviction that was granted and did not come is told, and does not count any more", async () => {
  await start({ minAvailable: 1 }, 2);
  await cluster.runPods();
  const budget = await cluster.one(resources.poddisruptionbudgets, "pdb");
  const [pod] = await cluster.all(resources.pods);
  const name = pod?.metadata.name ?? "";
  const disruptedPods = { [name]: new Date(cluster.host.clock.now()).toISOString().replace(/\.\d+/, "") };
  if (budget.status === undefined) throw new Error("the budget has no status");
  await cluster.client
    .resource(resources.poddisruptionbudgets)
    .updateStatus({ ...budget, status: { ...budget.status, disruptedPods } });
  await cluster.settle();
  expect(await status()).toMatchObject({ currentHealthy: 1, disruptionsAllowed: 0 });
  await cluster.settle(121_000);
  expect(await status()).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
  expect(await cluster.events()).toContain(
    "Warning NotDeleted Pod: Pod was expected by PDB default/default to be deleted but it wasn't",
  );
});

test("that a pod is about to be disrupted is taken back after two minutes, unless its own node said so", async () => {
  await start({ minAvailable: 1 }, 2);
  await cluster.runPods();
  const [first, second] = await cluster.all(resources.pods);
  const lastTransitionTime = new Date(cluster.host.clock.now()).toISOString().replace(/\.\d+/, "");
  const tell = async (pod: typeof first, reason: string) => {
    if (pod === undefined) throw new Error("there is no such pod");
    const condition = { type: "DisruptionTarget", status: "True", reason, message: "soon", lastTransitionTime };
    const conditions = [...(pod.status?.conditions ?? []), condition];
    await cluster.client.resource(resources.pods).updateStatus({ ...pod, status: { ...pod.status, conditions } });
  };
  await tell(first, "EvictionByEvictionAPI");
  await tell(second, "TerminationByKubelet");
  const told = async () =>
    (await cluster.all(resources.pods)).map(({ status }) =>
      status?.conditions?.find(({ type }) => type === "DisruptionTarget"),
    );
  await cluster.settle(110_000);
  expect((await told()).map((condition) => condition?.status)).toEqual(["True", "True"]);
  await cluster.settle(11_000);
  const [taken, kept] = await told();
  expect(taken).toMatchObject({ type: "DisruptionTarget", status: "False", reason: "EvictionByEvictionAPI" });
  expect(taken?.lastTransitionTime).not.toBe(lastTransitionTime);
  expect(kept?.status).toBe("True");
});
