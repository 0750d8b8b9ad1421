import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { clientBinary } from "../support/binaries.ts";
import { containerdNeeds, freeRange, TestContainerd } from "../support/containerd/index.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/requires.ts";
import { execute } from "../support/sampan.ts";

const reason = missing(containerdNeeds);
const test_ = test.skipIf(reason !== undefined);
const title = (text: string) => (reason === undefined ? text : `${text} (${reason})`);
const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Place {
  readonly containerd: TestContainerd;
  readonly folder: string;
  readonly kubeconfig: string;
  /** Flags of a node whose things are all in the test's folder. */
  readonly machine: readonly string[];
  kubectl(...args: string[]): Promise<string>;
}

async function place(): Promise<Place> {
  const containerd = await TestContainerd.start();
  cleanups.push(() => containerd.remove());
  const folder = mkdtempSync(join(tmpdir(), "sampan-cli-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const kubeconfig = join(folder, "kubeconfig");
  const machine = [
    ["--container-runtime-endpoint", containerd.endpoint],
    ["--root-dir", join(containerd.folder, "kubelet")],
    ["--pod-logs-dir", join(containerd.folder, "logs")],
    ["--container-logs-dir", join(containerd.folder, "links")],
    ["--cni-conf-dir", containerd.cniConfDir],
    ["--cni-bridge", containerd.bridge],
    ["--no-masquerade"],
    ["--node-ip", "127.0.0.1"],
  ].flat();
  const kubectl = async (...args: string[]) => {
    const { code, stdout, stderr } = await execute(clientBinary("kubectl"), ["--kubeconfig", kubeconfig, ...args]);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  };
  return { containerd, folder, kubeconfig, machine, kubectl };
}

/** Starts a command and waits for a line that tells it is ready. */
async function start(args: readonly string[], isReady: (output: string) => boolean): Promise<ChildProcess> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  cleanups.push(() => end(child, "SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  await eventually(
    async () => ({ output, over: child.exitCode !== null }),
    ({ output, over }) => over || isReady(output),
    60_000,
  );
  if (child.exitCode !== null) throw new Error(`sampan ${args[0]} ended: ${output}`);
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

const up = ({ folder, kubeconfig }: Place) => [
  "up",
  "--port=0",
  "--output=json",
  `--data-dir=${join(folder, "data")}`,
  `--kubeconfig=${kubeconfig}`,
  `--cluster-cidr=${freeRange()}`,
];

test_(title("sampan up --runtime cri runs pods on this machine, kubectl logs and exec reach them"), async () => {
  const at = await place();
  const { kubectl, containerd } = at;
  const cluster = await start([...up(at), "--runtime=cri", ...at.machine], (output) => output.includes('"ready":true'));
  expect(await kubectl("get", "nodes", "-o", "name")).toBe(`node/${hostname().toLowerCase()}\n`);
  const shell = ["sh", "-c", "echo hello; exec sleep 1000"];
  await kubectl("run", "p", "--image=docker.io/library/busybox:latest", "--image-pull-policy=Never", "--", ...shell);
  await kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=30s");
  expect(await kubectl("logs", "p")).toBe("hello\n");
  expect(await kubectl("exec", "p", "--", "hostname")).toBe("p\n");
  await end(cluster, "SIGTERM");
  expect(containerd.processes(), "the pod goes on").not.toEqual([]);
  const again = await start([...up(at), "--runtime=cri", ...at.machine], (output) => output.includes('"ready":true'));
  expect(await kubectl("get", "pod", "p", "-o", "jsonpath={.status.containerStatuses[0].restartCount}")).toBe("0");
  expect(await kubectl("logs", "p")).toBe("hello\n");
  await kubectl("delete", "pod", "p", "--grace-period=1");
  await eventually(
    async () => containerd.processes(),
    (left) => left.length === 0,
  );
  await end(again, "SIGTERM");
});

test_(title("sampan kubelet joins a cluster by its kubeconfig and serves its API over TLS"), async () => {
  const at = await place();
  const { kubectl } = at;
  await start([...up(at), "--nodes=0"], (output) => output.includes('"ready":true'));
  const args = ["kubelet", "--kubeconfig", at.kubeconfig, "--node-name=localhost", "--port=0", "--node-labels=a=b"];
  const kubelet = await start([...args, "--register-with-taints=k=v:NoSchedule", ...at.machine], (output) =>
    output.includes("component=kubelet"),
  );
  await kubectl("wait", "node/localhost", "--for=condition=Ready", "--timeout=30s");
  expect(
    await kubectl("get", "node", "localhost", "-o", "jsonpath={.metadata.labels.a} {.spec.taints[*].key}"),
  ).toMatch(/^b .*k/);
  const overrides = { spec: { nodeName: "localhost", terminationGracePeriodSeconds: 1 } };
  const image = ["--image=docker.io/library/busybox:latest", "--image-pull-policy=Never"];
  const run = ["run", "p", ...image, `--overrides=${JSON.stringify(overrides)}`, "--restart=Never"];
  await kubectl(...run, "--", "sh", "-c", "echo from afar; exec sleep 1000");
  await kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=30s");
  expect(await kubectl("logs", "p")).toBe("from afar\n");
  expect(await kubectl("exec", "p", "--", "echo", "hi")).toBe("hi\n");
  await kubectl("delete", "pod", "p");
  await end(kubelet, "SIGTERM");
});
