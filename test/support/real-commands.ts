// The commands of a real node, each in a process of its own, on a containerd of the test's own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clientBinary } from "./binaries.ts";
import { freeRange, TestContainerd } from "./containerd/index.ts";
import { eventually } from "./eventually.ts";
import { execute, type Ran, type RunOptions } from "./sampan.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

const cleanups: (() => Promise<unknown> | unknown)[] = [];
/** Ends and removes all that was started; a test file calls it after each test, or after all. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

export interface Place {
  readonly containerd: TestContainerd;
  readonly folder: string;
  readonly kubeconfig: string;
  /** Flags of a node whose things are all in the test's folder. */
  readonly machine: readonly string[];
  kubectl(...args: string[]): Promise<string>;
  /** Takes whatever comes. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
}

/** A containerd and a folder for one cluster. */
export async function place(): Promise<Place> {
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
    ["--cgroup-root", `/${containerd.cgroup}`],
    // Whatever room this machine has, nothing is evicted or removed for more.
    ["--eviction-hard", "memory.available<1Mi"],
    ["--image-gc-high-threshold", "100"],
    ["--node-ip", "127.0.0.1"],
  ].flat();
  const run = (args: readonly string[], options?: RunOptions) =>
    execute(clientBinary("kubectl"), ["--kubeconfig", kubeconfig, ...args], options);
  const kubectl = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  };
  return { containerd, folder, kubeconfig, machine, kubectl, run };
}

/** Starts a command and waits for a line that tells it is ready. */
export async function start(args: readonly string[], isReady: (output: string) => boolean): Promise<ChildProcess> {
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

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** The arguments of `sampan up` there. */
export const up = ({ folder, kubeconfig }: Place) => [
  "up",
  "--port=0",
  "--output=json",
  `--data-dir=${join(folder, "data")}`,
  `--kubeconfig=${kubeconfig}`,
  `--cluster-cidr=${freeRange()}`,
];
