/** Keeps the Endpoints object of every service with a selector. */
export { startEndpointsController } from "./controller.ts";
