/**
 * How a patch changes an object, and who owns which of its fields afterwards: JSON patch, merge patch, strategic merge
 * patch and server-side apply. Pure functions over decoded JSON; nothing given to them is ever changed.
 */
export type { Applied, ApplyRequest } from "./apply.ts";
export { applyPatch } from "./apply.ts";
export type { Comparison } from "./compare.ts";
export { compare, isSame } from "./compare.ts";
export { FieldSet } from "./field-set.ts";
export { fieldsOf } from "./fields-of.ts";
export { goPlain } from "./go-format.ts";
export { jsonPatch, jsonPatchOperationsMax } from "./json-patch.ts";
export type { UpdateOwnership } from "./managed-fields.ts";
export { updateManagedFields } from "./managed-fields.ts";
export { mergePatch } from "./merge-patch.ts";
export { mergeTyped } from "./merge-typed.ts";
export type { Convert, Versioned } from "./ownership.ts";
export type { PathElement } from "./path-element.ts";
export { fieldElement, pathText } from "./path-element.ts";
export { strategicMergePatch } from "./strategic-merge-patch.ts";
export { withLiveTimestamps } from "./timestamps.ts";
