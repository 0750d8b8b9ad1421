/** What services and pods have to do with each other: who selects whom, and how a pod is reached through a service. */
export * from "./pod-endpoint.ts";
export * from "./pod-selection.ts";
export { TriggerTimes } from "./trigger-times.ts";
export { watchPods } from "./watch-pods.ts";
