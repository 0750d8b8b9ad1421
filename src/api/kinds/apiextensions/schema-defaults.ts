import type { FieldError, FieldPath } from "../../meta/index.ts";
import { compileValidator } from "../../structural/index.ts";
import type { JSONSchemaProps } from "../../types/index.ts";
import { schemaIn } from "./schema-node.ts";

/** Whether the defaults of a schema are values of it. */
export function checkDefaults(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  if (schema.default !== undefined) {
    out.push(...compileValidator(schema).check(schema.default, undefined, path.child("default")));
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    checkDefaults(property, path.child("properties").key(name), out);
  }
  const items = schemaIn(schema.items);
  if (items) checkDefaults(items, path.child("items"), out);
  const additional = schemaIn(schema.additionalProperties);
  if (additional) checkDefaults(additional, path.child("additionalProperties"), out);
}
