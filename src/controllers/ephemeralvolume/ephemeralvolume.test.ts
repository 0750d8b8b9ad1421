import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const claimSpec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };

async function createPod(): Promise<void> {
  const metadata = { labels: { disk: "scratch" } };
  const scratch = { name: "scratch", ephemeral: { volumeClaimTemplate: { metadata, spec: claimSpec } } };
  await cluster.client.resource(resources.pods).create({
    metadata: { name: "p", namespace: "default" },
    spec: { containers: [{ name: "c", image: "i" }], volumes: [scratch] },
  });
  await cluster.settle();
}

test("the claim of an ephemeral volume is made, owned by its pod, and made again when it goes", async () => {
  cluster = await testCluster(["ephemeral-volume-controller"]);
  await createPod();
  const pod = await cluster.one(resources.pods, "p");
  const made = await cluster.one(resources.persistentvolumeclaims, "p-scratch");
  expect(made.metadata).toMatchObject({
    labels: { disk: "scratch" },
    ownerReferences: [{ kind: "Pod", name: "p", uid: pod.metadata.uid, controller: true }],
  });
  expect(made.spec.accessModes).toEqual(["ReadWriteOnce"]);
  await cluster.client.resource(resources.persistentvolumeclaims).delete({ namespace: "default", name: "p-scratch" });
  await cluster.settle();
  expect((await cluster.one(resources.persistentvolumeclaims, "p-scratch")).metadata.uid).not.toBe(made.metadata.uid);
});

test("a claim of that name that is not the pod's is left alone and told of", async () => {
  cluster = await testCluster(["ephemeral-volume-controller"]);
  const metadata = { name: "p-scratch", namespace: "default" };
  await cluster.client.resource(resources.persistentvolumeclaims).create({ metadata, spec: claimSpec });
  await createPod();
  expect(await cluster.events()).toEqual([
    "Warning FailedBinding Pod: ephemeral volume scratch: PVC default/p-scratch was not created for pod default/p (pod is not owner)",
  ]);
});
