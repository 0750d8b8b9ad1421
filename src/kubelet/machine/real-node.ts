import { mkdir, readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { quantityToMilli, quantityToNumber } from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import { type Host, sleep } from "../../host/index.ts";
import { type CgroupDriver, openCgroups, openSystemdCgroups, PodCgroups } from "../cgroups/index.ts";
import { DeviceManager } from "../devices/index.ts";
import type { ImageCollectorOptions } from "../images/image-collector.ts";
import type { NodeBackend } from "../node/node-kubelet.ts";
import type { NodeOptions } from "../node/node-options.ts";
import { parseResolvConf } from "../pods/dns.ts";
import { type FolderOptions, PodFiles } from "../pods/pod-files.ts";
import { networkProber } from "../probes/network-prober.ts";
import { createProber } from "../probes/prober.ts";
import type { ContainerLogs } from "../runtime/container-logs.ts";
import type { CriRuntime } from "../runtime/cri/index.ts";
import { UserNamespaces } from "../user-namespaces/index.ts";
import type { VolumeManager } from "../volumes/index.ts";
import { type CniOptions, writeCniConfig } from "./cni.ts";
import { LogRotation } from "./log-rotation.ts";
import { machineFacts } from "./machine-facts.ts";
import { RuntimeState } from "./runtime-state.ts";

/** How a real node is set up on its machine. */
export interface MachineOptions {
  /** Of the container runtime's socket: `unix:///run/containerd/containerd.sock`. */
  readonly containerRuntimeEndpoint: string;
  /** How long the runtime may take for a call that has no time of its own. Default 2 minutes. */
  readonly runtimeRequestTimeoutMs?: number;
  /** Default `/var/lib/kubelet`. */
  readonly rootDir?: string;
  /** A folder of pods that run whether or not there is an API server, or one such pod. Default none. */
  readonly podManifestPath?: string;
  /** Default `/var/log/pods`. */
  readonly podLogsDir?: string;
  /** Default `/var/log/containers`. */
  readonly containerLogsDir?: string;
  /** Addresses of the cluster's name server. Default none: pods ask whom the node asks. */
  readonly clusterDNS?: readonly string[];
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** Whom the node asks for names. Default `/etc/resolv.conf`; nobody when empty. */
  readonly resolvConf?: string;
  /** A container's log is rotated when it is larger. Default 10 MiB. */
  readonly containerLogMaxBytes?: number;
  /** Files of a container's log, rotated ones with it. Default 5. */
  readonly containerLogMaxFiles?: number;
  /** How many images are pulled at the same time. Default 1. */
  readonly maxParallelImagePulls?: number;
  /** Pods as a whole are limited too, by cgroups of their own; without this only containers are. */
  readonly cgroups?: CgroupSettings;
  /** How many IDs a pod with users of its own has (`userNamespaces.idsPerPod`). Default 65536. */
  readonly userNamespaceIdsPerPod?: number;
  /** When images that nobody uses are removed. */
  readonly imageCollection?: ImageCollectorOptions;
  /** How pods get addresses; `false` leaves that to who configured the runtime's network. */
  readonly network?: Partial<Omit<CniOptions, "podCidr">> | false;
}

export interface CgroupSettings {
  /** Who makes cgroups, where the runtime does not tell who makes its own. */
  readonly driver: CgroupDriver;
  /** What the pods' cgroups are below, `/` or a path such as `/node-1`. */
  readonly root: string;
  /** Processes of one pod at most; -1 for no limit. */
  readonly podPidsLimit: number;
  /** Kept from all pods together, by resource. */
  readonly reserved: readonly Readonly<Record<string, string>>[];
}

export interface RealNode {
  readonly backend: NodeBackend;
  readonly runtime: CriRuntime;
  readonly logs: ContainerLogs;
  readonly ip: string;
  readonly folders: FolderOptions;
  stop(): void;
}

export const defaultRootDir = "/var/lib/kubelet";
const defaultFolders: FolderOptions = {
  rootDir: defaultRootDir,
  podLogsDir: "/var/log/pods",
  containerLogsDir: "/var/log/containers",
};
const defaultNetwork = { confDir: "/etc/cni/net.d", bridge: "sampan0", masquerade: true };
const defaultLogBytes = 10 * 1024 * 1024;
const defaultLogFiles = 5;
const networkReadyPollMs = 50;
const networkReadyMaxMs = 60_000;
const probeUserAgent = "kube-probe/1.36";

/**
 * Makes a node of this machine: its container runtime, its network, its folders.
 * @throws RuntimeError when the runtime does not answer
 */
export async function openRealNode(
  host: Host,
  node: NodeOptions,
  options: MachineOptions,
  volumesOf: (folders: FolderOptions, runtime: CriRuntime) => Promise<VolumeManager>,
  podsHere: () => readonly Pod[],
): Promise<RealNode> {
  const { openCriRuntime, CriLogs } = await import("../runtime/cri/index.ts");
  const runtime = await openCriRuntime({
    host,
    endpoint: options.containerRuntimeEndpoint,
    requestTimeoutMs: options.runtimeRequestTimeoutMs,
  });
  try {
    await runtime.version(); // fails now rather than with the first pod
    const { rootDir, podLogsDir, containerLogsDir } = { ...defaultFolders, ...defined(options) };
    const folders = { rootDir, podLogsDir, containerLogsDir };
    await mkdir(rootDir, { recursive: true });
    const clusterDomain = options.clusterDomain ?? "cluster.local";
    const files = new PodFiles(host, folders, clusterDomain);
    await files.prepare();
    const state = new RuntimeState({ host, runtime, listing: () => runtime.listing });
    const facts = await machineFacts({ runtime, state, node, rootDir });
    const { capacity } = await facts();
    const network = networkProber(host.clock, probeUserAgent);
    const resolvConf = options.resolvConf ?? "/etc/resolv.conf";
    const userNamespaces = await UserNamespaces.open({
      host,
      podsFolder: join(rootDir, "pods"),
      podsMax: Number(capacity.pods),
      idsPerPod: options.userNamespaceIdsPerPod,
      handlers: async () => (await runtime.status()).handlers,
    });
    const cgroups = options.cgroups && (await openPodCgroups(host, options.cgroups, runtime, capacity, podsHere));
    const running = () =>
      podsHere().filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
    const devices = await DeviceManager.open({ host, rootDir, pods: running });
    const rotation = new LogRotation({
      host,
      runtime,
      files,
      maxBytes: options.containerLogMaxBytes ?? defaultLogBytes,
      maxFiles: options.containerLogMaxFiles ?? defaultLogFiles,
    });
    rotation.start();
    state.start();
    const backend: NodeBackend = {
      runtime,
      maxParallelImagePulls: options.maxParallelImagePulls ?? 1,
      network,
      prober: createProber(runtime, network),
      volumes: await volumesOf(folders, runtime),
      facts,
      machine: {
        files,
        dns: {
          clusterDNS: options.clusterDNS ?? [],
          clusterDomain,
          node: parseResolvConf(resolvConf === "" ? "" : await readFile(resolvConf, "utf8")),
        },
        memoryBytes: quantityToNumber(capacity.memory ?? "0"),
        seccompDir: join(rootDir, "seccomp"),
        userNamespaces,
        devices,
        cgroups,
      },
      configureNetwork: (podCidr) => configureNetwork(host, runtime, options.network, podCidr),
    };
    const logs = new CriLogs(runtime, host.clock);
    return {
      backend,
      runtime,
      logs,
      ip: node.ip ?? machineAddress(),
      folders,
      stop: () => {
        rotation.stop();
        state.stop();
        devices.stop();
        cgroups?.stop();
        runtime.close();
      },
    };
  } catch (error) {
    runtime.close();
    throw error;
  }
}

const cgroupMount = "/sys/fs/cgroup";

async function openPodCgroups(
  host: Host,
  { driver: wanted, root, podPidsLimit, reserved }: CgroupSettings,
  runtime: CriRuntime,
  capacity: Readonly<Record<string, string>>,
  pods: () => readonly Pod[],
): Promise<PodCgroups> {
  const left = (name: string) =>
    reserved.reduce(
      (rest, amounts) => rest - quantityToMilli(amounts[name] ?? "0"),
      quantityToMilli(capacity[name] ?? "0"),
    );
  // Both must put containers below the same cgroups: the runtime's word counts more.
  const driver = (await runtime.cgroupDriver()) ?? wanted;
  if (driver !== wanted) host.log.info("using the cgroup driver that the container runtime tells", { driver, wanted });
  const kernel = await openCgroups(host, cgroupMount);
  const cgroups = new PodCgroups({
    host,
    cgroups: driver === "systemd" ? await openSystemdCgroups(host, kernel) : kernel,
    driver,
    root: root.split("/").filter((part) => part !== ""),
    allPods: { milliCpu: left("cpu"), memoryBytes: Math.floor(left("memory") / 1000) },
    podPidsLimit,
    pods,
  });
  try {
    await cgroups.start();
  } catch (error) {
    cgroups.stop();
    throw error;
  }
  return cgroups;
}

/** Options that are set. */
function defined(options: MachineOptions): Partial<FolderOptions> {
  const { rootDir, podLogsDir, containerLogsDir } = options;
  return {
    ...(rootDir === undefined ? {} : { rootDir }),
    ...(podLogsDir === undefined ? {} : { podLogsDir }),
    ...(containerLogsDir === undefined ? {} : { containerLogsDir }),
  };
}

/** Resolves when the runtime can give pods addresses. */
async function configureNetwork(
  host: Host,
  runtime: CriRuntime,
  network: MachineOptions["network"],
  podCidr: string,
): Promise<void> {
  if (network !== false) {
    const isOwn = await writeCniConfig({ ...defaultNetwork, ...network, podCidr });
    if (!isOwn)
      host.log.info("the runtime's network was configured by somebody else", { ...defaultNetwork, ...network });
  }
  await runtime.updateRuntimeConfig({ podCidr });
  const until = host.clock.now() + networkReadyMaxMs;
  for (;;) {
    const { conditions } = await runtime.status();
    const ready = conditions.find(({ type }) => type === "NetworkReady");
    if (ready?.status === true) return;
    if (host.clock.now() > until) throw new Error(`the runtime's network is not ready: ${ready?.message}`);
    await sleep(host.clock, networkReadyPollMs);
  }
}

/** The first address of the machine that others could use; loopback when there is none. */
export function machineAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const usable = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
  return usable?.address ?? "127.0.0.1";
}
