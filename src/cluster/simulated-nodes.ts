import type { Duplex } from "node:stream";
import type { NodeConnector, UserInfo } from "../apiserver/index.ts";
import { type Kubelets, startKubelets } from "../kubelet/index.ts";
import type { ComponentOptions } from "./components.ts";
import type { NodeOptions } from "./create-cluster.ts";

/** One identity for the nodes of one process: each node of its own would need as many watches. */
const kubelet: UserInfo = {
  name: "system:node:simulated",
  groups: ["system:masters", "system:nodes", "system:authenticated"],
};

/**
 * The simulated nodes of this process, and the API server's way to them. It exists before the API server that
 * asks it, and has nodes only after the API server can take their registration.
 */
export class SimulatedNodes implements NodeConnector {
  #kubelets: Kubelets | undefined;

  /** Resolves when all nodes are Ready. Gives how to stop them. */
  async start(components: ComponentOptions, options: NodeOptions): Promise<() => Promise<void>> {
    const { host } = components;
    const client = components.client(kubelet, "kubelet");
    const { count, cpu, memory, pods } = options;
    const nodes = Array.from({ length: count }, (_, i) => ({ name: `node-${i + 1}`, cpu, memory, pods }));
    const kubelets = startKubelets({ client, host, nodes });
    this.#kubelets = kubelets;
    await kubelets.ready;
    return () => kubelets.stop();
  }

  dialKubelet(node: string): Duplex | undefined {
    return this.#kubelets?.dialKubelet(node);
  }

  dialPod(ip: string, port: number): Promise<Duplex> | undefined {
    return this.#kubelets?.dialPod(ip, port);
  }
}
