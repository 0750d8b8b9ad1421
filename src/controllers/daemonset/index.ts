/** Keeps a pod of each daemon set on every node it is meant for, and rolls new templates out node by node. */
export { startDaemonSetController } from "./controller.ts";
