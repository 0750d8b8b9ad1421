import type { Duplex } from "node:stream";
import type { Node } from "../api/types/index.ts";
import { type Client, createInformerFactory, type InformerFactory, resources } from "../client/index.ts";
import type { Host } from "../host/index.ts";
import { ImageCollector } from "./images/image-collector.ts";
import { diskOf, MachineResources } from "./machine/machine-resources.ts";
import { type MachineOptions, openRealNode, type RealNode } from "./machine/real-node.ts";
import { NodeKubelet } from "./node/node-kubelet.ts";
import {
  type KubeletSettings,
  kubeletConfiguration,
  type NodeOptions,
  type ShutdownSettings,
} from "./node/node-options.ts";
import { podUid } from "./pod-worker/index.ts";
import { nodePodSource } from "./pods/pod-source.ts";
import { ServiceEnvironment } from "./pods/service-environment.ts";
import { StatusWriter } from "./pods/status-writer.ts";
import { ProbeCounts } from "./probes/probe-counts.ts";
import { podUidLabel } from "./runtime/labels.ts";
import type { Image } from "./runtime/runtime.ts";
import { InProcessKubelet, machineUsage, type ServedNode } from "./server/index.ts";
import { shutdownStateFile } from "./shutdown/index.ts";
import { createNodeVolumes, volumeFailure } from "./volumes/index.ts";

export interface RealKubeletOptions extends KubeletSettings, MachineOptions {
  readonly client: Client;
  readonly host: Host;
  readonly node: NodeOptions;
  /** How often volumes are compared with the objects they show (`--sync-frequency`). Default a minute. */
  readonly volumeRefreshMs?: number;
  /** Called before the node is registered: opens the kubelet's API, and gives the port that the node tells. */
  serve?(served: ServedNode, ip: string): Promise<number>;
}

/** The kubelet of the machine that this process runs on. */
export interface RealKubelet {
  /** Resolves when the node is registered. */
  readonly ready: Promise<void>;
  readonly kubelet: NodeKubelet;
  readonly node: RealNode;
  /** What the kubelet's API serves. */
  readonly served: ServedNode;
  /** Resolves when the node is Ready; it needs a pod range for that. */
  whenNodeReady(): Promise<void>;
  /** A connection to the kubelet's API, without a network. */
  connect(): Duplex;
  /** The kubelet ends; its pods go on. */
  stop(): Promise<void>;
  /** Ends the pods, too, at once and without a word to the API: there will be nobody who knows of them. */
  stopWithPods(): Promise<void>;
}

/** How often a real node looks whether its status is still what it told. */
const statusCheckSeconds = 10;

/**
 * Starts a kubelet with real containers on this machine.
 * @throws RuntimeError when the container runtime does not answer
 */
export async function startRealKubelet(options: RealKubeletOptions): Promise<RealKubelet> {
  const { client, host, node: nodeOptions } = options;
  let kubelet: NodeKubelet | undefined;
  const node = await openRealNode(
    host,
    nodeOptions,
    options,
    async ({ rootDir }, runtime) => {
      const { handlers = [] } = await runtime.status();
      const ofDefault = handlers.find(({ name }) => name === "");
      return createNodeVolumes({
        host,
        client,
        nodeName: nodeOptions.name,
        rootDirectory: rootDir,
        allocatable: () => kubelet?.allocatable ?? {},
        refreshMs: options.volumeRefreshMs,
        refreshFailed: (pod, message) =>
          kubelet?.record(pod, { type: "Warning", reason: volumeFailure(message), message }),
        expanded: (pod, message) =>
          kubelet?.record(pod, { type: "Normal", reason: "FileSystemResizeSuccessful", message }),
        // Of handlers that pods name themselves it is not known.
        recursiveReadOnly: ({ spec }) =>
          ofDefault?.recursiveReadOnlyMounts === true && spec?.runtimeClassName === undefined,
      });
    },
    () => [...(kubelet?.runners ?? [])].map(({ pod }) => pod),
  );
  const probes = new ProbeCounts();
  const served: ServedNode = {
    name: nodeOptions.name,
    host,
    runtime: node.runtime,
    logs: node.logs,
    pods: () => kubelet?.runners ?? [],
    configuration: kubeletConfiguration(options, nodeOptions),
    usage: {
      listContainerStats: (filter) => node.runtime.listContainerStats(filter),
      machine: () => machineUsage(),
      volumes: (pod) => node.backend.volumes.usage(pod),
    },
    probes,
    logFolder: "/var/log",
  };
  let port = options.port;
  try {
    port = (await options.serve?.(served, node.ip)) ?? port;
  } catch (error) {
    node.stop();
    throw error;
  }
  const images: ImageCollector = new ImageCollector(
    {
      host,
      runtime: node.runtime,
      diskOf: async () =>
        (await diskOf((await node.runtime.imageFsInfo())[0]?.mountpoint ?? node.folders.rootDir)).bytes,
      pinned: isPinned,
      warn: (reason, message) => kubelet?.warn(reason, message),
    },
    options.imageCollection,
  );
  const machine = new MachineResources({
    clock: host.clock,
    runtime: node.runtime,
    rootDir: node.folders.rootDir,
    removeUnusedImages: () => images.removeUnused(),
  });
  const informers: InformerFactory = createInformerFactory(client, host);
  const statuses = new StatusWriter(client, host);
  const started = new NodeKubelet({
    client,
    host,
    node: nodeOptions,
    settings: { statusCheckSeconds, ...options, shutdown: shutdownOf(options, node), port },
    ip: node.ip,
    backend: { ...node.backend, prober: probes.counting(node.backend.prober), resources: machine },
    pods: nodePodSource(informers, nodeOptions.name),
    statuses,
    staticPods: options.podManifestPath === undefined ? undefined : { path: options.podManifestPath },
    services: new ServiceEnvironment(informers.informer(resources.services)),
  });
  kubelet = started;
  const { promise: nodeReady, resolve: becameReady } = Promise.withResolvers<void>();
  const saw = (seen: Node) => {
    started.nodeSeen(seen);
    if (isReady(seen)) becameReady();
  };
  informers.informer(resources.nodes, { fieldSelector: `metadata.name=${nodeOptions.name}` }).addHandlers({
    add: saw,
    update: (_, seen) => saw(seen),
    delete: () => started.nodeDeleted(),
  });
  informers.start();
  images.start();
  const ready = started.start();
  // Who does not ask for it is not to be ended by it.
  ready.catch(() => undefined);
  const api = new InProcessKubelet(served);
  const stop = async () => {
    images.stop();
    statuses.stop();
    await started.stop();
    informers.stop();
  };
  return {
    ready,
    kubelet: started,
    node,
    served,
    whenNodeReady: () => nodeReady,
    connect: () => api.connect(),
    async stop() {
      await stop();
      node.stop();
    },
    async stopWithPods() {
      await stop();
      await endPods(node, started);
      node.stop();
    },
  };
}

/** When a shutdown began and ended is kept over a restart of the machine. */
function shutdownOf({ shutdown }: RealKubeletOptions, { folders }: RealNode): ShutdownSettings | undefined {
  return shutdown && { state: shutdownStateFile(folders.rootDir), ...shutdown };
}

/** Older runtimes do not tell which image is that of the pause container, and no container that they list uses it. */
function isPinned({ pinned, repoTags }: Image): boolean {
  return pinned === true || repoTags.some((tag) => /(^|\/)pause:/.test(tag));
}

async function endPods({ runtime, backend }: RealNode, kubelet: NodeKubelet): Promise<void> {
  const pods = [...kubelet.runners].map(({ pod }) => pod);
  const uids = new Set(pods.map(podUid));
  for (const { id, labels } of await runtime.listPodSandbox()) {
    if (!uids.has(labels[podUidLabel] ?? "")) continue;
    await runtime.stopPodSandbox(id);
    await runtime.removePodSandbox(id);
  }
  for (const pod of pods) {
    await backend.volumes.release(podUid(pod));
    await backend.machine?.files.release(pod);
  }
}

function isReady({ status }: Node): boolean {
  return status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
}
