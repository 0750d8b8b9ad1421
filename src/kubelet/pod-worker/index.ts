/**
 * The pod worker's mind: from what a pod asks for, what the runtime holds of it and what time it is to what is done
 * next, and to the status that users see. Pure functions; doing it is left to ../pods.
 */
export { passingConditions } from "./conditions.ts";
export * from "./container-status.ts";
export * from "./decide.ts";
export * from "./observed.ts";
export * from "./pod-spec.ts";
export * from "./pod-status.ts";
export * from "./pod-uid.ts";
export * from "./resize.ts";
export * from "./resources.ts";
export * from "./situation.ts";
