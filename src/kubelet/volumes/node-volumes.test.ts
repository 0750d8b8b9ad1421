import { access, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Pod } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../testing/cluster-suite.ts";
import { createNodeVolumes, type VolumeManager } from "./index.ts";
import { RememberingMounter, temporaryFolder } from "./testing.ts";

let cluster: TestCluster;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let mounter: RememberingMounter;
let volumes: VolumeManager;

beforeEach(async () => {
  cluster = await testCluster();
  folder = await temporaryFolder();
  mounter = new RememberingMounter();
  volumes = await start();
});
afterEach(async () => {
  volumes.stop();
  await cluster.stop();
  await folder.remove();
});

function start(): Promise<VolumeManager> {
  const allocatable = () => ({ cpu: "8", memory: "1Gi" });
  const { host, client } = cluster;
  return createNodeVolumes({ host, client, nodeName: "n", rootDirectory: folder.path, allocatable, mounter });
}

type VolumeDraft = NonNullable<NonNullable<Pod["spec"]>["volumes"]>[number];

function podWith(volume: Omit<VolumeDraft, "name">, mount: object = {}, spec: object = {}): Pod {
  const volumeMounts = [{ name: "v", mountPath: "/v", ...mount }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", uid: "uid-1", labels: { b: "2", a: '"1"' } },
    spec: { containers: [{ name: "c", image: "i", volumeMounts }], volumes: [{ name: "v", ...volume }], ...spec },
  };
}

const made = (plugin: string, ...more: string[]) => join(folder.path, "pods/uid-1/volumes", plugin, "v", ...more);
const mountsOf = (pod: Pod, environment: { key: string; value: string }[] = []) =>
  volumes.mountsFor(pod, pod.spec?.containers[0] ?? { name: "c" }, environment);
const configMap = (data: Record<string, string>, more: object = {}) =>
  cluster.client
    .resource(resources.configmaps)
    .create({ metadata: { name: "y", namespace: "default" }, data, ...more } as never);

test("an empty folder is there for all, and is gone with its pod", async () => {
  const pod = podWith({ emptyDir: {} });
  expect(await volumes.prepare(pod)).toEqual({ ready: true });
  const path = made("kubernetes.io~empty-dir");
  expect((await stat(path)).mode & 0o7777).toBe(0o777);
  expect(await mountsOf(pod)).toMatchObject([{ containerPath: "/v", hostPath: path, readonly: false }]);
  await writeFile(join(path, "file"), "kept");
  expect(await volumes.prepare(pod)).toEqual({ ready: true });
  await access(join(path, "file"));
  await volumes.release("uid-1");
  expect(await readdir(join(folder.path, "pods"))).toEqual([]);
  await volumes.release("uid-1");
});

test.each([
  ["its own limit", { sizeLimit: "64Mi" }, {}, "size=67108864"],
  ["the pod's memory", { sizeLimit: "64Mi" }, { limits: { memory: "1Mi" } }, "size=1048576"],
  ["the node's memory", {}, {}, "size=1073741824"],
])("a folder in memory holds no more than %s", async (_, emptyDir, limits, option) => {
  const pod = podWith({ emptyDir: { medium: "Memory", ...emptyDir } });
  const containers = (pod.spec?.containers ?? []).map((one) => ({ ...one, resources: limits }));
  await volumes.prepare({ ...pod, spec: { ...pod.spec, containers } });
  expect(mounter.requests).toEqual([
    { source: "tmpfs", target: made("kubernetes.io~empty-dir"), type: "tmpfs", options: [option] },
  ]);
});

test("volumes that no container mounts are not made", async () => {
  const pod = podWith({ configMap: { name: "none" } });
  const containers = [{ name: "c", image: "i" }];
  expect(await volumes.prepare({ ...pod, spec: { ...pod.spec, containers } })).toEqual({ ready: true });
});

test("a missing config map is told, and tried again later each time, until it is there", async () => {
  const pod = podWith({ configMap: { name: "y" } });
  const problems = ['MountVolume.SetUp failed for volume "v" : configmap "y" not found'];
  expect(await volumes.prepare(pod)).toEqual({ ready: false, problems, retryAfterMs: 500 });
  expect(await volumes.prepare(pod)).toEqual({ ready: false, problems: [], retryAfterMs: 500 });
  await cluster.seconds(0.5);
  expect(await volumes.prepare(pod)).toEqual({ ready: false, problems, retryAfterMs: 1000 });
  await configMap({ key: "value" });
  await cluster.seconds(1);
  expect(await volumes.prepare(pod)).toEqual({ ready: true });
  expect(await readFile(made("kubernetes.io~configmap", "key"), "utf8")).toBe("value");
  expect(await mountsOf(pod)).toMatchObject([{ readonly: true }]);
});

test("a pod that has waited two minutes for its volumes says for which", async () => {
  const pod = podWith({ configMap: { name: "y" } });
  await volumes.prepare(pod);
  await cluster.seconds(123);
  const answer = await volumes.prepare(pod);
  expect(answer).toMatchObject({
    problems: [
      expect.stringContaining("MountVolume.SetUp failed"),
      "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[]: context deadline exceeded",
    ],
  });
});

test.each([
  [
    "configMap",
    { configMap: { name: "y", items: [{ key: "k", path: "p" }] } },
    "configmap references non-existent config key: k",
  ],
  ["secret", { secret: { secretName: "y" } }, 'secret "y" not found'],
  [
    "projected",
    { projected: { sources: [{ secret: { name: "s" } }, { configMap: { name: "c" } }] } },
    '[secret "s" not found, configmap "c" not found]',
  ],
])("what a %s volume lacks is named", async (_, volume, message) => {
  await configMap({});
  expect(await volumes.prepare(podWith(volume))).toMatchObject({
    problems: [`MountVolume.SetUp failed for volume "v" : ${message}`],
  });
});

test("optional references may be missing", async () => {
  const optional = true;
  const sources = [{ secret: { name: "s", optional } }, { configMap: { name: "c", optional } }];
  expect(await volumes.prepare(podWith({ projected: { sources } }))).toEqual({ ready: true });
});

test("chosen keys have their paths and modes, and binary data is what it was", async () => {
  const binaryData = { binary: Buffer.from([0, 255, 1]).toString("base64") };
  await configMap({ key: "value", other: "o" }, { binaryData });
  const items = [
    { key: "key", path: "a/b", mode: 0o400 },
    { key: "binary", path: "c" },
  ];
  await volumes.prepare(podWith({ configMap: { name: "y", items, defaultMode: 0o640 } }));
  const file = (path: string) => made("kubernetes.io~configmap", path);
  expect(await readFile(file("a/b"), "utf8")).toBe("value");
  expect([...(await readFile(file("c")))]).toEqual([0, 255, 1]);
  expect([(await stat(file("a/b"))).mode & 0o777, (await stat(file("c"))).mode & 0o777]).toEqual([0o400, 0o640]);
  await expect(access(file("other"))).rejects.toThrow("ENOENT");
});

test("a volume follows its config map within a minute, except for an immutable one", async () => {
  const made1 = await configMap({ key: "1" });
  const pod = podWith({ configMap: { name: "y" } });
  await volumes.prepare(pod);
  const maps = cluster.client.resource(resources.configmaps);
  const read = () => readFile(made("kubernetes.io~configmap", "key"), "utf8");
  const reads = (text: string) =>
    vi.waitFor(async () => {
      await cluster.seconds(66);
      expect(await read()).toBe(text);
    }, 5000);
  const second = await maps.update({ ...made1, data: { key: "2" } });
  await reads("2");
  await maps.update({ ...second, data: { key: "3" }, immutable: true });
  await reads("3");
  await maps.delete({ namespace: "default", name: "y" });
  await cluster.seconds(66);
  expect(await read()).toBe("3");
});

test("a volume whose object went keeps its files, and says what it lacks", async () => {
  const told: string[] = [];
  const { host, client } = cluster;
  const shared = { host, client, nodeName: "n", rootDirectory: folder.path, allocatable: () => ({}), mounter };
  const own = await createNodeVolumes({ ...shared, refreshFailed: (_, message) => told.push(message) });
  await configMap({ key: "1" });
  await own.prepare(podWith({ configMap: { name: "y" } }));
  await client.resource(resources.configmaps).delete({ namespace: "default", name: "y" });
  await vi.waitFor(async () => {
    await cluster.seconds(66);
    expect(told).toContain('MountVolume.SetUp failed for volume "v" : configmap "y" not found');
  }, 5000);
  expect(await readFile(made("kubernetes.io~configmap", "key"), "utf8")).toBe("1");
  own.stop();
});

test("the downward API shows labels, names and what a container may use, and follows the labels", async () => {
  const items = [
    { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
    { path: "name", fieldRef: { fieldPath: "metadata.name" } },
    { path: "cpu", resourceFieldRef: { containerName: "c", resource: "limits.cpu" } },
    { path: "memory", resourceFieldRef: { containerName: "c", resource: "limits.memory", divisor: "1Mi" } },
    { path: "request", resourceFieldRef: { containerName: "c", resource: "requests.cpu", divisor: "1m" } },
  ];
  const pod = podWith({ downwardAPI: { items } });
  const containers = (pod.spec?.containers ?? []).map((one) => ({ ...one, resources: { requests: { cpu: "250m" } } }));
  const asking = { ...pod, spec: { ...pod.spec, containers } };
  await volumes.prepare(asking);
  const read = (path: string) => readFile(made("kubernetes.io~downward-api", path), "utf8");
  expect(await Promise.all(["labels", "name", "cpu", "memory", "request"].map(read))).toEqual([
    'a="\\"1\\""\nb="2"',
    "p",
    "8",
    "1024",
    "250",
  ]);
  volumes.podSeen({ ...asking, metadata: { ...asking.metadata, labels: { c: "3" } } });
  await vi.waitFor(async () => expect(await read("labels")).toBe('c="3"'));
});

test("a token is renewed at four fifths of its life", async () => {
  let count = 0;
  const requests: unknown[] = [];
  const token = {
    create: async (_: unknown, body: { spec: unknown }) => {
      requests.push(body.spec);
      const expirationTimestamp = new Date(cluster.host.clock.now() + 3600_000).toISOString();
      return { status: { token: `token-${++count}`, expirationTimestamp } };
    },
  };
  const client = { resource: () => ({ subresource: () => token }) } as never;
  const { host } = cluster;
  const allocatable = () => ({});
  const own = await createNodeVolumes({
    host,
    client,
    nodeName: "n",
    rootDirectory: folder.path,
    allocatable,
    mounter,
  });
  const serviceAccountToken = { path: "token", audience: "vault", expirationSeconds: 3600 };
  const pod = podWith({ projected: { sources: [{ serviceAccountToken }] } }, {}, { serviceAccountName: "sa" });
  expect(await own.prepare(pod)).toEqual({ ready: true });
  const read = () => readFile(made("kubernetes.io~projected", "token"), "utf8");
  expect(await read()).toBe("token-1");
  expect(requests).toEqual([
    {
      audiences: ["vault"],
      expirationSeconds: 3600,
      boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "p", uid: "uid-1" },
    },
  ]);
  await cluster.seconds(2700);
  expect(count).toBe(1);
  await vi.waitFor(async () => {
    await cluster.seconds(66);
    expect(await read()).toBe("token-2");
  }, 5000);
  own.stop();
});

test.each([
  ["Directory", "missing", /hostPath .*\/missing doesn't exist$/],
  ["Directory", "file", /hostPath type check failed: .*\/file is not a directory, it's a File$/],
  ["File", "folder", /hostPath type check failed: .*\/folder is not a file, it's a Directory$/],
  ["Socket", "file", /is not a socket file, it's a File$/],
  ["CharDevice", "file", /is not a character device, it's a File$/],
  ["BlockDevice", "file", /is not a block device, it's a File$/],
  ["FileOrCreate", "folder", /is not a file, it's a Directory$/],
])("a host path that should be a %s but is a %s is refused", async (type, name, message) => {
  await mkdir(join(folder.path, "folder"));
  await writeFile(join(folder.path, "file"), "");
  const hostPath = { path: join(folder.path, name), type };
  expect(await volumes.prepare(podWith({ hostPath }))).toMatchObject({ problems: [expect.stringMatching(message)] });
});

test("host paths are made where that is asked for", async () => {
  for (const [type, name] of [
    ["DirectoryOrCreate", "new/folder"],
    ["FileOrCreate", "new/file"],
  ] as const) {
    const pod = podWith({ hostPath: { path: join(folder.path, name), type } });
    expect(await volumes.prepare({ ...pod, metadata: { ...pod.metadata, uid: name.replace("/", "") } })).toEqual({
      ready: true,
    });
  }
  expect((await stat(join(folder.path, "new/folder"))).isDirectory()).toBe(true);
  expect((await stat(join(folder.path, "new/file"))).isFile()).toBe(true);
});

test("a claim's local volume is mounted when it is bound, and what is missing is told", async () => {
  const pod = podWith({ persistentVolumeClaim: { claimName: "claim" } });
  const which =
    "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]";
  expect(await volumes.prepare(pod)).toMatchObject({
    problems: [
      `${which}: error processing PVC default/claim: failed to fetch PVC from API server: persistentvolumeclaims "claim" not found`,
    ],
    retryAfterMs: 10_000,
  });
  const claims = cluster.client.resource(resources.persistentvolumeclaims);
  const claim = await claims.create({
    metadata: { name: "claim", namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, volumeName: "pv" },
  });
  await claims.updateStatus({ ...claim, status: { phase: "Bound" } });
  const path = join(folder.path, "data");
  await cluster.client.resource(resources.persistentvolumes).create({
    metadata: { name: "pv" },
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteOnce"],
      claimRef: { namespace: "default", name: "claim", uid: claim.metadata.uid },
      local: { path },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["n"] }] }] },
      },
    },
  });
  expect(await volumes.prepare(pod)).toMatchObject({
    problems: [`MountVolume.NewMounter initialization failed for volume "pv" : path "${path}" does not exist`],
  });
  await mkdir(path);
  await cluster.seconds(1);
  expect(await volumes.prepare(pod)).toEqual({ ready: true });
  const target = join(folder.path, "pods/uid-1/volumes/kubernetes.io~local-volume/pv");
  expect(mounter.requests).toEqual([{ source: path, target, options: ["bind"] }]);
});

test("mounts are read-only, propagate and take parts of a volume as they are asked to", async () => {
  const pod = podWith({ emptyDir: {} }, { mountPropagation: "HostToContainer", readOnly: true });
  await volumes.prepare(pod);
  expect(await mountsOf(pod)).toMatchObject([
    { propagation: "hostToContainer", readonly: true, recursiveReadOnly: false },
  ]);
});

test("a mount is read-only with all below it where the runtime can", async () => {
  const { host, client } = cluster;
  const allocatable = () => ({});
  const recursiveReadOnly = () => true;
  const shared = { host, client, nodeName: "n", rootDirectory: folder.path, allocatable, mounter };
  const own = await createNodeVolumes({ ...shared, recursiveReadOnly });
  const pod = podWith({ emptyDir: {} }, { readOnly: true, recursiveReadOnly: "IfPossible" });
  const mountsOfOwn = await own.mountsFor(pod, pod.spec?.containers[0] ?? { name: "c" }, []);
  expect(mountsOfOwn).toMatchObject([{ readonly: true, recursiveReadOnly: true }]);
  expect(await mountsOf(pod)).toMatchObject([{ readonly: true, recursiveReadOnly: false }]);
  own.stop();
});

test.each([
  [{ subPath: "../x" }, "unable to provision SubPath `../x`: must not contain '..'"],
  [{ subPathExpr: "$(NONE)/x" }, 'missing value for "NONE"'],
  [
    { readOnly: true, recursiveReadOnly: "Enabled" },
    'failed to resolve recursive read-only mode: volume "v" requested recursive read-only mode, but it is not supported by the runtime',
  ],
])("the mount %j is refused", async (mount, message) => {
  await expect(mountsOf(podWith({ emptyDir: {} }, mount))).rejects.toThrow(message);
});

test("a kubelet that starts again finds what pods left that are gone, and takes it away", async () => {
  await volumes.prepare(podWith({ emptyDir: { medium: "Memory" } }));
  volumes.stop();
  volumes = await start();
  await volumes.removeOrphans((uid) => uid === "uid-1");
  await access(made("kubernetes.io~empty-dir"));
  await volumes.removeOrphans(() => false);
  expect(await mounter.mountPoints()).toEqual([]);
  expect(await readdir(join(folder.path, "pods"))).toEqual([]);
});

test("what a former pod left and could not be taken away at first is tried again", async () => {
  await volumes.prepare(podWith({ emptyDir: { medium: "Memory" } }));
  volumes.stop();
  volumes = await start();
  const unmount = mounter.unmount.bind(mounter);
  mounter.unmount = () => Promise.reject(new Error("busy"));
  await volumes.removeOrphans(() => false);
  await access(made("kubernetes.io~empty-dir"));
  mounter.unmount = unmount;
  await vi.waitFor(async () => {
    await cluster.seconds(66);
    expect(await readdir(join(folder.path, "pods"))).toEqual([]);
  }, 5000);
});

test("a folder is not deleted while something is still mounted in it", async () => {
  await volumes.prepare(podWith({ emptyDir: { medium: "Memory" } }));
  mounter.unmount = async () => undefined;
  await expect(volumes.release("uid-1")).rejects.toThrow("still mounted");
  await access(made("kubernetes.io~empty-dir"));
});

test.each([
  [
    { podCertificate: { keyType: "ED25519", signerName: "x/y" } },
    "podCertificate projections are not supported on this node",
  ],
])("the source %j is refused", async (source, message) => {
  expect(await volumes.prepare(podWith({ projected: { sources: [source] } }))).toMatchObject({
    problems: [`MountVolume.SetUp failed for volume "v" : ${message}`],
  });
});
