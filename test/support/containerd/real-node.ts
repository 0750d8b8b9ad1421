// A cluster in this process with one real node on a containerd of the test's own.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isReason } from "../../../src/api/meta/index.ts";
import type { Container, Node, Pod } from "../../../src/api/types/index.ts";
import { systemHost } from "../../../src/host/index.ts";
import { type Cluster, type client, createCluster, resources } from "../../../src/index.ts";
import {
  type CgroupSettings,
  type RealKubelet,
  type RealKubeletOptions,
  startRealKubelet,
} from "../../../src/kubelet/index.ts";
import { eventually } from "../eventually.ts";
import { TestContainerd } from "./containerd.ts";
import { boxImage } from "./images.ts";

type Client = client.Client;

export type PodDraft = { readonly metadata: { readonly name: string } & Pod["metadata"]; readonly spec: Pod["spec"] };

export interface RealNodeSettings extends Partial<RealKubeletOptions> {
  /** Other limits of pods than none. */
  readonly limits?: Pick<CgroupSettings, "podPidsLimit" | "reserved">;
  /** Lines of the components' log; default warnings, to standard error. */
  readonly log?: { level: "debug" | "info" | "warn" | "error"; write?: (line: string) => void };
}

const nodeName = "node-1";

export class RealNodeBox {
  readonly containerd: TestContainerd;
  readonly cluster: Cluster;
  readonly client: Client;
  #kubelet: RealKubelet | undefined;
  readonly #settings: RealNodeSettings;
  #namespaces = 0;

  private constructor(containerd: TestContainerd, cluster: Cluster, settings: RealNodeSettings) {
    this.containerd = containerd;
    this.cluster = cluster;
    this.client = cluster.client();
    this.#settings = settings;
  }

  static async start(settings: RealNodeSettings = {}): Promise<RealNodeBox> {
    const containerd = await TestContainerd.start();
    let cluster: Cluster | undefined;
    try {
      cluster = await createCluster({ nodes: false, clusterCIDR: freeRange() });
      const box = new RealNodeBox(containerd, cluster, settings);
      await box.startKubelet();
      return box;
    } catch (error) {
      await cluster?.stop();
      await containerd.remove();
      throw error;
    }
  }

  get kubelet(): RealKubelet {
    if (this.#kubelet === undefined) throw new Error("the kubelet does not run");
    return this.#kubelet;
  }

  get podFolders(): string[] {
    return folder(join(this.rootDir, "pods"));
  }

  get logFolders(): string[] {
    return folder(this.logsDir);
  }

  get rootDir(): string {
    return join(this.containerd.folder, "kubelet");
  }

  get logsDir(): string {
    return join(this.containerd.folder, "logs");
  }

  get linksDir(): string {
    return join(this.containerd.folder, "links");
  }

  /** Starts the kubelet, also again; resolves when its node is Ready and untainted. */
  async startKubelet(): Promise<void> {
    const { containerd } = this;
    const { log = { level: "warn" }, limits, ...settings } = this.#settings;
    const user = { name: `system:node:${nodeName}`, groups: ["system:nodes", "system:authenticated"] };
    this.#kubelet = await startRealKubelet({
      client: this.cluster.client(user, "kubelet"),
      host: systemHost({ log }),
      node: { name: nodeName, ip: "127.0.0.1" },
      containerRuntimeEndpoint: containerd.endpoint,
      rootDir: this.rootDir,
      podLogsDir: this.logsDir,
      containerLogsDir: this.linksDir,
      clusterDNS: ["10.96.0.10"],
      network: {
        confDir: containerd.cniConfDir,
        bridge: containerd.bridge,
        masquerade: false,
        dataDir: join(containerd.folder, "ipam"),
      },
      cgroups: { driver: "cgroupfs", root: `/${containerd.cgroup}`, podPidsLimit: -1, reserved: [], ...limits },
      ...settings,
    });
    await this.#kubelet.ready;
    await eventually(() => this.node(), isUsable, 20_000);
  }

  /** The kubelet ends, its pods go on. */
  async stopKubelet(): Promise<void> {
    const kubelet = this.#kubelet;
    this.#kubelet = undefined;
    await kubelet?.stop();
  }

  node(): Promise<Node> {
    return this.client.resource(resources.nodes).get({ name: nodeName });
  }

  /** A namespace of its own, whose service account is there. */
  async namespace(): Promise<string> {
    const name = `n${++this.#namespaces}`;
    await this.client.resource(resources.namespaces).create({ metadata: { name } } as never);
    const account = { namespace: name, name: "default" };
    await eventually(() => this.client.resource(resources.serviceaccounts).find(account), Boolean);
    return name;
  }

  create(namespace: string, { metadata, spec }: PodDraft): Promise<Pod> {
    return this.client.resource(resources.pods).create({ metadata: { ...metadata, namespace }, spec });
  }

  pod(namespace: string, name: string): Promise<Pod | undefined> {
    return this.client.resource(resources.pods).find({ namespace, name });
  }

  /** Waits until the pod is as wanted; fails with what it was. */
  async podUntil(namespace: string, name: string, holds: (pod: Pod) => boolean, timeoutMs = 30_000): Promise<Pod> {
    const found = await eventually(
      () => this.pod(namespace, name),
      (pod) => pod !== undefined && holds(pod),
      timeoutMs,
    );
    if (found === undefined) throw new Error(`there is no pod ${namespace}/${name}`);
    return found;
  }

  async podGone(namespace: string, name: string, timeoutMs = 30_000): Promise<void> {
    await eventually(
      () => this.pod(namespace, name),
      (pod) => pod === undefined,
      timeoutMs,
    );
  }

  async delete(namespace: string, name: string, gracePeriodSeconds?: number): Promise<void> {
    try {
      await this.client.resource(resources.pods).delete({ namespace, name }, { gracePeriodSeconds });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
  }

  /** The texts `REASON: message` of a pod's events. */
  async events(namespace: string, name: string): Promise<string[]> {
    const { items } = await this.client.resource(resources.events).list({ namespace });
    return items
      .filter(({ involvedObject }) => involvedObject.name === name)
      .map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** Makes a pod and waits until it has ended; gives it with what its container `c` printed. */
  async runToEnd(namespace: string, draft: PodDraft): Promise<{ pod: Pod; output: string }> {
    await this.create(namespace, draft);
    const isOver = ({ status }: Pod) => status?.phase === "Succeeded" || status?.phase === "Failed";
    const pod = await this.podUntil(namespace, draft.metadata.name, isOver);
    return { pod, output: await this.log(pod, "c") };
  }

  /** What a container printed so far. */
  async log(pod: Pod, container: string): Promise<string> {
    const lines = await this.kubelet.node.logs.lines(containerIdOf(pod, container));
    return lines.map(({ text, partial }) => (partial === true ? text : `${text}\n`)).join("");
  }

  /** What a command in a pod's container printed. */
  async exec(pod: Pod, container: string, ...command: string[]): Promise<string> {
    const id = containerIdOf(pod, container);
    const { stdout, stderr, exitCode } = await this.kubelet.node.runtime.execSync(id, command, 10);
    if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Ends all pods, then kubelet, cluster and containerd. */
  async stop(): Promise<void> {
    try {
      await this.stopKubelet();
      await this.cluster.stop();
    } finally {
      await this.containerd.remove();
    }
  }
}

/** Pod addresses that no other test on this machine uses at the time. */
export function freeRange(): string {
  const routes = execFileSync("ip", ["route"], { encoding: "utf8" });
  const first = 128 + (process.pid % 100);
  for (let i = 0; i < 100; i++) {
    const second = 128 + ((first - 128 + i) % 100);
    if (!routes.includes(`10.${second}.`)) return `10.${second}.0.0/16`;
  }
  throw new Error("all of 10.128.0.0/9 is taken");
}

/** A pod with the container `c` that runs this shell script in the box. */
export function boxPod(
  name: string,
  script: string,
  container: Partial<Container> = {},
  spec: Partial<NonNullable<Pod["spec"]>> = {},
): PodDraft {
  const c: Container = {
    name: "c",
    image: boxImage,
    imagePullPolicy: "Never",
    command: ["sh", "-c", script],
    ...container,
  };
  return {
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 1, ...spec, containers: [c, ...(spec.containers ?? [])] },
  };
}

function isUsable({ status, spec }: Node): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
  return ready && (spec?.taints ?? []).length === 0;
}

export function containerIdOf({ status }: Pod, name: string): string {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  const all = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
  const id = all.find((one) => one.name === name)?.containerID;
  if (id === undefined) throw new Error(`container ${name} has not been made`);
  return id.replace("containerd://", "");
}

export function isReady({ status }: Pod): boolean {
  return status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
}

function folder(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}
