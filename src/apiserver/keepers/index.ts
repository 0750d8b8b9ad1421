/**
 * What the API server itself keeps true about stored objects: whether flow schemas name a priority level that exists, and
 * that the kubernetes service names the API servers that are alive.
 */
export { keepFlowSchemas } from "./flow-schemas.ts";
export { keepIdentityLease } from "./identity-lease.ts";
export { itself, type Keeper, type KeeperOptions, writeStatus } from "./keeper.ts";
export { type Advertised, keepKubernetesEndpoints } from "./kubernetes-endpoints.ts";
export { markTokenTracking, noteTokenUse } from "./legacy-token-tracking.ts";
