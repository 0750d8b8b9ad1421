/**
 * What a node does before its machine goes down: it holds the shutdown back, ends its pods in the order of their priority,
 * each group within its time, and lets the shutdown go on. (Kubernetes: graceful node shutdown.) How a pod ends is the pod
 * worker's.
 */

export {
  type GracePeriod,
  groupByPriority,
  ShutdownConfigError,
  type ShutdownPeriods,
  shutdownGracePeriods,
} from "./grace-periods.ts";
export { type InhibitLock, type LoginManager, openLogind } from "./logind.ts";
export { NodeShutdown, type NodeShutdownPorts, type ShutdownEnding } from "./node-shutdown.ts";
export { noShutdownState, type ShutdownState, type ShutdownStateStore, shutdownStateFile } from "./state-file.ts";
