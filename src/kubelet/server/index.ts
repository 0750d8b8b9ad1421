/**
 * The kubelet's API: what the API server and monitoring ask a node for. It reads the kubelet's state through `ServedNode`
 * and changes nothing; what runs in containers is the runtime's.
 */
export type { Access } from "./access.ts";
export { InProcessKubelet } from "./in-process.ts";
export type { ServedNode, ServedPod } from "./served-node.ts";
export { defaultKubeletPort, type KubeletServer, type KubeletServerOptions, startKubeletServer } from "./start.ts";
export { type MachineUsage, machineUsage } from "./stats/machine.ts";
