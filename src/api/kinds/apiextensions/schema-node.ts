import type { JsonValue } from "../../meta/index.ts";
import type { JSONSchemaProps } from "../../types/index.ts";

/** The schema in a field that may hold something else too (`items`, `additionalProperties`). */
export function schemaIn(value: JsonValue | undefined): JSONSchemaProps | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JSONSchemaProps) : undefined;
}
