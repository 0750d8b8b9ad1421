import { afterEach, expect, test } from "vitest";
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

const only = [
  "persistentvolume-binder-controller",
  "persistentvolumeclaim-protection-controller",
  "persistentvolume-protection-controller",
  "simulated-provisioner-controller",
];

let cluster: TestCluster;
afterEach(() => cluster.stop());

type VolumeSpec = PersistentVolume["spec"];
type ClaimSpec = PersistentVolumeClaim["spec"];

async function volume(name: string, spec: Partial<VolumeSpec> = {}): Promise<void> {
  const given = { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, nfs: { server: "s", path: "/" } };
  await cluster.client
    .resource(resources.persistentvolumes)
    .create({ metadata: { name }, spec: { ...given, ...spec } });
}

async function claim(name: string, spec: Partial<ClaimSpec> = {}): Promise<void> {
  const given = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  const metadata = { name, namespace: "default" };
  await cluster.client.resource(resources.persistentvolumeclaims).create({ metadata, spec: { ...given, ...spec } });
}

async function storageClass(name: string, more: Partial<StorageClass> = {}): Promise<void> {
  await cluster.client.resource(resources.storageclasses).create({
    metadata: { name, annotations: more.metadata?.annotations },
    provisioner: "sampan.dev/simulated",
    reclaimPolicy: "Delete",
    volumeBindingMode: "Immediate",
    ...more,
  });
}

/** `phase of what`, for claims and volumes. */
async function phases(): Promise<Record<string, string>> {
  const claims = await cluster.all(resources.persistentvolumeclaims);
  const volumes = await cluster.all(resources.persistentvolumes);
  return Object.fromEntries([
    ...claims.map((c) => [c.metadata.name, `${c.status?.phase} ${c.spec.volumeName ?? ""}`.trim()]),
    ...volumes.map((v) => [v.metadata.name, `${v.status?.phase} ${v.spec.claimRef?.name ?? ""}`.trim()]),
  ]);
}

test("a claim gets the smallest volume that fits, and both say so", async () => {
  cluster = await testCluster(only);
  await volume("large", { capacity: { storage: "5Gi" } });
  await volume("small", { capacity: { storage: "500Mi" } });
  await volume("fits", { capacity: { storage: "2Gi" } });
  await volume("other-class", { storageClassName: "slow" });
  await volume("block", { volumeMode: "Block" });
  await volume("read-only", { accessModes: ["ReadOnlyMany"] });
  await cluster.settle();
  await claim("c");
  await cluster.settle();
  expect(await phases()).toMatchObject({ c: "Bound fits", fits: "Bound c", large: "Available", small: "Available" });
  const bound = await cluster.one(resources.persistentvolumeclaims, "c");
  expect(bound.status).toEqual({ phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "2Gi" } });
  expect(bound.metadata.annotations).toEqual({
    "pv.kubernetes.io/bind-completed": "yes",
    "pv.kubernetes.io/bound-by-controller": "yes",
  });
  const { spec, metadata } = await cluster.one(resources.persistentvolumes, "fits");
  expect(spec.claimRef).toMatchObject({ kind: "PersistentVolumeClaim", name: "c", uid: bound.metadata.uid });
  expect(metadata.annotations).toEqual({ "pv.kubernetes.io/bound-by-controller": "yes" });
});

test("many claims share many volumes, each its own", async () => {
  cluster = await testCluster(only);
  for (let i = 0; i < 8; i++) await claim(`c${i}`);
  for (let i = 0; i < 8; i++) await volume(`v${i}`);
  await cluster.settle(60_000);
  const bound = Object.entries(await phases());
  expect(bound.every(([, phase]) => phase.startsWith("Bound"))).toBe(true);
  expect(new Set(bound.map(([, phase]) => phase)).size).toBe(16);
});

test("a selector narrows the choice; a volume made for the claim by hand comes first", async () => {
  cluster = await testCluster(only);
  await volume("v");
  await volume("reserved", { capacity: { storage: "9Gi" }, claimRef: { namespace: "default", name: "c" } });
  await cluster.settle();
  await claim("picky", { selector: { matchLabels: { disk: "ssd" } } });
  await claim("c");
  await cluster.settle();
  expect(await phases()).toMatchObject({ c: "Bound reserved", picky: "Pending", v: "Available" });
  const reserved = await cluster.one(resources.persistentvolumes, "reserved");
  expect(reserved.metadata.annotations).toBeUndefined();
  expect(await cluster.events()).toContain(
    "Normal FailedBinding PersistentVolumeClaim: no persistent volumes available for this claim and no storage class is set",
  );
});

test("a claim that names a volume waits for it, and does not take one that does not fit", async () => {
  cluster = await testCluster(only);
  await claim("early", { volumeName: "later" });
  await claim("greedy", { volumeName: "tiny" });
  await volume("tiny", { capacity: { storage: "1Mi" } });
  await cluster.settle();
  expect(await phases()).toMatchObject({ early: "Pending later", greedy: "Pending tiny", tiny: "Available" });
  await volume("later");
  await cluster.settle();
  expect(await phases()).toMatchObject({ early: "Bound later", later: "Bound early" });
  expect(await cluster.events()).toContain(
    'Warning VolumeMismatch PersistentVolumeClaim: Cannot bind to requested volume "tiny": requested PV is too small',
  );
});

test("a bound claim whose volume goes is lost; a bound volume goes only after its claim", async () => {
  cluster = await testCluster(only);
  await volume("v");
  await claim("c");
  await cluster.settle();
  await cluster.client.resource(resources.persistentvolumes).delete({ name: "v" });
  await cluster.settle();
  expect(await phases()).toMatchObject({ c: "Bound v", v: "Bound c" });
  const held = await cluster.one(resources.persistentvolumes, "v");
  await cluster.client
    .resource(resources.persistentvolumes)
    .update({ ...held, metadata: { ...held.metadata, finalizers: [] } });
  await cluster.settle();
  expect(await phases()).toEqual({ c: "Lost v" });
  expect(await cluster.events()).toContain(
    "Warning ClaimLost PersistentVolumeClaim: Bound claim has lost its PersistentVolume. Data on the volume is lost!",
  );
});

test.each([
  ["Retain", {}, "Released c"],
  ["Delete", {}, "Failed c"],
  ["Recycle", {}, "Failed c"],
  ["Delete", { nfs: undefined, csi: { driver: "d", volumeHandle: "h" } }, "Released c"],
])("after its claim a volume with the policy %s %j is %s", async (persistentVolumeReclaimPolicy, spec, phase) => {
  cluster = await testCluster(only);
  await volume("v", { persistentVolumeReclaimPolicy, ...spec });
  await claim("c");
  await cluster.settle();
  await cluster.client.resource(resources.persistentvolumeclaims).delete({ namespace: "default", name: "c" });
  await cluster.settle();
  expect(await phases()).toEqual({ v: phase });
});

test("a class with a provisioner gets a volume made, which goes with the claim", async () => {
  cluster = await testCluster(only);
  await storageClass("fast");
  await claim("c", { storageClassName: "fast" });
  await cluster.settle();
  const { metadata, spec, status } = await cluster.one(resources.persistentvolumeclaims, "c");
  expect(status?.phase).toBe("Bound");
  expect(spec.volumeName).toBe(`pvc-${metadata.uid}`);
  expect(metadata.annotations).toMatchObject({ "volume.kubernetes.io/storage-provisioner": "sampan.dev/simulated" });
  const made = await cluster.one(resources.persistentvolumes, spec.volumeName ?? "");
  expect(made).toMatchObject({
    metadata: { annotations: { "pv.kubernetes.io/provisioned-by": "sampan.dev/simulated" } },
    spec: { storageClassName: "fast", persistentVolumeReclaimPolicy: "Delete", capacity: { storage: "1Gi" } },
    status: { phase: "Bound" },
  });
  expect(await cluster.events()).toEqual(
    expect.arrayContaining([
      expect.stringContaining("Normal ExternalProvisioning PersistentVolumeClaim: Waiting for a volume to be created"),
      `Normal ProvisioningSucceeded PersistentVolumeClaim: Successfully provisioned volume pvc-${metadata.uid}`,
    ]),
  );
  await cluster.client.resource(resources.persistentvolumeclaims).delete({ namespace: "default", name: "c" });
  await cluster.settle();
  expect(await phases()).toEqual({});
});

test("a class that waits for the first consumer binds on the chosen node", async () => {
  cluster = await testCluster(only);
  await storageClass("local", { volumeBindingMode: "WaitForFirstConsumer" });
  await claim("c", { storageClassName: "local" });
  await cluster.settle();
  expect(await phases()).toEqual({ c: "Pending" });
  expect(await cluster.events()).toEqual([
    "Normal WaitForFirstConsumer PersistentVolumeClaim: waiting for first consumer to be created before binding",
  ]);
  const labels = { "kubernetes.io/hostname": "host-1" };
  await cluster.client.resource(resources.nodes).create({ metadata: { name: "n1", labels }, spec: {} });
  const annotations = { "volume.kubernetes.io/selected-node": "n1" };
  const key = { namespace: "default", name: "c" };
  await cluster.client.resource(resources.persistentvolumeclaims).patch(key, "merge", { metadata: { annotations } });
  await cluster.settle();
  const [made] = await cluster.all(resources.persistentvolumes);
  expect(made?.spec.nodeAffinity?.required?.nodeSelectorTerms).toEqual([
    { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["host-1"] }] },
  ]);
  expect((await phases()).c).toBe(`Bound ${made?.metadata.name}`);
});

test("a node that is gone is chosen anew", async () => {
  cluster = await testCluster(only);
  await storageClass("local", { volumeBindingMode: "WaitForFirstConsumer" });
  await claim("c", { storageClassName: "local" });
  const annotations = { "volume.kubernetes.io/selected-node": "gone" };
  const key = { namespace: "default", name: "c" };
  await cluster.client.resource(resources.persistentvolumeclaims).patch(key, "merge", { metadata: { annotations } });
  await cluster.settle();
  const { metadata } = await cluster.one(resources.persistentvolumeclaims, "c");
  expect(metadata.annotations?.["volume.kubernetes.io/selected-node"]).toBeUndefined();
  expect(await phases()).toEqual({ c: "Pending" });
});

test.each([
  [undefined, 'storageclass.storage.k8s.io "x" not found'],
  ["kubernetes.io/no-provisioner", "no volume plugin matched name: kubernetes.io/no-provisioner"],
])("says why nothing is made by the class of %s", async (provisioner, message) => {
  cluster = await testCluster(only);
  if (provisioner !== undefined) await storageClass("x", { provisioner });
  await claim("c", { storageClassName: "x" });
  await cluster.settle();
  expect(await cluster.events()).toEqual([`Warning ProvisioningFailed PersistentVolumeClaim: ${message}`]);
});

test("a claim that left its class open gets the default one that comes later", async () => {
  cluster = await testCluster(only);
  await claim("open");
  await claim("none", { storageClassName: "" });
  await cluster.settle();
  const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
  await storageClass("standard", { metadata: { name: "standard", annotations } });
  await cluster.settle();
  expect((await cluster.one(resources.persistentvolumeclaims, "open")).status?.phase).toBe("Bound");
  expect((await cluster.one(resources.persistentvolumeclaims, "none")).status?.phase).toBe("Pending");
});

test("a claim in use goes when the last pod that uses it has gone", async () => {
  cluster = await testCluster(only);
  await volume("v");
  await claim("c");
  await cluster.client.resource(resources.pods).create({
    metadata: { name: "p", namespace: "default" },
    spec: {
      containers: [{ name: "c", image: "i" }],
      volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }],
    },
  });
  await cluster.settle();
  await cluster.runPods();
  await cluster.client.resource(resources.persistentvolumeclaims).delete({ namespace: "default", name: "c" });
  await cluster.settle();
  expect(await phases()).toMatchObject({ c: "Bound v" });
  await cluster.client.resource(resources.pods).delete({ namespace: "default", name: "p" });
  await cluster.endDeletedPods();
  expect(await phases()).toEqual({ v: "Released c" });
});

test("what others say of a volume that stays in its phase is left to them", async () => {
  cluster = await testCluster(only);
  await volume("a");
  await claim("c");
  await cluster.settle();
  expect(await phases()).toEqual({ c: "Bound a", a: "Bound c" });
  const [bound] = await cluster.all(resources.persistentvolumes);
  if (bound === undefined) throw new Error("there is no volume");
  const told = { ...bound.status, message: "looked at", reason: "Inspected" };
  await cluster.client.resource(resources.persistentvolumes).updateStatus({ ...bound, status: told });
  await cluster.settle();
  expect((await cluster.all(resources.persistentvolumes))[0]?.status).toEqual(told);
});
