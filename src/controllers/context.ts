import type { Client, Discovery, EventRecorder, InformerFactory } from "../client/index.ts";
import type { Host } from "../host/index.ts";
import type { EvictionRates } from "./nodelifecycle/zones.ts";

/** The authority that signs certificate requests: PEM, an ECDSA P-256 key. */
export interface ClusterSigning {
  readonly cert: string;
  readonly key: string;
  /** The longest that what it signs holds. Default a year. */
  readonly maxDurationMs?: number;
}

/** How autoscalers are worked on; the original's --horizontal-pod-autoscaler-* flags. */
export interface AutoscalerConfig {
  /** Between two looks at an autoscaler. Default 15 s. */
  readonly syncPeriodMs?: number;
  /** How long the highest recommendation holds before replicas are taken away. Default 5 min. */
  readonly downscaleStabilizationMs?: number;
  /** By how much the ratio of use to target may be off 1. Default 0.1. */
  readonly tolerance?: number;
  /** After its start a pod's CPU use does not count while it is not ready. Default 5 min. */
  readonly cpuInitializationPeriodMs?: number;
  /** Within this time after its start a change of readiness is taken for the first. Default 30 s. */
  readonly initialReadinessDelayMs?: number;
}

export interface ControllersConfig {
  /** Without it approved certificate requests are left to others. */
  readonly clusterSigning?: ClusterSigning;
  /** PEM of the key that service account tokens are signed with. Without it no tokens are put into secrets. */
  readonly serviceAccountPrivateKey?: string;
  /** How long a token of old may go unused before it is declared invalid, and then deleted. Default a year. */
  readonly legacyTokenCleanUpPeriodMs?: number;
  /** PEM of the CA that serves the API, for kube-root-ca.crt. Without it that config map is not published. */
  readonly rootCA?: string;
  /** Pod addresses of the whole cluster; each node gets a part of it. */
  readonly clusterCIDR?: string;
  /** Prefix length of a node's part. Default 24. */
  readonly nodeCIDRMaskSize?: number;
  /** After this long without a heartbeat a node is Unknown. Default 50 s. */
  readonly nodeMonitorGracePeriodMs?: number;
  /** A new node may take this long to its first heartbeat. Default 60 s. */
  readonly nodeStartupGracePeriodMs?: number;
  /** How fast nodes that do not answer are emptied. */
  readonly nodeEviction?: Partial<EvictionRates>;
  /** Pods beyond this many that have ended are deleted; with 0 none is. Default 12500. */
  readonly terminatedPodThreshold?: number;
  /** Leaves volumes attached to nodes that do not answer, however long that lasts. Default false. */
  readonly disableForceDetachOnTimeout?: boolean;
  readonly autoscaler?: AutoscalerConfig;
  /** Keys that a controller works on at once, by its name; the others have their defaults. */
  readonly concurrentSyncs?: Readonly<Record<string, number>>;
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
  /** How many keys the controller of this name shall work on at once. */
  workers(controller: string, byDefault: number): number;
}

export interface RunningController {
  stop(): Promise<void>;
}

export type StartController = (context: ControllerContext) => RunningController;
