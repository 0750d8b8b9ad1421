import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";
import { simulatedProvisioner } from "./plan.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const key = { namespace: "default", name: "data" };

async function start(): Promise<void> {
  cluster = await testCluster(["simulated-provisioner-controller", "persistentvolume-binder-controller"]);
  await cluster.client.resource(resources.storageclasses).create({
    metadata: { name: "standard" },
    provisioner: simulatedProvisioner,
    allowVolumeExpansion: true,
    volumeBindingMode: "Immediate",
  });
  await cluster.client.resource(resources.persistentvolumeclaims).create({
    metadata: key,
    spec: {
      storageClassName: "standard",
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "1Gi" } },
    },
  });
  await cluster.settle();
}

const claim = () => cluster.one(resources.persistentvolumeclaims, "data");

test("a claim that asks for more gets it: the volume grows, then the claim says so", async () => {
  await start();
  expect((await claim()).status).toMatchObject({ phase: "Bound", capacity: { storage: "1Gi" } });
  cluster.writes();
  const claims = cluster.client.resource(resources.persistentvolumeclaims);
  await claims.patch(key, "merge", { spec: { resources: { requests: { storage: "2Gi" } } } });
  await cluster.settle();
  const { spec, status } = await claim();
  expect(status).toMatchObject({ phase: "Bound", capacity: { storage: "2Gi" } });
  const [volume] = await cluster.all(resources.persistentvolumes);
  expect(volume?.spec.capacity).toEqual({ storage: "2Gi" });
  expect(cluster.writes()).toEqual([
    `update persistentvolumes ${spec.volumeName}`,
    "update persistentvolumeclaims/status data",
  ]);
  expect((await cluster.events()).slice(-2)).toEqual([
    `Normal Resizing PersistentVolumeClaim: External resizer is resizing volume ${spec.volumeName}`,
    "Normal VolumeResizeSuccessful PersistentVolumeClaim: Resize volume succeeded",
  ]);
  await cluster.settle(60_000);
  expect(cluster.writes()).toEqual([]);
});

test("volumes of others are left to their drivers", async () => {
  await start();
  const [volume] = await cluster.all(resources.persistentvolumes);
  const metadata = { annotations: { "pv.kubernetes.io/provisioned-by": "someone-else" } };
  await cluster.client
    .resource(resources.persistentvolumes)
    .patch({ name: volume?.metadata.name ?? "" }, "merge", { metadata });
  await cluster.client
    .resource(resources.persistentvolumeclaims)
    .patch(key, "merge", { spec: { resources: { requests: { storage: "2Gi" } } } });
  await cluster.settle();
  expect((await claim()).status?.capacity).toEqual({ storage: "1Gi" });
});
