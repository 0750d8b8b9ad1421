import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const uniqueName = "kubernetes.io/csi/csi.example.com^vol-1";

async function start(attachRequired = true) {
  cluster = await testCluster(["persistentvolume-attach-detach-controller"]);
  const { client } = cluster;
  const annotations = { "volumes.kubernetes.io/controller-managed-attach-detach": "true" };
  for (const name of ["node-1", "node-2"]) {
    await client.resource(resources.nodes).create({ metadata: { name, annotations }, spec: {} });
  }
  await client
    .resource(resources.csidrivers)
    .create({ metadata: { name: "csi.example.com" }, spec: { attachRequired } });
  await client.resource(resources.persistentvolumes).create({
    metadata: { name: "pv" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      csi: { driver: "csi.example.com", volumeHandle: "vol-1" },
      persistentVolumeReclaimPolicy: "Retain",
    },
  });
  await client.resource(resources.persistentvolumeclaims).create({
    metadata: { namespace: "default", name: "claim" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, volumeName: "pv" },
  });
  await runPod("p", "node-1");
}

async function runPod(name: string, node: string) {
  const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "claim" } }];
  await cluster.client.resource(resources.pods).create({
    metadata: { namespace: "default", name },
    spec: { nodeName: node, containers: [{ name: "c", image: "i" }], volumes },
  });
  await cluster.settle();
}

const found = () => cluster.all(resources.volumeattachments);
const attachedTo = async () => (await found()).map(({ spec }) => spec.nodeName);
const told = async () => (await cluster.one(resources.nodes, "node-1")).status?.volumesAttached;

async function driverSays(status: { attached: boolean; attachError?: { message: string } }) {
  const [attachment] = await found();
  if (attachment === undefined) throw new Error("nothing is to be attached");
  await cluster.client.resource(resources.volumeattachments).updateStatus({ ...attachment, status });
  await cluster.settle();
}

async function usedByNode(volumesInUse: string[] | null) {
  const patch = { status: { volumesInUse } };
  await cluster.client.resource(resources.nodes).patchStatus({ name: "node-1" }, "merge", patch);
  await cluster.settle();
}

async function deletePod(name: string) {
  await cluster.client.resource(resources.pods).delete({ namespace: "default", name }, { gracePeriodSeconds: 0 });
  await cluster.settle();
}

test("a volume is attached where its pod is, told to the node, and detached when the node has let it go", async () => {
  await start();
  const [attachment] = await found();
  expect(attachment?.metadata.name).toMatch(/^csi-[0-9a-f]{64}$/);
  expect(attachment?.spec).toEqual({
    attacher: "csi.example.com",
    nodeName: "node-1",
    source: { persistentVolumeName: "pv" },
  });
  expect(await told()).toBeUndefined();
  await driverSays({ attached: false, attachError: { message: "busy" } });
  await driverSays({ attached: true });
  expect(await told()).toEqual([{ name: uniqueName, devicePath: "" }]);
  expect(await cluster.events()).toEqual([
    'Warning FailedAttachVolume Pod: AttachVolume.Attach failed for volume "pv" : busy',
    'Normal SuccessfulAttachVolume Pod: AttachVolume.Attach succeeded for volume "pv" ',
  ]);
  await usedByNode([uniqueName]);
  await deletePod("p");
  expect(await attachedTo()).toEqual(["node-1"]);
  await usedByNode(null);
  expect(await attachedTo()).toEqual([]);
  expect(await told()).toBeUndefined();
});

test("a volume for one node waits until the other has let it go", async () => {
  await start();
  await driverSays({ attached: true });
  await runPod("q", "node-2");
  expect(await attachedTo()).toEqual(["node-1"]);
  expect((await cluster.events()).at(-1)).toBe(
    'Warning FailedAttachVolume Pod: Multi-Attach error for volume "pv" Volume is already exclusively attached to one node and can\'t be attached to another',
  );
  await deletePod("p");
  expect(await attachedTo()).toEqual(["node-2"]);
});

test("a node that does not answer is waited for six minutes; one that is out of service, not at all", async () => {
  await start();
  await driverSays({ attached: true });
  await usedByNode([uniqueName]);
  await deletePod("p");
  await cluster.settle(5 * 60_000);
  expect(await attachedTo()).toEqual(["node-1"]);
  await cluster.settle(2 * 60_000);
  expect(await attachedTo()).toEqual([]);
});

test("drivers that need no attaching are not asked to", async () => {
  await start(false);
  expect(await found()).toEqual([]);
});

test("what somebody else asked to be attached is left alone", async () => {
  await start();
  const spec = { attacher: "csi.example.com", nodeName: "node-2", source: { persistentVolumeName: "another" } };
  await cluster.client.resource(resources.volumeattachments).create({ metadata: { name: "by-hand" }, spec });
  await cluster.settle();
  expect((await found()).map(({ metadata }) => metadata.name)).toContain("by-hand");
});
