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
      selector: { matchLabels },
      template: {
        metadata: { labels: matchLabels },
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
