/** Copies Endpoints that somebody wrote by hand into EndpointSlices, for those who read only these. */
export { startEndpointSliceMirroring } from "./controller.ts";
