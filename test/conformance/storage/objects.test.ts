import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { expectLifecycle, expectStatusChanges } from "../support/lifecycle.ts";
import { core, labelled } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: { count: 1 } });

const storage = { group: "storage.k8s.io", version: "v1" };

test("StorageClass, lifecycle", async () => {
  await expectLifecycle(suite.api, {
    ...storage,
    resource: "storageclasses",
    object: (name, labels) => ({ metadata: { name, labels }, provisioner: "e2e-fake-provisioner" }),
  });
});

test("CSIDriver, lifecycle", async () => {
  await expectLifecycle(suite.api, {
    ...storage,
    resource: "csidrivers",
    object: (name, labels) => ({
      metadata: { name, labels },
      spec: { attachRequired: true, volumeLifecycleModes: ["Persistent"] },
    }),
  });
});

test("CSINode, lifecycle", async () => {
  await expectLifecycle(suite.api, {
    ...storage,
    resource: "csinodes",
    object: (name, labels) => ({ metadata: { name, labels }, spec: { drivers: [] } }),
  });
});

test("CSIStorageCapacity API", async () => {
  const namespace = await suite.namespace();
  await expectLifecycle(suite.api, {
    ...storage,
    resource: "csistoragecapacities",
    namespace,
    object: (name, labels) => ({
      metadata: { name, labels },
      storageClassName: "fast",
      capacity: "1Gi",
      nodeTopology: {},
    }),
  });
});

test("VolumeAttributesClass, lifecycle", async () => {
  await expectLifecycle(suite.api, {
    ...storage,
    resource: "volumeattributesclasses",
    object: (name, labels) => ({
      metadata: { name, labels },
      driverName: "e2e-fake-driver",
      parameters: { iops: "100" },
    }),
  });
});

const attachment = { attacher: "e2e-test.storage.k8s.io", nodeName: "a-node", source: { persistentVolumeName: "pv" } };

test("VolumeAttachment, lifecycle", async () => {
  await expectLifecycle(suite.api, {
    ...storage,
    resource: "volumeattachments",
    subresources: ["status"],
    object: (name, labels) => ({ metadata: { name, labels }, spec: attachment }),
  });
});

test("VolumeAttachment, apply changes to a volumeattachment status", async () => {
  const path = "/apis/storage.k8s.io/v1/volumeattachments";
  await suite.api.create(path, { metadata: { name: "with-status" }, spec: attachment });
  await expectStatusChanges(suite.api, `${path}/with-status`, { attached: true }, (status) => {
    status.attached = false;
  });
  await suite.api.delete(`${path}/with-status`);
  expect(await suite.api.statusOf(`${path}/with-status`)).toBe(404);
});

const volume = (name: string, storageClassName: string, labels: Record<string, string>) => ({
  metadata: { name, labels },
  spec: {
    capacity: { storage: "2Gi" },
    accessModes: ["ReadWriteOnce"],
    persistentVolumeReclaimPolicy: "Retain",
    storageClassName,
    csi: { driver: "e2e-driver", volumeHandle: "e2e-conformance" },
  },
});
const claim = (name: string, storageClassName: string, labels: Record<string, string>) => ({
  metadata: { name, labels },
  spec: { accessModes: ["ReadWriteOnce"], storageClassName, resources: { requests: { storage: "2Gi" } } },
});

test("PersistentVolumes(Claims), lifecycle", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const run = { "e2e-pv-pool": namespace };
  const select = labelled(`e2e-pv-pool=${namespace}`);
  const volumes = "/api/v1/persistentvolumes";
  const claims = core(namespace, "persistentvolumeclaims");
  await api.create(volumes, volume(`pv-${namespace}`, namespace, run));
  await api.create(claims, claim("pvc", namespace, run));
  expect((await api.get(`${volumes}?${select}`)).items).toHaveLength(1);
  expect((await api.get(`${claims}?${select}`)).items).toHaveLength(1);
  expect((await api.get(`/api/v1/persistentvolumeclaims?${select}`)).items).toHaveLength(1);
  for (const path of [`${volumes}/pv-${namespace}`, `${claims}/pvc`]) {
    const patched = await api.patch(path, "strategic", { metadata: { labels: { patched: "true" } } });
    expect(patched.metadata.labels.patched).toBe("true");
    const updated = await api.edit(path, (object) => {
      object.metadata.labels.updated = "true";
    });
    expect(updated.metadata.labels).toMatchObject({ patched: "true", updated: "true" });
    expect((await api.get(path)).metadata.uid).toBe(updated.metadata.uid);
  }
  await api.delete(`${claims}/pvc`);
  await api.untilGone(`${claims}/pvc`);
  await api.delete(`${volumes}/pv-${namespace}`);
  await api.untilGone(`${volumes}/pv-${namespace}`);
  // And as collections.
  await api.create(volumes, volume(`pv2-${namespace}`, namespace, run));
  await api.create(claims, claim("pvc2", namespace, run));
  await api.delete(`${claims}?${select}`);
  await api.untilList(`${claims}?${select}`, (items) => items.length === 0);
  await api.delete(`${volumes}?${select}`);
  await api.untilList(`${volumes}?${select}`, (items) => items.length === 0);
});

test("PersistentVolumes(Claims), apply changes to a pv/pvc status", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const volumePath = `/api/v1/persistentvolumes/pv-${namespace}`;
  const claims = core(namespace, "persistentvolumeclaims");
  await api.create("/api/v1/persistentvolumes", volume(`pv-${namespace}`, namespace, {}));
  await api.create(claims, claim("pvc", namespace, {}));
  expect(["Pending", "Bound"]).toContain((await api.get(`${claims}/pvc/status`)).status.phase);
  expect(["Available", "Bound", "Pending"]).toContain((await api.get(`${volumePath}/status`)).status.phase);
  const told = (type: string, reason: string) => ({ type, status: "True", reason, message: "Set from e2e test" });
  await expectStatusChanges(
    api,
    `${claims}/pvc`,
    { conditions: [told("StatusPatched", "E2E patchedStatus")] },
    (status) => {
      status.conditions = [told("StatusPatched", "E2E patchedStatus"), told("StatusUpdated", "E2E updateStatus")];
    },
  );
  const change = { message: "StatusPatched", reason: "E2E patchStatus" };
  await expectStatusChanges(api, volumePath, change, (status) => {
    Object.assign(status, { message: "StatusUpdated", reason: "E2E updateStatus" });
  });
  // What was said stays, also when the two are bound by then.
  await api.until(`${claims}/pvc`, ({ status }) => status.phase === "Bound");
  const { conditions } = (await api.get(`${claims}/pvc`)).status;
  expect(conditions.map((one: Json) => one.type)).toEqual(["StatusPatched", "StatusUpdated"]);
  await api.edit(volumePath, (object) => {
    object.metadata.labels = { touched: "yes" };
  });
  await api.until(volumePath, ({ status }) => status.phase === "Bound");
  expect((await api.get(volumePath)).status.reason).toBe("E2E updateStatus");
  await api.delete(`${claims}/pvc`);
  await api.delete(volumePath);
});

test("ConfigMap Volume, immutability", () => expectImmutability("configmaps"));

test("Secrets Volume, immutability", () => expectImmutability("secrets"));

async function expectImmutability(resource: string): Promise<void> {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = `${core(namespace, resource)}/immutable`;
  await api.create(core(namespace, resource), { metadata: { name: "immutable" }, data: { one: "MQ==" } });
  const change = { data: { one: "Mg==" } };
  await api.patch(path, "merge", change);
  await api.patch(path, "merge", { immutable: true });
  const refused = async (body: Json) => {
    const answer = await api.call("PATCH", path, { body, headers: { "content-type": "application/merge-patch+json" } });
    expect(answer.status).toBe(422);
  };
  await refused({ immutable: false });
  await refused({ data: { one: "Mw==" } });
  await refused({ data: { two: "Mw==" } });
  // Metadata may change, and it may be deleted.
  await api.patch(path, "merge", { metadata: { annotations: { a: "b" } } });
  expect((await api.get(path)).data).toEqual(change.data);
  await api.delete(path);
  expect(await api.statusOf(path)).toBe(404);
}
