/**
 * HTTP in front of the object-level API server: listeners for HTTP/1.1 and HTTP/2, the way of a request through
 * authentication, limits and authorization, negotiation, tables, streams, and the paths that are no resources.
 */
export type { DelegatedServers } from "./delegated-servers.ts";
export { DiscoveryRoutes } from "./discovery-routes.ts";
export type { AnswerHeaders, Exchange } from "./exchange.ts";
export { type HealthCheck, HealthChecks } from "./health.ts";
export { ListenError, type Listener, type ListenOptions, listen, type TlsFiles } from "./listen.ts";
export { KubeletClient, type KubeletClientConfig, type NodeConnector } from "./nodes/index.ts";
export { OpenApiRoutes } from "./openapi-routes.ts";
export { PathRoutes } from "./path-routes.ts";
export { type PipelineOptions, RequestPipeline } from "./pipeline.ts";
export { RequestMetrics } from "./request-metrics.ts";
export {
  registerFlowDumps,
  registerIndex,
  registerMetrics,
  registerTokenDiscovery,
  registerVersion,
  serverVersion,
} from "./server-routes.ts";
export { upgrader } from "./upgrade.ts";
