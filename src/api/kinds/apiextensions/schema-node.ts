import type { JsonValue } from "../../meta/index.ts";
import type { JSONSchemaProps } from "../../types/index.ts";

/** The schema in a field that may hold something else too (`items`, `additionalProperties`). */
export function schemaIn(value: JsonValue | undefined): JSONSchemaProps | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JSONSchemaProps) : undefined;
}

type Flag = "embedded-resource" | "int-or-string" | "preserve-unknown-fields";

/** Whether the schema has this extension. */
export function isTrue(schema: JSONSchemaProps, flag: Flag): boolean {
  return schema[`x-kubernetes-${flag}`] === true;
}

/** What branches may not have, and what is said of it. */
export const branchFields: readonly (readonly [field: keyof JSONSchemaProps, detail: string])[] = [
  ["type", "must be empty to be structural"],
  ["additionalProperties", "must be undefined to be structural"],
  ["default", "must be undefined to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["externalDocs", "must be undefined to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
];

/** Of which schemas consist below: each with the steps of its path. */
export function* childrenOf(
  schema: JSONSchemaProps,
): Generator<readonly [field: string, key: string | number | undefined, child: JSONSchemaProps]> {
  const additional = schemaIn(schema.additionalProperties);
  if (additional) yield ["additionalProperties", undefined, additional];
  const properties = Object.entries(schema.properties ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, child] of properties) yield ["properties", name, child];
  for (const [name, child] of Object.entries(schema.patternProperties ?? {})) yield ["patternProperties", name, child];
  if (schema.not) yield ["not", undefined, schema.not];
  for (const field of ["allOf", "oneOf", "anyOf"] as const) {
    for (const [i, child] of (schema[field] ?? []).entries()) yield [field, i, child];
  }
  for (const [name, child] of Object.entries(schema.definitions ?? {})) yield ["definitions", name, child];
  const items = schemaIn(schema.items);
  if (items) yield ["items", undefined, items];
}
