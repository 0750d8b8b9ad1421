import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Pod } from "../../src/api/types/index.ts";
import { silentLogger, systemHost } from "../../src/host/index.ts";
import { type Cluster, createCluster, resources } from "../../src/index.ts";
import { createNodeVolumes, type VolumeManager } from "../../src/kubelet/volumes/index.ts";
import { TestDriver } from "../support/csi-driver.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";

const reason = missing({ root: true, programs: { mount: "mount" } });
const driverName = "test.csi.sampan.dev";
const stages = { name: driverName, capabilities: ["STAGE_UNSTAGE_VOLUME"] };

let cluster: Cluster;
let root: string;
let volumes: VolumeManager;
let driver: TestDriver | undefined;

const start = (refreshMs?: number): Promise<VolumeManager> =>
  createNodeVolumes({
    host: { ...systemHost(), log: silentLogger },
    client: cluster.client(),
    nodeName: "n",
    rootDirectory: root,
    allocatable: () => ({}),
    refreshMs,
  });

/** A driver that is registered: the kubelet looks for sockets every second. */
async function driverWith(options: Partial<Parameters<typeof TestDriver.start>[0]> = {}): Promise<TestDriver> {
  const started = await TestDriver.start({ name: driverName, root, ...options });
  driver = started;
  await eventually(async () => started.registered, Boolean);
  started.take();
  return started;
}

const objects = () => cluster.client().resource(resources.csidrivers);
const csiNode = () => cluster.client().resource(resources.csinodes).get({ name: "n" });
const node = () => cluster.client().resource(resources.nodes).get({ name: "n" });

async function describeDriver(spec: object): Promise<void> {
  await objects().create({ metadata: { name: driverName }, spec: { attachRequired: false, ...spec } });
}

/** A claim that is bound to a volume of the driver. */
async function claim(name: string, csi: object = {}, spec: object = {}, claimSpec: object = {}): Promise<void> {
  const client = cluster.client();
  const claims = client.resource(resources.persistentvolumeclaims);
  const accessModes = ["ReadWriteOnce"];
  const made = await claims.create({
    metadata: { name, namespace: "default" },
    spec: {
      accessModes,
      resources: { requests: { storage: "1Gi" } },
      volumeName: name,
      storageClassName: "",
      ...claimSpec,
    },
  });
  const { uid } = made.metadata;
  await client.resource(resources.persistentvolumes).create({
    metadata: { name },
    spec: {
      capacity: { storage: "1Gi" },
      accessModes,
      claimRef: { namespace: "default", name, uid },
      csi: { driver: driverName, volumeHandle: `handle-${name}`, ...csi },
      ...spec,
    },
  });
  await eventually(
    () => claims.get({ namespace: "default", name }),
    ({ status }) => status?.phase === "Bound",
  );
}

function podWith(volume: object, uid = "uid-1", spec: object = {}): Pod {
  const containers = [{ name: "c", image: "i", volumeMounts: [{ name: "v", mountPath: "/v" }] }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `p-${uid}`, namespace: "default", uid },
    spec: { containers, volumes: [{ name: "v", ...volume }], ...spec },
  };
}

const claimed = (claimName: string, uid?: string, spec?: object) =>
  podWith({ persistentVolumeClaim: { claimName } }, uid, spec);

async function pathOf(pod: Pod): Promise<string> {
  const [mount] = await volumes.mountsFor(pod, pod.spec?.containers[0] ?? { name: "c" }, []);
  return mount?.hostPath ?? "";
}

function mountPoints(): string[] {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return lines.map((line) => line.split(" ")[4] ?? "").filter((point) => point.startsWith(`${root}/`));
}

describe.skipIf(reason !== undefined)(`volumes of storage drivers${reason ? ` (${reason})` : ""}`, () => {
  let folder: string;
  let count = 0;

  beforeAll(async () => {
    cluster = await createCluster({ nodes: false });
    await cluster
      .client()
      .resource(resources.nodes)
      .create({ metadata: { name: "n" }, spec: {} });
  });
  afterAll(() => cluster?.stop());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "sampan-csi-"));
    root = join(folder, "kubelet");
    volumes = await start();
    count++;
  });
  afterEach(async () => {
    volumes.stop();
    driver?.stop();
    driver = undefined;
    for (const point of mountPoints().reverse()) execFileSync("umount", [point]);
    rmSync(folder, { recursive: true, force: true });
    await objects()
      .delete({ name: driverName })
      .catch(() => undefined);
  });

  test("CSIInlineVolumes should support Pods with inline volumes", async () => {
    await describeDriver({ volumeLifecycleModes: ["Ephemeral"] });
    const client = cluster.client().resource(resources.pods);
    const { metadata, spec } = podWith({ csi: { driver: driverName, volumeAttributes: { a: "b" } } });
    const draft = { metadata: { name: "inline", namespace: "default", labels: { inline: "yes" } }, spec };
    const made = await client.create(draft);
    expect(made.spec?.volumes?.find(({ name }) => name === "v")?.csi).toEqual({
      driver: driverName,
      volumeAttributes: { a: "b" },
    });
    const selected = { namespace: "default", labelSelector: "inline=yes" };
    expect((await client.list(selected)).items).toHaveLength(1);
    await client.deleteCollection({ ...selected, gracePeriodSeconds: 0 });
    expect((await client.list(selected)).items).toEqual([]);
    // The same on a node: the driver makes the volume and ends it.
    const started = await driverWith();
    await pathOf(podWith({ csi: { driver: driverName } }, metadata.uid));
    await volumes.release(metadata.uid ?? "");
    expect(started.take()).toEqual(["NodePublishVolume", "NodeUnpublishVolume"]);
  });

  test("a driver that announces itself is told of in the node's CSINode, and forgotten when it goes", async () => {
    const topology = { "topology.test/zone": "z1" };
    const started = await driverWith({ topology, maxVolumesPerNode: 3 });
    expect(started.registered).toEqual({ pluginRegistered: true, error: "" });
    const { spec, metadata } = await csiNode();
    expect(spec.drivers).toEqual([
      {
        name: driverName,
        nodeID: `id-of-${driverName}`,
        topologyKeys: ["topology.test/zone"],
        allocatable: { count: 3 },
      },
    ]);
    expect(metadata.ownerReferences).toMatchObject([{ kind: "Node", name: "n" }]);
    const known = await node();
    expect(known.metadata.labels).toMatchObject(topology);
    expect(known.metadata.annotations?.["csi.volume.kubernetes.io/nodeid"]).toBe(
      `{"${driverName}":"id-of-${driverName}"}`,
    );
    started.stop();
    rmSync(join(root, "plugins_registry", `${driverName}-reg.sock`), { force: true });
    await eventually(csiNode, ({ spec: { drivers } }) => drivers.length === 0);
    expect((await node()).metadata.annotations?.["csi.volume.kubernetes.io/nodeid"]).toBeUndefined();
  });

  test("a driver of a version that is not known is told so", async () => {
    const started = await driverWith({ versions: ["2.0.0"] });
    expect(started.registered).toMatchObject({
      pluginRegistered: false,
      error: expect.stringContaining("highest supported version"),
    });
  });

  test("a volume is staged once for the node, published for each pod, and unstaged after the last", async () => {
    await describeDriver({});
    const name = `shared-${count}`;
    await claim(name, { volumeAttributes: { size: "large" }, fsType: "ext4" }, { mountOptions: ["noatime"] });
    const started = await driverWith(stages);
    const [one, two] = [claimed(name), claimed(name, "uid-2")];
    const path = await pathOf(one);
    expect(path).toBe(join(root, "pods/uid-1/volumes/kubernetes.io~csi", name, "mount"));
    writeFileSync(join(path, "file"), "text");
    const [staged, published] = started.calls.filter(({ method }) => !method.startsWith("NodeGet"));
    expect(staged).toMatchObject({
      method: "NodeStageVolume",
      request: {
        volumeId: `handle-${name}`,
        volumeContext: { size: "large" },
        volumeCapability: {
          mount: { fsType: "ext4", mountFlags: ["noatime"] },
          accessMode: { mode: "SINGLE_NODE_WRITER" },
        },
      },
    });
    expect(published?.request).toMatchObject({
      targetPath: path,
      readonly: false,
      stagingTargetPath: staged?.request.stagingTargetPath,
    });
    started.take();
    expect(readFileSync(join(await pathOf(two), "file"), "utf8")).toBe("text");
    await volumes.release("uid-1");
    expect(started.take()).toEqual(["NodeStageVolume", "NodePublishVolume", "NodeUnpublishVolume"]);
    await volumes.release("uid-2");
    expect(started.take()).toEqual(["NodeUnpublishVolume", "NodeUnstageVolume"]);
    expect(mountPoints()).toEqual([]);
    expect(readdirSync(join(root, "pods"))).toEqual([]);
    expect(existsSync(String(staged?.request.stagingTargetPath))).toBe(false);
    expect(readdirSync(started.data)).toEqual(["file"]);
  });

  test("after a crash the driver is asked to take back what former pods left", async () => {
    await describeDriver({});
    await claim(`crash-${count}`);
    const started = await driverWith(stages);
    await pathOf(claimed(`crash-${count}`));
    volumes.stop();
    started.take();
    started.registered = undefined;
    volumes = await start(300);
    // The driver registers again only later.
    await volumes.removeOrphans(() => false);
    await eventually(
      async () => readdirSync(join(root, "pods")),
      ({ length }) => length === 0,
    );
    expect(started.take()).toEqual(["NotifyRegistrationStatus", "NodeUnpublishVolume", "NodeUnstageVolume"]);
    expect(mountPoints()).toEqual([]);
    expect(readdirSync(join(root, "pods"))).toEqual([]);
  });

  test("a pod's own volume is published with what the driver wants to know of the pod", async () => {
    await describeDriver({ volumeLifecycleModes: ["Ephemeral"], podInfoOnMount: true, fsGroupPolicy: "File" });
    const started = await driverWith(stages);
    const csi = { driver: driverName, volumeAttributes: { a: "b" } };
    const spec = { serviceAccountName: "sa", securityContext: { fsGroup: 4321 } };
    const path = await pathOf(podWith({ csi }, "uid-1", spec));
    const [published] = started.calls.filter(({ method }) => !method.startsWith("NodeGet"));
    expect(published).toMatchObject({
      method: "NodePublishVolume",
      request: {
        volumeId: expect.stringMatching(/^csi-[0-9a-f]{64}$/),
        volumeContext: {
          a: "b",
          "csi.storage.k8s.io/pod.name": "p-uid-1",
          "csi.storage.k8s.io/pod.namespace": "default",
          "csi.storage.k8s.io/pod.uid": "uid-1",
          "csi.storage.k8s.io/serviceAccount.name": "sa",
          "csi.storage.k8s.io/ephemeral": "true",
        },
      },
    });
    const owner = execFileSync("stat", ["-c", "%g %a", path], { encoding: "utf8" });
    expect(owner.trim()).toBe("4321 2775");
    started.take();
    await volumes.release("uid-1");
    expect(started.take()).toEqual(["NodeUnpublishVolume"]);
  });

  test.each([
    [
      "has not registered",
      { attachRequired: false },
      'MountVolume.MountDevice failed for volume "PV" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name none not found in the list of registered CSI drivers',
      { driver: "none" },
    ],
    [
      "fails to stage",
      {},
      'MountVolume.MountDevice failed for volume "PV" : rpc error: code = Internal desc = NodeStageVolume fails',
      {},
      "NodeStageVolume",
    ],
    [
      "fails to publish",
      {},
      'MountVolume.SetUp failed for volume "PV" : rpc error: code = Internal desc = NodePublishVolume fails',
      {},
      "NodePublishVolume",
    ],
    [
      "mounts only pods' own volumes",
      { volumeLifecycleModes: ["Ephemeral"] },
      `MountVolume.SetUp failed for volume "PV" : volume mode "Persistent" not supported by driver ${driverName} (only supports ["Ephemeral"])`,
      {},
    ],
  ])("a driver that %s is told of", async (_, spec, message, csi, failing = "") => {
    await describeDriver(spec);
    if ("driver" in csi) await objects().create({ metadata: { name: "none" }, spec: { attachRequired: false } });
    const name = `fails-${count}`;
    await claim(name, csi);
    const started = await driverWith(stages);
    if (failing !== "") started.failing.add(failing);
    expect(await volumes.prepare(claimed(name))).toMatchObject({ problems: [message.replace("PV", name)] });
  });

  test("a volume that has to be attached waits for that in silence", async () => {
    await describeDriver({ attachRequired: true });
    const name = `attached-${count}`;
    await claim(name);
    await driverWith(stages);
    expect(await volumes.prepare(claimed(name))).toEqual({
      ready: false,
      problems: [],
      retryAfterMs: expect.any(Number),
    });
    const inUse = [`kubernetes.io/csi/${driverName}^handle-${name}`];
    expect(volumes.inUse()).toEqual(inUse);
    const { attachmentName } = await import("../../src/kubelet/volumes/csi/csi-volumes.ts");
    const attachments = cluster.client().resource(resources.volumeattachments);
    const made = await attachments.create({
      metadata: { name: attachmentName(`handle-${name}`, driverName, "n") },
      spec: { attacher: driverName, nodeName: "n", source: { persistentVolumeName: name } },
    });
    await attachments.updateStatus({ ...made, status: { attached: true, attachmentMetadata: { device: "sdx" } } });
    await eventually(
      () => volumes.prepare(claimed(name)),
      ({ ready }) => ready,
    );
    const staged = driver?.calls.find(({ method }) => method === "NodeStageVolume");
    expect(staged?.request.publishContext).toEqual({ device: "sdx" });
    expect(volumes.inUse()).toEqual(inUse);
    await volumes.release("uid-1");
    expect(volumes.inUse()).toEqual([]);
  });

  test("what a volume holds is asked of its driver, once a minute", async () => {
    await describeDriver({});
    const name = `measured-${count}`;
    await claim(name);
    const started = await driverWith({ capabilities: ["GET_VOLUME_STATS"] });
    const pod = claimed(name);
    expect(await volumes.prepare(pod)).toEqual({ ready: true });
    const told = { capacityBytes: 1000, availableBytes: 600, usedBytes: 400, inodes: 10, inodesFree: 7, inodesUsed: 3 };
    expect(await volumes.usage(pod)).toEqual([{ name: "v", claimName: name, ...told }]);
    await volumes.usage(pod);
    const asked = started.calls.filter(({ method }) => method === "NodeGetVolumeStats");
    expect(asked.map(({ request }) => request)).toEqual([
      { volumeId: `handle-${name}`, volumePath: await pathOf(pod), stagingTargetPath: "" },
    ]);
    await volumes.release("uid-1");
    expect(await volumes.usage(pod)).toEqual([]);
  });

  test("a volume whose driver does not measure, or fails to, is left out", async () => {
    await describeDriver({});
    const name = `unmeasured-${count}`;
    await claim(name);
    const started = await driverWith({ capabilities: ["GET_VOLUME_STATS"] });
    started.failing.add("NodeGetVolumeStats");
    await volumes.prepare(claimed(name));
    expect(await volumes.usage(claimed(name))).toEqual([]);
    await volumes.release("uid-1");
  });

  test("a block volume is staged and published as a device, and taken back with its last pod", async () => {
    await describeDriver({});
    const name = `block-${count}`;
    await claim(name, {}, { volumeMode: "Block" }, { volumeMode: "Block" });
    const started = await driverWith({ ...stages, device: "/dev/null" });
    const pods = ["uid-1", "uid-2"].map((uid) => {
      const pod = claimed(name, uid);
      const containers = [{ name: "c", image: "i", volumeDevices: [{ name: "v", devicePath: "/dev/xvda" }] }];
      return { ...pod, spec: { ...pod.spec, containers } };
    });
    for (const pod of pods) expect(await volumes.prepare(pod)).toEqual({ ready: true });
    const devices = join(root, "plugins/kubernetes.io/csi/volumeDevices");
    const published = (uid: string) => join(devices, "publish", name, uid);
    const stagingTargetPath = join(devices, "staging", name);
    const request = (method: string) => started.calls.find((call) => call.method === method)?.request;
    expect(request("NodeStageVolume")).toMatchObject({
      stagingTargetPath,
      volumeCapability: { block: {}, mount: null },
    });
    expect(request("NodePublishVolume")).toMatchObject({ stagingTargetPath, targetPath: published("uid-1") });
    const [first] = pods;
    const container = first?.spec.containers[0];
    if (first === undefined || container === undefined) throw new Error("no pod");
    expect(await volumes.devicesFor(first, container)).toEqual([
      { hostPath: published("uid-1"), containerPath: "/dev/xvda", permissions: "mrw" },
    ]);
    expect(readlinkSync(join(root, "pods/uid-1/volumeDevices/kubernetes.io~csi", name))).toBe(published("uid-1"));
    started.take();
    await volumes.release("uid-1");
    expect(started.take()).toEqual(["NodeUnpublishVolume"]);
    // As after a crash: what is on the disk tells what is to be taken back.
    volumes.stop();
    volumes = await start();
    await eventually(
      () => volumes.removeOrphans(() => false).then(() => existsSync(join(root, "pods/uid-2"))),
      (left) => !left,
    );
    expect(started.take()).toEqual(["NotifyRegistrationStatus", "NodeUnpublishVolume", "NodeUnstageVolume"]);
    expect(mountPoints()).toEqual([]);
    expect(readdirSync(join(devices, "publish"))).toEqual([]);
    expect(readdirSync(join(devices, "staging"))).toEqual([]);
  });

  const claimNow = (name: string) =>
    cluster.client().resource(resources.persistentvolumeclaims).get({ namespace: "default", name });

  /** What a controller of the driver did to the volume behind a claim that asked for more. */
  async function grow(name: string, storage: string): Promise<void> {
    const client = cluster.client();
    const volumesApi = client.resource(resources.persistentvolumes);
    await volumesApi.patch({ name }, "merge", { spec: { capacity: { storage } } });
    const conditions = [{ type: "FileSystemResizePending", status: "True" }];
    const status = { conditions, allocatedResourceStatuses: { storage: "NodeResizePending" } };
    const claims = client.resource(resources.persistentvolumeclaims);
    await claims.patchStatus({ namespace: "default", name }, "merge", { status });
  }

  test("a volume that grew while pods use it is expanded on the node, and its claim says so", async () => {
    volumes.stop();
    volumes = await start(200);
    await describeDriver({});
    const name = `grown-${count}`;
    await claim(name);
    const started = await driverWith({ ...stages, capabilities: ["STAGE_UNSTAGE_VOLUME", "EXPAND_VOLUME"] });
    expect(await volumes.prepare(claimed(name))).toEqual({ ready: true });
    expect(started.calls.map(({ method }) => method)).not.toContain("NodeExpandVolume");
    await grow(name, "3Gi");
    const { status } = await eventually(
      () => claimNow(name),
      (seen) => seen.status?.capacity?.storage === "3Gi",
    );
    expect(status?.conditions ?? []).toEqual([]);
    expect(status?.allocatedResourceStatuses ?? {}).toEqual({});
    const asked = started.calls.find(({ method }) => method === "NodeExpandVolume")?.request;
    expect(asked).toMatchObject({
      volumeId: `handle-${name}`,
      volumePath: join(root, "pods/uid-1/volumes/kubernetes.io~csi", name, "mount"),
      stagingTargetPath: expect.stringMatching(/globalmount$/),
      capacityRange: { requiredBytes: 3 * 1024 ** 3 },
    });
    await volumes.release("uid-1");
  });

  test("a volume that grew before it is mounted is expanded with it; one that cannot says so", async () => {
    await describeDriver({});
    const name = `offline-${count}`;
    await claim(name);
    await grow(name, "2Gi");
    const started = await driverWith({ capabilities: ["EXPAND_VOLUME"] });
    started.failing.add("NodeExpandVolume");
    const problem = "rpc error: code = Internal desc = NodeExpandVolume fails";
    expect(await volumes.prepare(claimed(name))).toMatchObject({
      problems: [`MountVolume.NodeExpandVolume failed for volume "${name}" : ${problem}`],
    });
    expect((await claimNow(name)).status?.allocatedResourceStatuses).toEqual({ storage: "NodeResizeInProgress" });
    started.failing.clear();
    await eventually(
      () => volumes.prepare(claimed(name)),
      ({ ready }) => ready,
    );
    expect((await claimNow(name)).status?.capacity).toEqual({ storage: "2Gi" });
    await volumes.release("uid-1");
  });
});
