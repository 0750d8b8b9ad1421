import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Pod } from "../../src/api/types/index.ts";
import { type Client, createClient } from "../../src/client/index.ts";
import { silentLogger, systemHost } from "../../src/host/index.ts";
import { createNodeVolumes, type VolumeManager } from "../../src/kubelet/volumes/index.ts";
import { missing } from "../support/requires.ts";

// Real mounts: below a folder of the test's own, all unmounted again.
const reason = missing({ root: true, programs: { mount: "mount" } });
const title = (text: string) => (reason === undefined ? text : `${text} (${reason})`);
const test_ = test.skipIf(reason !== undefined);

let root: string;
let volumes: VolumeManager;

const start = (): Promise<VolumeManager> =>
  createNodeVolumes({
    host: { ...systemHost(), log: silentLogger },
    client: noClient,
    nodeName: "n",
    rootDirectory: root,
    allocatable: () => ({ memory: "1Gi" }),
  });

/** These volumes ask nothing of the API. */
const noClient: Client = createClient({
  request: () => Promise.reject(new Error("no API server in this test")),
  watch: () => Promise.reject(new Error("no API server in this test")),
} as never);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sampan-volumes-"));
  volumes = await start();
});
afterEach(async () => {
  volumes.stop();
  for (const point of (await mountPoints()).reverse()) await unmount(point);
  await rm(root, { recursive: true, force: true });
});

async function mountPoints(): Promise<string[]> {
  const text = await readFile("/proc/self/mountinfo", "utf8");
  return text
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => point.startsWith(`${root}/`));
}

async function unmount(point: string): Promise<void> {
  const { execFileSync } = await import("node:child_process");
  execFileSync("umount", [point]);
}

type Spec = NonNullable<Pod["spec"]>;

function podWith(volume: object, mount: object = {}, spec: Partial<Spec> = {}, name = "c"): Pod {
  const volumeMounts = [{ name: "v", mountPath: "/v", ...mount }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", uid: "uid-1" },
    spec: { containers: [{ name, image: "i", volumeMounts }], volumes: [{ name: "v", ...volume }], ...spec },
  };
}

async function hostPathOf(pod: Pod): Promise<string> {
  const container = pod.spec?.containers[0] ?? { name: "c" };
  const [mount] = await volumes.mountsFor(pod, container, [{ key: "WHO", value: "me" }]);
  return mount?.hostPath ?? "";
}

test_(title("a folder in memory is a file system of its size, and one of a restarted kubelet goes on"), async () => {
  const pod = podWith({ emptyDir: { medium: "Memory", sizeLimit: "1Mi" } });
  const path = await hostPathOf(pod);
  expect(await mountPoints()).toEqual([path]);
  await writeFile(join(path, "kept"), "");
  await expect(writeFile(join(path, "large"), Buffer.alloc(2 << 20))).rejects.toThrow("ENOSPC");
  volumes.stop();
  volumes = await start();
  expect(await hostPathOf(pod)).toBe(path);
  expect(await readdir(path)).toContain("kept");
  await volumes.release("uid-1");
  expect(await mountPoints()).toEqual([]);
  expect(await readdir(join(root, "pods"))).toEqual([]);
});

test_(title("a volume belongs to the pod's group, and hands the group on"), async () => {
  const path = await hostPathOf(podWith({ emptyDir: {} }, {}, { securityContext: { fsGroup: 4321 } }));
  const info = await stat(path);
  expect([info.gid, info.mode & 0o7777]).toEqual([4321, 0o2777]);
});

test_(title("files of the downward API can be read by the pod's group"), async () => {
  const items = [{ path: "name", mode: 0o400, fieldRef: { fieldPath: "metadata.name" } }];
  const path = await hostPathOf(podWith({ downwardAPI: { items } }, {}, { securityContext: { fsGroup: 4321 } }));
  const info = await stat(join(path, "name"));
  expect([info.gid, info.mode & 0o777]).toEqual([4321, 0o440]);
  expect(await mountPoints()).toEqual([path]);
});

test_(title("a part of a volume is made with the volume's rights, and the same one is given again"), async () => {
  const pod = podWith({ emptyDir: {} }, { subPathExpr: "of/$(WHO)" });
  const path = await hostPathOf(pod);
  expect(path).toBe(join(root, "pods/uid-1/volume-subpaths/v/c/0"));
  const volume = join(root, "pods/uid-1/volumes/kubernetes.io~empty-dir/v");
  expect((await stat(join(volume, "of/me"))).mode & 0o7777).toBe(0o777);
  await writeFile(join(volume, "of/me/file"), "text");
  expect(await readFile(join(path, "file"), "utf8")).toBe("text");
  expect(await hostPathOf(pod)).toBe(path);
  expect(await mountPoints()).toEqual([path]);
  await volumes.release("uid-1");
  expect(await mountPoints()).toEqual([]);
});

test_(title("a single file of a volume is given, and the new one after it was exchanged"), async () => {
  const pod = podWith({ emptyDir: {} }, { subPath: "file" });
  const volume = join(root, "pods/uid-1/volumes/kubernetes.io~empty-dir/v");
  await volumes.prepare(pod);
  await writeFile(join(volume, "file"), "1");
  expect(await readFile(await hostPathOf(pod), "utf8")).toBe("1");
  await writeFile(join(volume, "next"), "2");
  await rename(join(volume, "next"), join(volume, "file"));
  const path = await hostPathOf(pod);
  expect(await readFile(path, "utf8")).toBe("2");
  expect(await mountPoints()).toEqual([path]);
});

test_(title("links that lead out of a volume give nothing, links within it do"), async () => {
  await mkdir(join(root, "secret"));
  const make = async (subPath: string, target: string): Promise<Pod> => {
    const pod = podWith({ emptyDir: {} }, { subPath });
    await volumes.prepare(pod);
    const link = join(root, "pods/uid-1/volumes/kubernetes.io~empty-dir/v", subPath.split("/")[0] ?? "");
    await symlink(target, link);
    return pod;
  };
  for (const [subPath, target] of [
    ["absolute", join(root, "secret")],
    ["climbing", "../../../../../secret"],
    ["looping", "looping"],
  ] as const) {
    const refused = `failed to prepare subPath for volumeMount "v" of container "c"`;
    await expect(hostPathOf(await make(subPath, target))).rejects.toThrow(refused);
  }
  const notMade = `failed to create subPath directory for volumeMount "v" of container "c"`;
  await expect(hostPathOf(await make("out/new", join(root, "secret")))).rejects.toThrow(notMade);
  expect(await readdir(join(root, "secret"))).toEqual([]);
  const volume = join(root, "pods/uid-1/volumes/kubernetes.io~empty-dir/v");
  await mkdir(join(volume, "real"));
  await writeFile(join(volume, "real/file"), "text");
  expect(await readFile(join(await hostPathOf(await make("within/file", "real"))), "utf8")).toBe("text");
});

test_(title("a path that turns into a link while it is looked at never gives what is outside"), async () => {
  await mkdir(join(root, "secret"));
  await writeFile(join(root, "secret/file"), "secret");
  const volume = join(root, "pods/uid-1/volumes/kubernetes.io~empty-dir/v");
  const pod = podWith({ emptyDir: {} }, { subPath: "folder/file" });
  await volumes.prepare(pod);
  await mkdir(join(volume, "honest"));
  await writeFile(join(volume, "honest/file"), "honest");
  await symlink(join(root, "secret"), join(volume, "evil"));
  let isDone = false;
  const swapping = (async () => {
    while (!isDone) {
      for (const name of ["honest", "evil"]) {
        await rename(join(volume, name), join(volume, "folder")).catch(() => undefined);
        await rename(join(volume, "folder"), join(volume, name)).catch(() => undefined);
      }
    }
  })();
  const seen = new Set<string>();
  for (let times = 0; times < 30; times++) {
    const got = await hostPathOf(pod).then(
      (path) => readFile(path, "utf8"),
      (error: Error) => error.message.replace(/ for volumeMount.*/, ""),
    );
    seen.add(got);
  }
  isDone = true;
  await swapping;
  expect(seen).not.toContain("secret");
});

test_(title("with OnRootMismatch a volume that is right at its top is left as it is"), async () => {
  const { giveToGroup } = await import("../../src/kubelet/volumes/files/ownership.ts");
  const folder = join(root, "data");
  await mkdir(folder);
  await writeFile(join(folder, "file"), "");
  const ownership = { gid: 4321, readOnly: false, policy: "OnRootMismatch" };
  await giveToGroup(folder, ownership);
  expect((await lstat(join(folder, "file"))).gid).toBe(4321);
  await chown(join(folder, "file"), 0, 99);
  await giveToGroup(folder, ownership);
  expect((await lstat(join(folder, "file"))).gid).toBe(99);
  await chmod(folder, 0o755);
  await giveToGroup(folder, ownership);
  expect((await lstat(join(folder, "file"))).gid).toBe(4321);
});

test_(
  title("what a container mounted in its volume goes with the pod, and no file of the machine with it"),
  async () => {
    const { execFileSync } = await import("node:child_process");
    const path = await hostPathOf(podWith({ emptyDir: {} }, { mountPropagation: "Bidirectional" }));
    const machine = join(root, "machine");
    await mkdir(machine);
    await writeFile(join(machine, "precious"), "");
    await mkdir(join(path, "mounted here"));
    execFileSync("mount", ["--bind", machine, join(path, "mounted here")]);
    await volumes.release("uid-1");
    expect(await readdir(machine)).toEqual(["precious"]);
    expect(await mountPoints()).toEqual([]);
  },
);
