import type { Taint } from "../../api/types/index.ts";
import type { EvictionSettings } from "../eviction/index.ts";
import type { ImageScript } from "../runtime/simulated/index.ts";
import type { GracePeriod, LoginManager, ShutdownStateStore } from "../shutdown/index.ts";
import type { Reservations } from "./allocatable.ts";

/** A node as its owner describes it. */
export interface NodeOptions {
  readonly name: string;
  /** Default 8. */
  readonly cpu?: number | string;
  /** Default 32Gi. */
  readonly memory?: string;
  /** How many pods it takes. Default 110. */
  readonly pods?: number;
  /** Default 100Gi. */
  readonly ephemeralStorage?: string;
  /** Other resources, such as `nvidia.com/gpu`. */
  readonly extendedResources?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  /** The InternalIP. Default: one of 172.18.0.0/15, told by the node's number. */
  readonly ip?: string;
  /** Used when the API assigns the node no range. Left out, pods wait for the assigned one. */
  readonly podCIDR?: string;
  readonly unschedulable?: boolean;
  /** Images that are there from the start. */
  readonly images?: readonly string[];
}

/** How a node's pods end before its machine goes down. */
export interface ShutdownSettings {
  /** Sorted, lowest priority first; a shutdown is not held back when there are none. */
  readonly periods: readonly GracePeriod[];
  /** Default: the machine's systemd-logind. */
  openLogin?(): Promise<LoginManager>;
  /** Default: nothing is kept. */
  readonly state?: ShutdownStateStore;
}

/** What is the same for all nodes of one process. */
export interface KubeletSettings extends Omit<Reservations, "thresholds"> {
  /** When a real node evicts pods. Simulated nodes never run short. */
  readonly eviction?: EvictionSettings;
  /** Default: a shutdown of the machine is not held back. */
  readonly shutdown?: ShutdownSettings;
  /** Default `v1.36.2+sampan`. */
  readonly version?: string;
  /** The node's status is written this often though nothing changed. Default 300. */
  readonly statusSeconds?: number;
  /** How often the status is made anew, and written when it is another. Default: only when it is due. */
  readonly statusCheckSeconds?: number;
  /** A lease holds this long, and is renewed four times as often. Default 40. */
  readonly leaseSeconds?: number;
  readonly imageScripts?: readonly ImageScript[];
  /** How long simulated pulls take. Default 0. */
  readonly pullMs?: number;
  /** Kernel settings that pods may change though they weigh on others: names, or beginnings of names and `*`. */
  readonly allowedUnsafeSysctls?: readonly string[];
  /** The port told to be the kubelet's. Default 10250. */
  readonly port?: number;
}

/** The settings as the kubelet's `/configz` tells them, in the shape of KubeletConfiguration. */
export function kubeletConfiguration(settings: KubeletSettings, node: NodeOptions): Readonly<Record<string, unknown>> {
  const { port = 10_250, leaseSeconds = 40, statusSeconds = 300 } = settings;
  return {
    enableServer: true,
    port,
    nodeLeaseDurationSeconds: leaseSeconds,
    nodeStatusReportFrequency: `${statusSeconds}s`,
    maxPods: node.pods ?? 110,
    ...(settings.shutdown === undefined ? {} : { shutdownGracePeriodByPodPriority: settings.shutdown.periods }),
  };
}
