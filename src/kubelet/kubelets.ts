import type { Duplex } from "node:stream";
import { errors, type KubeObject } from "../api/meta/index.ts";
import type { Pod } from "../api/types/index.ts";
import { type Client, createInformerFactory, type InformerFactory, resources } from "../client/index.ts";
import type { Host } from "../host/index.ts";
import { type LogOptions, readLog } from "./logs.ts";
import { simulatedFacts } from "./node/node-facts.ts";
import { NodeKubelet } from "./node/node-kubelet.ts";
import { nodeAddress } from "./node/node-object.ts";
import { type KubeletSettings, kubeletConfiguration, type NodeOptions } from "./node/node-options.ts";
import { nodePodSource, type PodSource, sharedPodSource } from "./pods/pod-source.ts";
import { ServiceEnvironment } from "./pods/service-environment.ts";
import { StatusWriter } from "./pods/status-writer.ts";
import {
  adoptedPod,
  type MountingContainer,
  SimulatedNetwork,
  SimulatedRuntime,
  simulatedProber,
} from "./runtime/simulated/index.ts";
import { InProcessKubelet } from "./server/index.ts";
import { hostsFolder, SimulatedVolumes } from "./volumes/index.ts";

export interface KubeletsOptions extends KubeletSettings {
  readonly client: Client;
  readonly host: Host;
  readonly nodes: readonly NodeOptions[];
  /** Shared with others of the process; made, and stopped with the kubelets, when left out. */
  readonly informers?: InformerFactory;
}

export interface Kubelets {
  /** Resolves when all nodes are registered. */
  readonly ready: Promise<void>;
  /** The log of a pod's container. @throws ApiError */
  logs(pod: KubeObject, options: LogOptions): AsyncIterable<string | Buffer>;
  /** A connection to the kubelet's API of one of these nodes, by its name; undefined for other nodes. */
  dialKubelet(node: string): Duplex | undefined;
  /** A connection to a port of these nodes or their pods; undefined for addresses of others. Rejects when nothing listens there. */
  dialPod(ip: string, port: number): Promise<Duplex> | undefined;
  /** Joins another node. */
  addNode(node: NodeOptions): Promise<void>;
  /** Switches a node off: it says no more, its Node object stays. */
  removeNode(name: string): Promise<void>;
  stop(): Promise<void>;
}

interface SimulatedNode {
  readonly kubelet: NodeKubelet;
  readonly runtime: SimulatedRuntime;
  readonly api: InProcessKubelet;
  readonly ip: string;
}

/** Starts the kubelets of many simulated nodes, which share one watch of pods and one of nodes. */
export function startKubelets(options: KubeletsOptions): Kubelets {
  return new SimulatedKubelets(options, (informers) => sharedPodSource(informers));
}

/** Starts one kubelet on its own, which watches only what is its node's. */
export function startKubelet(options: Omit<KubeletsOptions, "nodes"> & { readonly node: NodeOptions }): Kubelets {
  const { node, ...rest } = options;
  return new SimulatedKubelets(
    { ...rest, nodes: [node] },
    (informers) => nodePodSource(informers, node.name),
    node.name,
  );
}

class SimulatedKubelets implements Kubelets {
  readonly ready: Promise<void>;
  readonly #options: KubeletsOptions;
  readonly #informers: InformerFactory;
  readonly #source: PodSource;
  readonly #statuses: StatusWriter;
  readonly #services: ServiceEnvironment;
  readonly #nodes = new Map<string, SimulatedNode>();
  #count = 0;

  constructor(options: KubeletsOptions, sourceOf: (informers: InformerFactory) => PodSource, only?: string) {
    this.#options = options;
    const { client, host } = options;
    this.#informers = options.informers ?? createInformerFactory(client, host);
    this.#statuses = new StatusWriter(client, host);
    this.#services = new ServiceEnvironment(this.#informers.informer(resources.services));
    this.#source = sourceOf(this.#informers);
    const scope = only === undefined ? {} : { fieldSelector: `metadata.name=${only}` };
    this.#informers.informer(resources.nodes, scope).addHandlers({
      add: (node) => this.#nodes.get(node.metadata.name ?? "")?.kubelet.nodeSeen(node),
      update: (_, node) => this.#nodes.get(node.metadata.name ?? "")?.kubelet.nodeSeen(node),
      delete: (node) => this.#nodes.get(node.metadata.name ?? "")?.kubelet.nodeDeleted(),
    });
    if (options.informers === undefined) this.#informers.start();
    this.ready = Promise.all(options.nodes.map((node) => this.addNode(node))).then(() => undefined);
    // Who does not ask for it is not to be ended by it.
    this.ready.catch(() => undefined);
  }

  async addNode(node: NodeOptions): Promise<void> {
    const { client, host } = this.#options;
    const { imageScripts: scripts, pullMs } = this.#options;
    const volumes = new SimulatedVolumes({ client, host, allocatable: () => kubelet.allocatable });
    const mountsOf = async ({ podUid, name, environment, podIPs }: MountingContainer) => {
      const pod = kubelet.runner(podUid)?.pod;
      if (pod === undefined) return [];
      // A volume of the pod's own at that place comes first.
      return [...volumes.foldersOf(pod, name, environment), hostsFolder(pod, podIPs)];
    };
    const servesOtherwise = (podUid: string): void => kubelet.runner(podUid)?.recheck();
    const images = { preloadedImages: node.images, scripts, pullMs };
    const ask = (url: URL, body?: string) => this.#answerAt(url, body);
    const runtime = new SimulatedRuntime({ host, ...images, mountsOf, servesOtherwise, ask });
    const network = new SimulatedNetwork(runtime, ask);
    const recover = (pod: Pod): void => {
      const ran = adoptedPod(pod);
      if (ran !== undefined) runtime.adopt(ran);
    };
    const ip = node.ip ?? nodeAddress(this.#count++);
    const kubelet = new NodeKubelet({
      client,
      host,
      node,
      settings: this.#options,
      ip,
      backend: {
        runtime,
        network,
        prober: simulatedProber(host.clock, runtime, network),
        volumes,
        facts: async () => simulatedFacts(node),
        recover,
      },
      pods: this.#source,
      statuses: this.#statuses,
      services: this.#services,
    });
    const api = new InProcessKubelet({
      name: node.name,
      host,
      runtime,
      logs: runtime,
      pods: () => kubelet.runners,
      configuration: kubeletConfiguration(this.#options, node),
    });
    this.#nodes.set(node.name, { kubelet, runtime, api, ip });
    await kubelet.start();
  }

  async removeNode(name: string): Promise<void> {
    const node = this.#nodes.get(name);
    this.#nodes.delete(name);
    await node?.kubelet.stop();
    node?.runtime.shutdown();
  }

  logs(object: KubeObject, options: LogOptions): AsyncIterable<string | Buffer> {
    const pod = object as KubeObject & Pick<Pod, "spec">;
    const node = this.#nodes.get(pod.spec?.nodeName ?? "");
    const served = node?.kubelet.runner(pod.metadata.uid ?? "");
    if (node === undefined || served === undefined) {
      const message = `container "${options.container}" in pod "${pod.metadata.name}" is not available`;
      throw errors.badRequest(message);
    }
    return readLog({ clock: this.#options.host.clock, logs: node.runtime, served }, options);
  }

  dialKubelet(node: string): Duplex | undefined {
    return this.#nodes.get(node)?.api.connect();
  }

  dialPod(ip: string, port: number): Promise<Duplex> | undefined {
    for (const { runtime, ip: nodeIP } of this.#nodes.values()) {
      if (ip === nodeIP) return connectTo(runtime, runtime.sandboxAt(undefined), `${ip}:${port}`, port);
      if (runtime.hasPodAddress(ip)) return connectTo(runtime, runtime.sandboxAt(ip), `${ip}:${port}`, port);
    }
    return undefined;
  }

  #answerAt(url: URL, body?: string) {
    for (const { runtime } of this.#nodes.values()) {
      if (runtime.hasPodAddress(url.hostname)) return runtime.answerAt(url, body);
    }
    return undefined;
  }

  async stop(): Promise<void> {
    this.#statuses.stop();
    await Promise.all([...this.#nodes.keys()].map((name) => this.removeNode(name)));
    if (this.#options.informers === undefined) this.#informers.stop();
  }
}

async function connectTo(
  runtime: SimulatedRuntime,
  podSandboxId: string | undefined,
  address: string,
  port: number,
): Promise<Duplex> {
  try {
    if (podSandboxId === undefined) throw new Error("nobody has the address");
    const target = await runtime.portForward({ podSandboxId, ports: [port] });
    if (target.kind === "url") throw new Error(`pod ports are served at ${target.url}`);
    return await target.connect(port);
  } catch (cause) {
    throw new Error(`dial tcp ${address}: connect: connection refused`, { cause });
  }
}
