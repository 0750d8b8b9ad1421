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

/**
 * What is wrong with a pattern, if anything is. Patterns are RE2's: what only RE2 knows is not judged, what RE2 does not
 * know (looking ahead or behind, back references) is refused in the original's words.
 */
export function goPatternProblem(pattern: string): string | undefined {
  const unknown = /(?<!\\)\(\?<?[=!]/.exec(pattern);
  if (unknown) return `error parsing regexp: invalid or unsupported Perl syntax: \`${unknown[0]}\``;
  let isEscaped = false;
  let isClass = false;
  let depth = 0;
  // A bracket that comes first in a class is one of its characters; named classes have brackets of their own.
  for (const char of pattern.replace(/\[(\^?)\]/g, "[$1x").replace(/\[:\^?\w+:\]/g, "x")) {
    if (isEscaped) isEscaped = false;
    else if (char === "\\") isEscaped = true;
    else if (isClass) isClass = char !== "]";
    else if (char === "[") isClass = true;
    else if (char === "(") depth++;
    else if (char === ")" && --depth < 0) return `error parsing regexp: unexpected ): \`${pattern}\``;
  }
  if (isEscaped) return "error parsing regexp: trailing backslash at end of expression: ``";
  if (isClass) return `error parsing regexp: missing closing ]: \`${pattern.slice(pattern.lastIndexOf("["))}\``;
  return depth > 0 ? `error parsing regexp: missing closing ): \`${pattern}\`` : undefined;
}
