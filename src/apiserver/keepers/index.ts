/**
 * What the API server itself keeps true about stored objects: whether flow schemas name a priority level that exists,
 * whether the services
 * behind API services are there, and that definitions go when they are deleted. Each follows the store and writes conditions.
 */
export { keepApiServices } from "./api-services.ts";
export { keepDefinitions } from "./custom-resource-definitions.ts";
export { keepFlowSchemas } from "./flow-schemas.ts";
export type { Keeper, KeeperOptions } from "./keeper.ts";
