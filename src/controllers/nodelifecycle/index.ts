/** Watches over the heartbeats of nodes: conditions, taints, and how fast pods leave nodes that failed. */
export { startNodeLifecycleController } from "./controller.ts";
