import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { UserInfo } from "../apiserver/index.ts";
import { keptServingPair } from "../certificates/index.ts";
import { withTimeout } from "../host/index.ts";
import {
  defaultRootDir,
  type KubeletServer,
  type KubeletSettings,
  type MachineOptions,
  machineNodeName,
  type NodeOptions,
  type RealKubelet,
  startKubeletServer,
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
  /** What the kubelet's API listens on. Default 0.0.0.0 and 10250; port 0 takes a free one. */
  readonly kubeletAddress?: string;
  readonly kubeletPort?: number;
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

  async start({ client: clientOf, host, ca }: ComponentOptions): Promise<() => Promise<void>> {
    const { name = machineNodeName(), rootDir = defaultRootDir, kubeletAddress: address, kubeletPort } = this.#options;
    const user: UserInfo = { name: `system:node:${name}`, groups: ["system:nodes", "system:authenticated"] };
    const node = { ...this.#options, name };
    const client = clientOf(user, "kubelet");
    // This process needs no connection to reach it; those who collect metrics do.
    let serving: KubeletServer | undefined;
    const kubelet = await startRealKubelet({
      ...this.#options,
      client,
      host,
      node,
      serve: async (served, ip) => {
        const pair = await keptServingPair(host, join(rootDir, "pki"), "kubelet", [name, ip]);
        serving = await startKubeletServer({
          ...pair,
          node: served,
          client,
          clientCa: ca.cert,
          address,
          port: kubeletPort,
          authorization: "Webhook",
          anonymous: false,
        });
        return serving.port;
      },
    });
    this.#kubelet = kubelet;
    const stop = async () => {
      await serving?.close();
      await (this.#isEphemeral ? kubelet.stopWithPods() : kubelet.stop());
    };
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
