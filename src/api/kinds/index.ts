/**
 * Every built-in resource: names, verbs, storage layout, conversions, and its strategy (defaults, validation, what
 * updates may touch, table columns). Pure functions over objects; how a request is served is the API server's.
 */

export { type CronFields, type CronSchedule, parseCronSchedule } from "./batch/index.ts";
export { builtinKinds } from "./builtin.ts";
export { type Decoding, decodeKind } from "./decode-kind.ts";
export { emptyValue, raiseGeneration, restoreAllButStatus, restoreField } from "./generic.ts";
export type {
  Column,
  Conversion,
  Requester,
  ResourceKind,
  ScaleStrategy,
  Strategy,
  Subresource,
  SubresourceStrategy,
  TableStrategy,
} from "./kind.ts";
export { metadataView } from "./metadata-view.ts";
export { createKindRegistry, type KindChange, type KindRegistry } from "./registry.ts";
export { defaulted, inStorageVersion } from "./retired/index.ts";
export { servedKinds } from "./runtime-config.ts";
export {
  type DelegatedGroupVersion,
  localPriority,
  resourcesOf,
  type ServedGroup,
  type ServedResource,
  type ServedVersion,
} from "./served.ts";
export { defaultTable } from "./table/default-table.ts";
export { fieldOfColumn, textOfColumn } from "./table/described-columns.ts";
export { scaleTable } from "./table/scale-table.ts";
export { compareVersions } from "./version-order.ts";
