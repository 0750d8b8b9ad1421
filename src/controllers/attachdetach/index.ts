/** Asks the drivers of volumes to attach them to the nodes of their pods, and to detach them when the pods are gone. */
export { startAttachDetachController } from "./controller.ts";
