/**
 * What the API server itself keeps true about stored objects: whether flow schemas name a priority level that exists,
 * whether the services
 * behind API services are there, that definitions go when they are deleted, and that the kubernetes service names the API
 * servers that are alive.
 */
export { keepDefinitions } from "./custom-resource-definitions.ts";
export { keepFlowSchemas } from "./flow-schemas.ts";
export { Followed } from "./followed.ts";
export { itself, type Keeper, type KeeperOptions, writeStatus } from "./keeper.ts";
export { type Advertised, keepKubernetesEndpoints } from "./kubernetes-endpoints.ts";
