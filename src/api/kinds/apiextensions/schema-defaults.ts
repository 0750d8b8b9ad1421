import type { FieldError, FieldPath, JsonValue } from "../../meta/index.ts";
import { deepEqual, fieldError } from "../../meta/index.ts";
import type { JSONSchemaProps } from "../../types/index.ts";
import { schemaIn } from "./schema-node.ts";

/** Whether the defaults of a schema are values of it. */
export function checkDefaults(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  if (schema.default !== undefined) checkValue(schema.default, schema, path.child("default"), out);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    checkDefaults(property, path.child("properties").key(name), out);
  }
  const items = schemaIn(schema.items);
  if (items) checkDefaults(items, path.child("items"), out);
  const additional = schemaIn(schema.additionalProperties);
  if (additional) checkDefaults(additional, path.child("additionalProperties"), out);
}

function checkValue(value: JsonValue, schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  if (value === null && schema.nullable) return;
  const actual = typeOf(value);
  if (!isOfType(actual, schema)) {
    const detail = ` in body must be of type ${schema.type}: "${actual}"`;
    out.push(fieldError.typeInvalid(path, actual, detail));
    return;
  }
  if (typeof value === "number") checkNumber(value, schema, path, out);
  if (typeof value === "string") checkString(value, schema, path, out);
  if (schema.enum && !schema.enum.some((allowed) => deepEqual(allowed, value))) {
    out.push(
      fieldError.notSupported(
        path,
        value,
        schema.enum.map((allowed) => String(allowed)),
      ),
    );
  }
  if (Array.isArray(value)) checkArray(value, schema, path, out);
  else if (typeof value === "object" && value !== null) checkObject(value, schema, path, out);
}

function typeOf(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function isOfType(actual: string, schema: JSONSchemaProps): boolean {
  if (schema["x-kubernetes-int-or-string"]) return actual === "integer" || actual === "string";
  if (!schema.type) return true;
  return actual === schema.type || (schema.type === "number" && actual === "integer");
}

function checkNumber(value: number, schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const wrong = (detail: string) => out.push(fieldError.invalid(path, value, ` in body should be ${detail}`));
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    wrong(exclusiveMinimum ? `greater than ${minimum}` : `greater than or equal to ${minimum}`);
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    wrong(exclusiveMaximum ? `less than ${maximum}` : `less than or equal to ${maximum}`);
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) wrong(`a multiple of ${multipleOf}`);
}

function checkString(value: string, schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  const { minLength, maxLength, pattern } = schema;
  const length = [...value].length;
  if (minLength !== undefined && length < minLength) {
    out.push(fieldError.invalid(path, value, ` in body should be at least ${minLength} chars long`));
  }
  if (maxLength !== undefined && length > maxLength) out.push(fieldError.tooLong(path, value, maxLength));
  if (pattern !== undefined && isPattern(pattern) && !new RegExp(pattern, "u").test(value)) {
    out.push(fieldError.invalid(path, value, ` in body should match '${pattern}'`));
  }
}

/** Patterns are Go's: one that is not JavaScript's is not judged. */
function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
}

function checkArray(value: readonly JsonValue[], schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  const { minItems, maxItems } = schema;
  if (minItems !== undefined && value.length < minItems) {
    out.push(fieldError.invalid(path, value.length, ` in body should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && value.length > maxItems) out.push(fieldError.tooMany(path, value.length, maxItems));
  const items = schemaIn(schema.items);
  if (items) for (const [i, item] of value.entries()) checkValue(item, items, path.index(i), out);
}

function checkObject(
  value: Readonly<Record<string, JsonValue>>,
  schema: JSONSchemaProps,
  path: FieldPath,
  out: FieldError[],
): void {
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) out.push(fieldError.required(path.child(name), ""));
  }
  const additional = schemaIn(schema.additionalProperties);
  for (const [name, item] of Object.entries(value)) {
    const property = schema.properties?.[name] ?? additional;
    if (property) checkValue(item, property, path.child(name), out);
  }
}
