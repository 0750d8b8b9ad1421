/**
 * The node agent: registers nodes, keeps their leases and status, and makes of pods what a container runtime runs.
 * Whether that runtime is real or simulated is behind `ContainerRuntime`; which pods run where is left to the scheduler.
 */

export {
  defaultEvictionHard,
  EvictionFlagError,
  type EvictionFlags,
  type EvictionSettings,
  parseThresholds,
} from "./eviction/index.ts";
export type { ImageCollectorOptions } from "./images/image-collector.ts";
export type { Kubelets, KubeletsOptions } from "./kubelets.ts";
export { startKubelet, startKubelets } from "./kubelets.ts";
export type { LogOptions } from "./logs.ts";
export { machineNodeName } from "./machine/machine-facts.ts";
export { type CgroupSettings, defaultRootDir, type MachineOptions, machineAddress } from "./machine/real-node.ts";
export type { KubeletSettings, NodeOptions } from "./node/node-options.ts";
export { sysctlPatternProblem } from "./pods/sysctls.ts";
export { type RealKubelet, type RealKubeletOptions, startRealKubelet } from "./real-kubelet.ts";
export type * from "./runtime/runtime.ts";
export type { ImageScript } from "./runtime/simulated/index.ts";
export { type KubeletServer, startKubeletServer } from "./server/index.ts";
export { type GracePeriod, ShutdownConfigError, shutdownGracePeriods } from "./shutdown/index.ts";
