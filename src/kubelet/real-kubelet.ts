import { type Client, createInformerFactory, type InformerFactory, resources } from "../client/index.ts";
import type { Host } from "../host/index.ts";
import { type MachineOptions, openRealNode, type RealNode } from "./machine/real-node.ts";
import { NodeKubelet } from "./node/node-kubelet.ts";
import type { KubeletSettings, NodeOptions } from "./node/node-options.ts";
import { nodePodSource } from "./pods/pod-source.ts";
import { StatusWriter } from "./pods/status-writer.ts";
import { clientReferences } from "./references.ts";
import { SimulatedVolumes } from "./volumes/index.ts";

export interface RealKubeletOptions extends KubeletSettings, MachineOptions {
  readonly client: Client;
  readonly host: Host;
  readonly node: NodeOptions;
}

/** The kubelet of the machine that this process runs on. */
export interface RealKubelet {
  /** Resolves when the node is registered. */
  readonly ready: Promise<void>;
  readonly kubelet: NodeKubelet;
  readonly node: RealNode;
  /** The kubelet ends; its pods go on. */
  stop(): Promise<void>;
}

/** How often a real node looks whether its status is still what it told. */
const statusCheckSeconds = 10;

/**
 * Starts a kubelet with real containers on this machine.
 * @throws RuntimeError when the container runtime does not answer
 */
export async function startRealKubelet(options: RealKubeletOptions): Promise<RealKubelet> {
  const { client, host, node: nodeOptions } = options;
  const node = await openRealNode(
    host,
    nodeOptions,
    options,
    async () => new SimulatedVolumes(clientReferences(client)),
  );
  const informers: InformerFactory = createInformerFactory(client, host);
  const statuses = new StatusWriter(client, host);
  const kubelet = new NodeKubelet({
    client,
    host,
    node: nodeOptions,
    settings: { statusCheckSeconds, ...options },
    ip: node.ip,
    backend: node.backend,
    pods: nodePodSource(informers, nodeOptions.name),
    statuses,
  });
  informers.informer(resources.nodes, { fieldSelector: `metadata.name=${nodeOptions.name}` }).addHandlers({
    add: (seen) => kubelet.nodeSeen(seen),
    update: (_, seen) => kubelet.nodeSeen(seen),
    delete: () => kubelet.nodeDeleted(),
  });
  informers.start();
  const ready = kubelet.start();
  // Who does not ask for it is not to be ended by it.
  ready.catch(() => undefined);
  return {
    ready,
    kubelet,
    node,
    async stop() {
      statuses.stop();
      await kubelet.stop();
      informers.stop();
      node.stop();
    },
  };
}
