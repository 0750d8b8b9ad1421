/**
 * The documents by which clients find out what is served: API groups and resources, aggregated discovery, OpenAPI v2
 * and v3. Pure builders from a list of kinds; who serves them caches what they give.
 */
export { aggregatedDiscovery } from "./aggregated.ts";
export type { DiscoveredKind } from "./entry.ts";
export { apiGroup, apiGroupList, apiResourceList, apiVersions } from "./lists.ts";
export type { Descriptions } from "./openapi-schemas.ts";
export { openApiV2 } from "./openapi-v2.ts";
export { encodeOpenApiV2 } from "./openapi-v2-protobuf.ts";
export { groupVersionOf, type OpenApiOptions, openApiV3, openApiV3Hash, openApiV3Index } from "./openapi-v3.ts";
export { publishedDescriptions, publishedFieldText } from "./published-descriptions.ts";
