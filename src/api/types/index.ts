/**
 * TypeScript types of the API's objects as they are on the wire (times and quantities are strings), generated from
 * the published OpenAPI. The stable groups' names are exported plainly (`Pod`, `Deployment`), where two groups share one
 * the later has its group and version behind it (core's `Event`, `EventEventsV1`); every package is also a namespace
 * (`coreV1.Pod`).
 */
export type * from "./generated/all.ts";
