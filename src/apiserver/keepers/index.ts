/**
 * What the API server itself keeps true about stored objects: whether flow schemas name a priority level that exists,
 * whether the services
 * behind API services are there, that definitions go when they are deleted, and that the kubernetes service names the API
 * servers that are alive.
 */
export { keepApiServices } from "./api-services.ts";
export { keepDefinitions } from "./custom-resource-definitions.ts";
export { keepFlowSchemas } from "./flow-schemas.ts";
export type { Keeper, KeeperOptions } from "./keeper.ts";
export { type Advertised, keepKubernetesEndpoints } from "./kubernetes-endpoints.ts";
