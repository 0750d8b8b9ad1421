import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resources } from "../../src/index.ts";
import { containerdNeeds, RealNodeBox } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";
import { type PodRun, PodRuns } from "../support/run-in-pod.ts";

const reason = missing(containerdNeeds);

let box: RealNodeBox;
let pods: PodRuns;

const asUser = (runAsUser: number | undefined) => ({ securityContext: { runAsUser } });

/** A file is made with a mode in an empty folder, by root or another. */
async function holdsFile(mode: string, { user, medium }: { user?: number; medium?: "Memory" } = {}): Promise<void> {
  const make = `umask 0; echo -n text > /v/file; chmod ${mode} /v/file`;
  const script = `${make}; cat /v/file; stat -c " %a %u" /v/file; stat -f -c %T /v`;
  const [file, type] = (await pods.output({ script, volume: { emptyDir: { medium } }, spec: asUser(user) })).split(
    "\n",
  );
  expect(file).toBe(`text ${Number(mode)} ${user ?? 0}`);
  expect(type === "tmpfs").toBe(medium === "Memory");
}

/** In memory files are removed by their owners alone, as the original has it. */
async function folderMode(medium?: "Memory"): Promise<void> {
  const [bare, group] = medium === undefined ? ["777", "2777"] : ["1777", "3777"];
  const volume = { emptyDir: { medium } };
  expect(await pods.output({ script: "stat -c %a /v", volume })).toBe(bare);
  const spec = { securityContext: { fsGroup: 123 } };
  const script = "stat -c '%a %g' /v";
  expect(await pods.output({ script, volume, spec, mount: { subPath: "not/there" } })).toBe(`${group} 123`);
}

const resource = { requests: { cpu: "250m", memory: "32Mi" }, limits: { cpu: "1250m", memory: "64Mi" } };
const units = { cpu: "1m", memory: "1Mi" };

/** What the downward API tells of a container's resource, in thousandths of a core or in MiB. */
async function tells(isProjected: boolean, of: "limits" | "requests", name: "cpu" | "memory", more: PodRun = {}) {
  const resourceFieldRef = { containerName: "c", resource: `${of}.${name}`, divisor: units[name] };
  const volume = downward(isProjected, [{ path: "amount", resourceFieldRef }]);
  return pods.output({ script: "cat /v/amount", volume, container: { resources: resource }, ...more });
}

async function allocatable(name: "cpu" | "memory"): Promise<string> {
  const text = (await box.node()).status?.allocatable?.[name] ?? "";
  return text.endsWith("Ki") ? String(Math.ceil(Number(text.slice(0, -2)) / 1024)) : String(Number(text) * 1000);
}

function downward(isProjected: boolean, items: object[], defaultMode?: number): object {
  return isProjected
    ? { projected: { defaultMode, sources: [{ downwardAPI: { items } }] } }
    : { downwardAPI: { defaultMode, items } };
}

const podName = { path: "name", fieldRef: { fieldPath: "metadata.name" } };

async function tellsName(isProjected: boolean): Promise<void> {
  expect(await pods.output({ script: "cat /v/name", volume: downward(isProjected, [podName]) })).toMatch(/^p\d+$/);
}

async function hasMode(isProjected: boolean, item: object, defaultMode?: number): Promise<void> {
  const volume = downward(isProjected, [{ ...podName, ...item }], defaultMode);
  expect(await pods.output({ script: "stat -L -c %a /v/name", volume })).toBe("400");
}

async function follows(isProjected: boolean, field: "labels" | "annotations"): Promise<void> {
  const volume = downward(isProjected, [{ path: field, fieldRef: { fieldPath: `metadata.${field}` } }]);
  const shell = await pods.running({ volume, metadata: { [field]: { key: "one" } } as never });
  expect(await shell.run(`grep key /v/${field}`)).toBe('key="one"');
  const { namespace = "", name = "" } = shell.pod.metadata;
  const patch = { metadata: { [field]: { key: "two" } } };
  await box.client.resource(resources.pods).patch({ namespace, name }, "merge", patch);
  await shell.until(`grep key /v/${field}`, 'key="two"');
}

describe.skipIf(reason !== undefined)(`volumes of folders${reason ? ` (${reason})` : ""}`, { concurrent: true }, () => {
  beforeAll(async () => {
    box = await RealNodeBox.start();
    pods = new PodRuns(box, await box.namespace());
  });
  afterAll(() => box?.stop());

  test("EmptyDir, medium default, volume mode 0644", () => holdsFile("0644"));
  test("EmptyDir, medium default, volume mode 0666", () => holdsFile("0666"));
  test("EmptyDir, medium default, volume mode 0777", () => holdsFile("0777"));
  test("EmptyDir, medium memory, volume mode 0644", () => holdsFile("0644", { medium: "Memory" }));
  test("EmptyDir, medium memory, volume mode 0666", () => holdsFile("0666", { medium: "Memory" }));
  test("EmptyDir, medium memory, volume mode 0777", () => holdsFile("0777", { medium: "Memory" }));
  test("EmptyDir, medium memory, volume mode 0644, non-root user", () =>
    holdsFile("0644", { medium: "Memory", user: 1001 }));
  test("EmptyDir, medium memory, volume mode 0666,, non-root user", () =>
    holdsFile("0666", { medium: "Memory", user: 1001 }));
  test("EmptyDir, medium memory, volume mode 0777, non-root user", () =>
    holdsFile("0777", { medium: "Memory", user: 1001 }));
  // The same names once more, as the published list has them: a user who is not root.
  test("EmptyDir, medium default, volume mode 0644", () => holdsFile("0644", { user: 1001 }));
  test("EmptyDir, medium default, volume mode 0666", () => holdsFile("0666", { user: 1001 }));
  test("EmptyDir, medium default, volume mode 0777", () => holdsFile("0777", { user: 1001 }));
  test("EmptyDir, medium default, volume mode default", () => folderMode());
  test("EmptyDir, medium memory, volume mode default", () => folderMode("Memory"));
  test("EmptyDir, Shared volumes between containers", async () => {
    const volumeMounts = [{ name: "v", mountPath: "/v" }];
    const image = "docker.io/library/busybox:latest";
    const writes = {
      name: "w",
      image,
      imagePullPolicy: "Never",
      volumeMounts,
      command: ["sh", "-c", "echo hi > /v/f; sleep 1000"],
    };
    const reads = { ...writes, name: "c", command: ["sleep", "1000"] };
    const shell = await pods.running({ volume: { emptyDir: {} }, spec: { containers: [reads, writes] } });
    await shell.until("cat /v/f || true", "hi");
  });

  test("DownwardAPI volume, CPU limits", async () => expect(await tells(false, "limits", "cpu")).toBe("1250"));
  test("DownwardAPI volume, CPU request", async () => expect(await tells(false, "requests", "cpu")).toBe("250"));
  test("DownwardAPI volume, memory limits", async () => expect(await tells(false, "limits", "memory")).toBe("64"));
  test("DownwardAPI volume, memory request", async () => expect(await tells(false, "requests", "memory")).toBe("32"));
  test("DownwardAPI volume, CPU limit, default node allocatable", async () =>
    expect(await tells(false, "limits", "cpu", { container: {} })).toBe(await allocatable("cpu")));
  test("DownwardAPI volume, memory limit, default node allocatable", async () =>
    expect(await tells(false, "limits", "memory", { container: {} })).toBe(await allocatable("memory")));
  test("DownwardAPI volume, pod name", () => tellsName(false));
  test("DownwardAPI volume, volume mode 0400", () => hasMode(false, {}, 0o400));
  test("DownwardAPI volume, file mode 0400", () => hasMode(false, { mode: 0o400 }));
  test("DownwardAPI volume, update label", () => follows(false, "labels"));
  test("DownwardAPI volume, update annotations", () => follows(false, "annotations"));

  test("Projected Volume, DownwardAPI, CPU limits", async () =>
    expect(await tells(true, "limits", "cpu")).toBe("1250"));
  test("Projected Volume, DownwardAPI, CPU request", async () =>
    expect(await tells(true, "requests", "cpu")).toBe("250"));
  test("Projected Volume, DownwardAPI, memory limits", async () =>
    expect(await tells(true, "limits", "memory")).toBe("64"));
  test("Projected Volume, DownwardAPI, memory request", async () =>
    expect(await tells(true, "requests", "memory")).toBe("32"));
  test("Projected Volume, DownwardAPI, CPU limit, node allocatable", async () =>
    expect(await tells(true, "limits", "cpu", { container: {} })).toBe(await allocatable("cpu")));
  test("Projected Volume, DownwardAPI, memory limit, node allocatable", async () =>
    expect(await tells(true, "limits", "memory", { container: {} })).toBe(await allocatable("memory")));
  test("Projected Volume, DownwardAPI, pod name", () => tellsName(true));
  test("Projected Volume, DownwardAPI, volume mode 0400", () => hasMode(true, {}, 0o400));
  // The same name once more: the mode of one file.
  test("Projected Volume, DownwardAPI, volume mode 0400", () => hasMode(true, { mode: 0o400 }));
  test("Projected Volume, DownwardAPI, update labels", () => follows(true, "labels"));
  test("Projected Volume, DownwardAPI, update annotation", () => follows(true, "annotations"));

  test("Projected Volume, multiple projections", async () => {
    await pods.configMap("all", { "from-map": "map" });
    await pods.secret("all", { "from-secret": "secret" });
    const sources = [
      { configMap: { name: "all" } },
      { secret: { name: "all" } },
      { downwardAPI: { items: [podName] } },
    ];
    const script = 'echo "$(cat /v/from-map) $(cat /v/from-secret) $(cat /v/name)"';
    expect(await pods.output({ script, volume: { projected: { sources } } })).toMatch(/^map secret p\d+$/);
  });

  test("SubPath: Reading content from a downwardAPI volume.", async () => {
    const run = { volume: downward(false, [podName]), mount: { mountPath: "/name", subPath: "name" } };
    expect(await pods.output({ script: "cat /name", ...run })).toMatch(/^p\d+$/);
  });

  test("a folder in memory counts for its pod, and its limit holds", async () => {
    const script = "dd if=/dev/zero of=/v/f bs=1M count=4 2>&1 | grep -c 'No space'; true";
    const volume = { emptyDir: { medium: "Memory", sizeLimit: "1Mi" } };
    expect(await pods.output({ script, volume })).toBe("1");
  });

  test("a read-only mount cannot be written to", async () => {
    const run = { volume: { emptyDir: {} }, mount: { readOnly: true } };
    expect(await pods.output({ script: "touch /v/f 2>&1 || true", ...run })).toContain("Read-only file system");
  });

  test("a path of the machine is given, and one of another type is refused", async () => {
    const path = join(box.rootDir, "..", "given");
    const volume = { hostPath: { path, type: "DirectoryOrCreate" } };
    await pods.output({ script: "echo -n hi > /v/f", volume });
    expect(readFileSync(join(path, "f"), "utf8")).toBe("hi");
    const message = `hostPath type check failed: ${join(path, "f")} is not a directory, it's a File`;
    await pods.refused({ volume: { hostPath: { path: join(path, "f"), type: "Directory" } } }, message);
  });

  test("what a container writes in a folder stays when the container restarts", async () => {
    const script = "if [ -e /v/f ]; then sleep 1000; fi; touch /v/f; exit 1";
    const volume = { emptyDir: {} };
    const shell = await pods.running({ script, volume, container: { startupProbe: { exec: { command: ["true"] } } } });
    const { name = "", namespace = "" } = shell.pod.metadata;
    const pod = await box.podUntil(namespace, name, ({ status }) => {
      const [one] = status?.containerStatuses ?? [];
      return one?.restartCount === 1 && one.ready;
    });
    expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(1);
  });

  test("nothing of a pod's volumes is left when it is gone", async () => {
    const volumes = [
      { name: "v", emptyDir: { medium: "Memory" } },
      { name: "w", emptyDir: {} },
    ];
    const volumeMounts = [
      { name: "v", mountPath: "/v", subPath: "deep/er" },
      { name: "w", mountPath: "/w", subPathExpr: "$(NAME)" },
    ];
    const env = [{ name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }];
    const shell = await pods.running({ container: { volumeMounts, env }, spec: { volumes } });
    const { name = "", namespace = "", uid = "" } = shell.pod.metadata;
    const folder = join(box.rootDir, "pods", uid);
    expect(readdirSync(join(folder, "volumes/kubernetes.io~empty-dir/w"))).toEqual([name]);
    await box.delete(namespace, name, 0);
    await box.podGone(namespace, name);
    await eventually(
      async () => box.podFolders,
      (folders) => !folders.includes(uid),
    );
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(uid);
  });
});
