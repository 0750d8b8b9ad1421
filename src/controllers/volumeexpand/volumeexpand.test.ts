import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

test("a claim that asks for more than it has hears that its driver has to give it", async () => {
  cluster = await testCluster(["persistentvolume-expander-controller"]);
  const claims = cluster.client.resource(resources.persistentvolumeclaims);
  const key = { namespace: "default", name: "c" };
  const claim = await claims.create({
    metadata: key,
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, volumeName: "pv" },
  });
  await claims.updateStatus({ ...claim, status: { phase: "Bound", capacity: { storage: "1Gi" } } });
  await cluster.settle();
  expect(await cluster.events()).toEqual([]);
  await claims.patch(key, "merge", { spec: { resources: { requests: { storage: "2Gi" } } } });
  await cluster.settle();
  expect(await cluster.events()).toEqual([
    "Normal ExternalExpanding PersistentVolumeClaim: waiting for an external controller to expand this PVC",
  ]);
});
