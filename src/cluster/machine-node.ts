import type { Duplex } from "node:stream";
import type { UserInfo } from "../apiserver/index.ts";
import { withTimeout } from "../host/index.ts";
import {
  type KubeletSettings,
  type MachineOptions,
  machineNodeName,
  type NodeOptions,
  type RealKubelet,
  startRealKubelet,
} from "../kubelet/index.ts";
import type { ClusterNodes } from "./cluster-nodes.ts";
import type { ComponentOptions } from "./components.ts";

/** This machine as a node: real containers, through a container runtime. */
export interface MachineNodeOptions
  extends MachineOptions,
    Omit<KubeletSettings, "imageScripts" | "pullMs">,
    Omit<NodeOptions, "name" | "images"> {
  /** Default: the machine's name. */
  readonly name?: string;
}

const readyTimeoutMs = 120_000;

export class MachineNode implements ClusterNodes {
  readonly #options: MachineNodeOptions;
  /** Whether its pods end with it: the cluster is forgotten then. */
  readonly #isEphemeral: boolean;
  #kubelet: RealKubelet | undefined;

  constructor(options: MachineNodeOptions, isEphemeral: boolean) {
    this.#options = options;
    this.#isEphemeral = isEphemeral;
  }

  async start({ client, host }: ComponentOptions): Promise<() => Promise<void>> {
    const { name = machineNodeName() } = this.#options;
    const user: UserInfo = { name: `system:node:${name}`, groups: ["system:nodes", "system:authenticated"] };
    const node = { ...this.#options, name };
    const kubelet = await startRealKubelet({ ...this.#options, client: client(user, "kubelet"), host, node });
    this.#kubelet = kubelet;
    const stop = () => (this.#isEphemeral ? kubelet.stopWithPods() : kubelet.stop());
    try {
      await kubelet.ready;
      await withTimeout(host.clock, readyTimeoutMs, () => kubelet.whenNodeReady());
      return stop;
    } catch (error) {
      await stop();
      throw error;
    }
  }

  dialKubelet(node: string): Duplex | undefined {
    return this.#kubelet?.served.name === node ? this.#kubelet.connect() : undefined;
  }

  /** The machine's own network leads to its pods. */
  dialPod(): undefined {
    return undefined;
  }
}
