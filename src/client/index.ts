/**
 * How components speak to an API server: a typed client over a transport (in process or HTTP), informers, work queues,
 * controllers' run loop, event recording and leader election; and how servers beside the API server ask it who their
 * clients are and what they may. What components decide is left to them.
 */
export * from "./client.ts";
export * from "./controller.ts";
export type { AccessAttributes, DelegatedAccess, DelegatedAccessOptions, RequestUser } from "./delegated-access.ts";
export { delegatedAccess } from "./delegated-access.ts";
export * from "./direct-transport.ts";
export * from "./discovery.ts";
export type { CoreEvent, EventType, ObjectReference, SeriesEvent } from "./event-objects.ts";
export { referenceTo } from "./event-objects.ts";
export * from "./event-recorder.ts";
export * from "./http-transport.ts";
export * from "./informer.ts";
export type { ConnectionConfig } from "./kubeconfig.ts";
export { loadKubeconfig } from "./kubeconfig.ts";
export * from "./leader-election.ts";
export { LruMap } from "./lru.ts";
export * as resources from "./resources.ts";
export { createInformerFactory } from "./shared-informer.ts";
export * from "./store-view.ts";
export { TokenBucket } from "./token-bucket.ts";
export * from "./transport.ts";
export * from "./work-queue.ts";
