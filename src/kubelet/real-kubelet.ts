import { type Client, createInformerFactory, type InformerFactory, resources } from "../client/index.ts";
import type { Host } from "../host/index.ts";
import { type MachineOptions, openRealNode, type RealNode } from "./machine/real-node.ts";
import { NodeKubelet } from "./node/node-kubelet.ts";
import type { KubeletSettings, NodeOptions } from "./node/node-options.ts";
import { nodePodSource } from "./pods/pod-source.ts";
import { ServiceEnvironment } from "./pods/service-environment.ts";
import { StatusWriter } from "./pods/status-writer.ts";
import { createNodeVolumes } from "./volumes/index.ts";

export interface RealKubeletOptions extends KubeletSettings, MachineOptions {
  readonly client: Client;
  readonly host: Host;
  readonly node: NodeOptions;
  /** How often volumes are compared with the objects they show (`--sync-frequency`). Default a minute. */
  readonly volumeRefreshMs?: number;
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
  let kubelet: NodeKubelet | undefined;
  const node = await openRealNode(host, nodeOptions, options, ({ rootDir }) =>
    createNodeVolumes({
      host,
      client,
      nodeName: nodeOptions.name,
      rootDirectory: rootDir,
      allocatable: () => kubelet?.allocatable ?? {},
      refreshMs: options.volumeRefreshMs,
    }),
  );
  const informers: InformerFactory = createInformerFactory(client, host);
  const statuses = new StatusWriter(client, host);
  const started = new NodeKubelet({
    client,
    host,
    node: nodeOptions,
    settings: { statusCheckSeconds, ...options },
    ip: node.ip,
    backend: node.backend,
    pods: nodePodSource(informers, nodeOptions.name),
    statuses,
    services: new ServiceEnvironment(informers.informer(resources.services)),
  });
  kubelet = started;
  informers.informer(resources.nodes, { fieldSelector: `metadata.name=${nodeOptions.name}` }).addHandlers({
    add: (seen) => started.nodeSeen(seen),
    update: (_, seen) => started.nodeSeen(seen),
    delete: () => started.nodeDeleted(),
  });
  informers.start();
  const ready = started.start();
  // Who does not ask for it is not to be ended by it.
  ready.catch(() => undefined);
  return {
    ready,
    kubelet: started,
    node,
    async stop() {
      statuses.stop();
      await started.stop();
      informers.stop();
      node.stop();
    },
  };
}
