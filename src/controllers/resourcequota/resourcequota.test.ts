import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

test("counts what a namespace uses, and counts again when something goes", async () => {
  cluster = await testCluster(["resourcequota-controller"]);
  const hard = { pods: "5", "requests.cpu": "2", "count/deployments.apps": "3", services: "4" };
  await cluster.client
    .resource(resources.resourcequotas)
    .create({ metadata: { namespace: "default", name: "q" }, spec: { hard } });
  for (const name of ["a", "b"]) {
    await cluster.client.resource(resources.pods).create({
      metadata: { namespace: "default", name },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "c", image: "i", resources: { requests: { cpu: "250m" } } }],
      },
    });
  }
  await cluster.settle(1000);
  const used = async () => (await cluster.one(resources.resourcequotas, "q")).status;
  expect(await used()).toEqual({
    hard,
    used: { pods: "2", "requests.cpu": "500m", "count/deployments.apps": "0", services: "0" },
  });
  await cluster.client.resource(resources.pods).delete({ namespace: "default", name: "a" }, { gracePeriodSeconds: 0 });
  await cluster.settle(1000);
  expect((await used())?.used).toMatchObject({ pods: "1", "requests.cpu": "250m" });
});
