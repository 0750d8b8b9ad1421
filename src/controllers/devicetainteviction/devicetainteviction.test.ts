import { afterEach, expect, test } from "vitest";
import type { ResourceClaimResourceV1 as ResourceClaim, ResourceSlice } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";
import { type DeviceTaint, evictionTime, taintsOf } from "./plan.ts";

type Toleration = { key?: string; operator?: string; effect?: string; tolerationSeconds?: number; value?: string };

const added = "2026-01-01T00:00:00Z";
const broken: DeviceTaint = { key: "broken", effect: "NoExecute", timeAdded: added };
const claimOf = (tolerations?: Toleration[]): ResourceClaim => ({
  apiVersion: "resource.k8s.io/v1",
  kind: "ResourceClaim",
  metadata: { name: "c" },
  spec: {},
  status: {
    allocation: { devices: { results: [{ driver: "d", pool: "p", device: "0", request: "r", tolerations }] } },
  },
});

test.each<[string, DeviceTaint[], Toleration[] | undefined, number]>([
  ["none without taints", [], undefined, Number.POSITIVE_INFINITY],
  ["none for NoSchedule", [{ ...broken, effect: "NoSchedule" }], undefined, Number.POSITIVE_INFINITY],
  ["at once when nothing tolerates it", [broken], undefined, 0],
  ["never when it is tolerated", [broken], [{ key: "broken", operator: "Exists" }], Number.POSITIVE_INFINITY],
  ["after the time allowed", [broken], [{ operator: "Exists", tolerationSeconds: 30 }], 30],
  [
    "after the shortest time of several",
    [broken],
    [
      { operator: "Exists" },
      { operator: "Exists", tolerationSeconds: 30 },
      { operator: "Exists", tolerationSeconds: 5 },
    ],
    5,
  ],
  ["by the first of several taints", [broken, { ...broken, key: "hot" }], [{ key: "broken", operator: "Exists" }], 0],
])("when pods leave a device: %s", (_, taints, tolerations, seconds) => {
  const time = evictionTime(claimOf(tolerations), () => taints);
  expect((time - Date.parse(added)) / 1000).toBe(seconds);
});

test("only the newest generation of a pool tells a device's taints", () => {
  const slice = (generation: number, taints: DeviceTaint[]): ResourceSlice => ({
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceSlice",
    metadata: { name: `s-${generation}` },
    spec: { driver: "d", pool: { name: "p", generation, resourceSliceCount: 1 }, devices: [{ name: "0", taints }] },
  });
  expect(taintsOf([slice(1, [broken]), slice(2, [])], "0")).toEqual([]);
  expect(taintsOf([slice(1, []), slice(2, [broken])], "0")).toEqual([broken]);
  expect(taintsOf([], "0")).toEqual([]);
});

let cluster: TestCluster;
afterEach(() => cluster?.stop());

async function start(tolerations?: Toleration[]) {
  cluster = await testCluster(["device-taint-eviction-controller"]);
  const { client } = cluster;
  await client.resource(resources.resourceslices).create({
    metadata: { name: "s" },
    spec: {
      driver: "d",
      nodeName: "node-1",
      pool: { name: "p", generation: 1, resourceSliceCount: 1 },
      devices: [{ name: "0" }],
    },
  });
  const pod = await client.resource(resources.pods).create({
    metadata: { namespace: "default", name: "p" },
    spec: {
      nodeName: "node-1",
      terminationGracePeriodSeconds: 1,
      containers: [{ name: "c", image: "i", resources: { claims: [{ name: "gpu" }] } }],
      resourceClaims: [{ name: "gpu", resourceClaimName: "c" }],
    },
  });
  const claims = client.resource(resources.resourceclaims);
  const finalizers = ["resource.kubernetes.io/delete-protection"];
  const exactly = { deviceClassName: "gpu" };
  const claim = await claims.create({
    metadata: { namespace: "default", name: "c", finalizers },
    spec: { devices: { requests: [{ name: "gpu", exactly }] } },
  });
  const results = [{ request: "gpu", driver: "d", pool: "p", device: "0", ...(tolerations && { tolerations }) }];
  const reservedFor = [{ resource: "pods", name: "p", uid: pod.metadata.uid ?? "" }];
  await claims.updateStatus({ ...claim, status: { allocation: { devices: { results } }, reservedFor } });
  await cluster.settle();
}

async function taint(taints: { key: string; effect: string }[]) {
  const slices = cluster.client.resource(resources.resourceslices);
  const slice = await slices.get({ name: "s" });
  await slices.update({ ...slice, spec: { ...slice.spec, devices: [{ name: "0", taints }] } });
  await cluster.settle();
}

const noExecute = [{ key: "broken", effect: "NoExecute" }];

test("a pod whose device breaks is told to go, with the reason in its status", async () => {
  await start();
  expect((await cluster.one(resources.pods, "p")).metadata.deletionTimestamp).toBeUndefined();
  await taint(noExecute);
  const pod = await cluster.one(resources.pods, "p");
  expect(pod.metadata.deletionTimestamp).toBeDefined();
  expect(pod.status?.conditions?.find(({ type }) => type === "DisruptionTarget")).toMatchObject({
    status: "True",
    reason: "DeletionByDeviceTaintManager",
    message: "Device Taint manager: deleting due to NoExecute taint",
  });
  expect(await cluster.events()).toEqual(["Normal DeviceTaintManagerEviction Pod: Marking for deletion"]);
});

test("a pod may stay as long as its claim tolerates, and for good when the device is well again before", async () => {
  await start([{ key: "broken", operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 }]);
  await taint(noExecute);
  await cluster.settle(50_000);
  await taint([]);
  await cluster.settle(600_000);
  expect((await cluster.one(resources.pods, "p")).metadata.deletionTimestamp).toBeUndefined();
  expect(await cluster.events()).toEqual(["Normal DeviceTaintManagerEviction Pod: Cancelling deletion"]);
  await taint(noExecute);
  await cluster.settle(61_000);
  expect((await cluster.one(resources.pods, "p")).metadata.deletionTimestamp).toBeDefined();
});
