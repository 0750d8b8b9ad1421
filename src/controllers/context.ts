import type { Client, Discovery, EventRecorder, InformerFactory } from "../client/index.ts";
import type { Host } from "../host/index.ts";

/** The authority that signs certificate requests: PEM, an ECDSA P-256 key. */
export interface ClusterSigning {
  readonly cert: string;
  readonly key: string;
}

export interface ControllersConfig {
  /** Without it approved certificate requests are left to others. */
  readonly clusterSigning?: ClusterSigning;
  /** PEM of the CA that serves the API, for kube-root-ca.crt. Without it that config map is not published. */
  readonly rootCA?: string;
  /** Pod addresses of the whole cluster; each node gets a part of it. */
  readonly clusterCIDR?: string;
  /** Prefix length of a node's part. Default 24. */
  readonly nodeCIDRMaskSize?: number;
  /** After this long without a heartbeat a node is Unknown. Default 50 s. */
  readonly nodeMonitorGracePeriodMs?: number;
  /** Pods beyond this many that have ended are deleted. Default 12500. */
  readonly terminatedPodThreshold?: number;
}

/** What every controller is started with. Informers are shared among all of them. */
export interface ControllerContext {
  readonly client: Client;
  readonly discovery: Discovery;
  readonly informers: InformerFactory;
  readonly host: Host;
  readonly config: ControllersConfig;
  /** Events under this component's name. */
  recorder(component: string): EventRecorder;
}

export interface RunningController {
  stop(): Promise<void>;
}

export type StartController = (context: ControllerContext) => RunningController;
