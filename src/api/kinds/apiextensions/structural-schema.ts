import type { FieldError, FieldPath } from "../../meta/index.ts";
import { deepEqual, errorMessage, fieldError } from "../../meta/index.ts";
import { re2Problem } from "../../re2/index.ts";
import type { JSONSchemaProps } from "../../types/index.ts";
import { checkComplete } from "./complete-schema.ts";
import { branchFields, isTrue, schemaIn } from "./schema-node.ts";

type Level = "root" | "item" | "field";

/**
 * What makes a schema structural: every field has a type, branches (allOf, anyOf, oneOf, not) say only what values must
 * be, and metadata is left to the server. Errors are sorted, as properties have no order.
 */
export function checkStructural(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  const found: FieldError[] = [];
  checkNode(schema, "root", path, found);
  checkComplete(schema, path, found);
  const sorted = found.map((error) => ({ error, text: errorMessage(error) }));
  sorted.sort((a, b) => (a.text < b.text ? -1 : 1));
  out.push(...sorted.map(({ error }) => error));
}

function checkNode(schema: JSONSchemaProps, level: Level, path: FieldPath, out: FieldError[]): void {
  const items = schemaIn(schema.items);
  if (schema.type === "array" && !items) out.push(fieldError.required(path.child("items"), "must be specified"));
  if (items) checkNode(items, "item", path.child("items"), out);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    checkNode(property, "field", path.child("properties").key(name), out);
  }
  checkAdditional(schema, level, path, out);
  checkIntOrString(schema, path, out);
  checkValues(schema, isIntOrString(schema.anyOf), isIntOrString(schema.allOf?.[0]?.anyOf), path, out);
  checkType(schema, level, path, out);
  checkTypeMeta(schema, level, path, out);
  const isBare = isTrue(schema, "embedded-resource") && !isTrue(schema, "preserve-unknown-fields");
  if (isBare && Object.keys(schema.properties ?? {}).length === 0) {
    const detail =
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
    out.push(fieldError.required(path.child("properties"), detail));
  }
}

function checkAdditional(schema: JSONSchemaProps, level: Level, path: FieldPath, out: FieldError[]): void {
  if (schema.additionalProperties === undefined) return;
  const at = path.child("additionalProperties");
  if (level === "root") out.push(fieldError.forbidden(at, "must not be used at the root"));
  const additional = schemaIn(schema.additionalProperties);
  if (additional) checkNode(additional, "field", at, out);
  if (isTrue(schema, "embedded-resource")) {
    out.push(fieldError.forbidden(at, "must not be used if x-kubernetes-embedded-resource is set"));
  }
}

function checkIntOrString(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  if (!isTrue(schema, "int-or-string")) return;
  for (const extension of ["preserve-unknown-fields", "embedded-resource"] as const) {
    if (!isTrue(schema, extension)) continue;
    const detail = "must be false if x-kubernetes-int-or-string is true";
    out.push(fieldError.invalid(path.child(`x-kubernetes-${extension}`), true, detail));
  }
}

const intOrString: readonly JSONSchemaProps[] = [{ type: "integer" }, { type: "string" }];

/** The one form in which branches may have types. */
function isIntOrString(branches: readonly JSONSchemaProps[] | undefined): boolean {
  return branches !== undefined && deepEqual(branches, intOrString);
}

const emptyTexts: Readonly<Record<Level, string>> = {
  root: "at the root",
  item: "for specified array items",
  field: "for specified object fields",
};

function checkType(schema: JSONSchemaProps, level: Level, path: FieldPath, out: FieldError[]): void {
  const at = path.child("type");
  const { type } = schema;
  if (isTrue(schema, "embedded-resource") && type !== "object") {
    const detail = "must be object if x-kubernetes-embedded-resource is true";
    out.push(type ? fieldError.invalid(at, type, detail) : fieldError.required(at, detail));
  } else if (!type && !isTrue(schema, "int-or-string") && !isTrue(schema, "preserve-unknown-fields")) {
    out.push(fieldError.required(at, `must not be empty ${emptyTexts[level]}`));
  }
  if (level === "root" && type && type !== "object") {
    out.push(fieldError.invalid(at, type, "must be object at the root"));
  }
}

/** apiVersion, kind and metadata are the server's wherever a whole object stands. */
function checkTypeMeta(schema: JSONSchemaProps, level: Level, path: FieldPath, out: FieldError[]): void {
  const isObject = level === "root" || isTrue(schema, "embedded-resource");
  if (!isObject) return;
  const at = path.child("properties");
  for (const name of ["kind", "apiVersion"]) {
    const property = schema.properties?.[name];
    if (property && property.type !== "string") {
      out.push(fieldError.invalid(at.key(name).child("type"), property.type ?? "", "must be string"));
    }
  }
  const metadata = schema.properties?.metadata;
  if (!metadata) return;
  const metadataPath = at.key("metadata");
  if (metadata.type !== "object") {
    out.push(fieldError.invalid(metadataPath.child("type"), metadata.type ?? "", "must be object"));
  }
  if (level === "root" && saysMoreThanName(metadata)) {
    const detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
    out.push(fieldError.forbidden(metadataPath, detail));
  }
}

function saysMoreThanName({ type: _type, default: _default, properties, ...rest }: JSONSchemaProps): boolean {
  const others = Object.keys(properties ?? {}).filter((name) => name !== "name" && name !== "generateName");
  return others.length > 0 || Object.values(rest).some((value) => value !== undefined && value !== false);
}

/** What the schema says of values, and its branches. */
function checkValues(
  schema: JSONSchemaProps,
  skipsAnyOf: boolean,
  skipsFirstAllOf: boolean,
  path: FieldPath,
  out: FieldError[],
): void {
  for (const field of ["anyOf", "allOf", "oneOf"] as const) {
    if (field === "anyOf" && skipsAnyOf) continue;
    for (const [i, branch] of (schema[field] ?? []).entries()) {
      checkBranch(branch, skipsFirstAllOf && field === "allOf" && i === 0, path.child(field).index(i), out);
    }
  }
  if (schema.not) checkBranch(schema.not, false, path.child("not"), out);
  const problem = schema.pattern ? re2Problem(schema.pattern) : undefined;
  if (problem !== undefined) {
    const detail = `must be a valid regular expression, but isn't: ${problem}`;
    out.push(fieldError.invalid(path.child("pattern"), schema.pattern, detail));
  }
}

function checkBranch(schema: JSONSchemaProps, skipsAnyOf: boolean, path: FieldPath, out: FieldError[]): void {
  checkValues(schema, skipsAnyOf, false, path, out);
  const items = schemaIn(schema.items);
  if (items) checkBranch(items, false, path.child("items"), out);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    checkBranch(property, false, path.child("properties").key(name), out);
  }
  for (const [field, detail] of branchFields) {
    const value = schema[field];
    if (value === undefined || value === false || value === "" || (Array.isArray(value) && value.length === 0))
      continue;
    out.push(fieldError.forbidden(path.child(field), detail));
  }
  if (schema.properties?.metadata) {
    const detail = "must not be specified in a nested context";
    out.push(fieldError.forbidden(path.child("properties").key("metadata"), detail));
  }
}
