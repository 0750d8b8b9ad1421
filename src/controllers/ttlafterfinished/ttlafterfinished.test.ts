import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

test("a finished job goes when its time to live has passed", async () => {
  cluster = await testCluster(["ttl-after-finished-controller", "job-controller", "garbage-collector-controller"]);
  await cluster.client.resource(resources.jobs).create({
    metadata: { namespace: "default", name: "j" },
    spec: {
      ttlSecondsAfterFinished: 30,
      manualSelector: true,
      completions: 0,
      parallelism: 0,
      selector: { matchLabels: { app: "j" } },
      template: {
        metadata: { labels: { app: "j" } },
        spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] },
      },
    },
  });
  await cluster.settle(20_000);
  expect((await cluster.all(resources.jobs)).length).toBe(1);
  await cluster.settle(15_000);
  expect(await cluster.all(resources.jobs)).toEqual([]);
});
