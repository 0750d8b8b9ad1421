/** Node-pressure eviction: when a node is short of memory, disk or processes, and which pod goes then. */

export * from "./eviction-manager.ts";
export * from "./pressure.ts";
export * from "./thresholds.ts";
export type { ContainerUsage, PodUsage } from "./victims.ts";
