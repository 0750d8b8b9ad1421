/**
 * Calls from the API server to webhooks and extension servers over HTTPS: by URL or by a service of the cluster, whose
 * certificate must be made out to `name.namespace.svc`. What is asked and what the answer means is the caller's.
 */
export {
  type BoundedRequest,
  CallError,
  type ServiceAnswer,
  ServiceClient,
  type ServiceClientOptions,
  type ServiceRequest,
} from "./service-client.ts";
export {
  type ServiceLocation,
  ServiceResolver,
  type ServiceResolverOptions,
  type ServiceRouting,
} from "./service-resolver.ts";
export type { Credentials, ServiceReference, ServiceTarget } from "./target.ts";
