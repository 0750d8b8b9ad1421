/**
 * What a structural schema (of a custom resource definition) makes of values: which fields are kept, what is filled in,
 * what is wrong with them, and how server-side apply sees them. Compiled once a schema; values are never changed in place.
 */
export { applyDefaults, dropNulls } from "./defaults.ts";
export { checkEmbedded, coerceEmbedded, coerceMetadata, type UnknownFields } from "./embedded.ts";
export { isKnownFormat } from "./formats.ts";
export { checkListTypes } from "./list-types.ts";
export { pruneUnknown } from "./prune.ts";
export { compileSchema, type StructuralNode } from "./schema.ts";
export { shapeOfSchema } from "./shape.ts";
export { compileValidator, type SchemaValidator } from "./validate.ts";
