/** Keeps the EndpointSlices of services: which pods are behind each, at which ports, and in what state. */
export { startEndpointSliceController } from "./controller.ts";
export { type EndpointGroup, managedByLabel, portsId, serviceNameLabel } from "./desired.ts";
export { OwnSlices } from "./own-slices.ts";
export { planSlices, type SliceSource } from "./plan.ts";
export { writeSlices } from "./write.ts";
