import type { Duplex } from "node:stream";
import type { UserInfo } from "../apiserver/index.ts";
import { type Kubelets, startKubelets } from "../kubelet/index.ts";
import type { ClusterNodes } from "./cluster-nodes.ts";
import type { ComponentOptions } from "./components.ts";
import type { NodeOptions } from "./create-cluster.ts";

/** One identity for the nodes of one process: each node of its own would need as many watches. */
const kubelet: UserInfo = {
  name: "system:node:simulated",
  groups: ["system:masters", "system:nodes", "system:authenticated"],
};

/** The simulated nodes of this process, and the API server's way to them. */
export class SimulatedNodes implements ClusterNodes {
  readonly #options: NodeOptions;
  #kubelets: Kubelets | undefined;

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  async start(components: ComponentOptions): Promise<() => Promise<void>> {
    const { host } = components;
    const client = components.client(kubelet, "kubelet");
    const { count, cpu, memory, pods } = this.#options;
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
