/** Keeps the EndpointSlices of services: which pods are behind each, at which ports, and in what state. */
export { startEndpointSliceController } from "./controller.ts";
