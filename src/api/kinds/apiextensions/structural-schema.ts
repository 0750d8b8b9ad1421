import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { JSONSchemaProps } from "../../types/index.ts";
import { checkSupported } from "../field-checks.ts";
import { schemaIn } from "./schema-node.ts";

/**
 * What makes a schema structural: every field has a type, nothing is said twice, and what JSON schema has beyond that
 * is left out.
 */
export function checkStructural(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  if (!schema.type) out.push(fieldError.required(path.child("type"), "must not be empty at the root"));
  else if (schema.type !== "object") {
    out.push(fieldError.invalid(path.child("type"), schema.type, "must be object at the root"));
  }
  checkNode(schema, path, out);
}

const forbidden = ["$ref", "definitions", "dependencies", "id", "patternProperties", "additionalItems"] as const;

function checkNode(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  for (const field of forbidden) {
    if (schema[field] !== undefined) out.push(fieldError.forbidden(path.child(field), `${field} is not supported`));
  }
  if (schema.uniqueItems) {
    const detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    out.push(fieldError.forbidden(path.child("uniqueItems"), detail));
  }
  checkExtensions(schema, path, out);
  checkChildren(schema, path, out);
  for (const field of ["allOf", "anyOf", "oneOf"] as const) {
    for (const [i, branch] of (schema[field] ?? []).entries()) {
      checkBranch(branch, Boolean(schema["x-kubernetes-int-or-string"]), path.child(field).index(i), out);
    }
  }
  if (schema.not) checkBranch(schema.not, false, path.child("not"), out);
}

function checkChildren(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  const properties = Object.entries(schema.properties ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, property] of properties) {
    const at = path.child("properties").key(name);
    checkTyped(property, "object fields", at, out);
    checkNode(property, at, out);
  }
  checkItems(schema, path, out);
  checkAdditional(schema, path, out);
}

function checkItems(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  const at = path.child("items");
  if (Array.isArray(schema.items)) {
    out.push(fieldError.forbidden(at, "items must be a schema object and not an array"));
  } else if (schema.type === "array" && schema.items === undefined) {
    out.push(fieldError.required(at, "must be specified"));
  }
  const items = schemaIn(schema.items);
  if (!items) return;
  checkTyped(items, "array items", at, out);
  checkNode(items, at, out);
}

function checkAdditional(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  const at = path.child("additionalProperties");
  const { additionalProperties } = schema;
  if (additionalProperties === undefined) return;
  if (Object.keys(schema.properties ?? {}).length > 0) {
    out.push(fieldError.forbidden(at, "additionalProperties and properties are mutual exclusive"));
  }
  if (additionalProperties === false) {
    out.push(fieldError.forbidden(at, "additionalProperties cannot be set to false"));
  }
  const additional = schemaIn(additionalProperties);
  if (!additional) return;
  checkTyped(additional, "object fields", at, out);
  checkNode(additional, at, out);
}

function checkTyped(schema: JSONSchemaProps, what: string, path: FieldPath, out: FieldError[]): void {
  if (schema.type || schema["x-kubernetes-int-or-string"] || schema["x-kubernetes-preserve-unknown-fields"]) return;
  out.push(fieldError.required(path.child("type"), `must not be empty for specified ${what}`));
}

function checkExtensions(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    out.push(
      fieldError.invalid(path.child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined"),
    );
  }
  if (schema["x-kubernetes-int-or-string"] && schema.type) {
    const detail = "must be empty if x-kubernetes-int-or-string is true";
    out.push(fieldError.invalid(path.child("type"), schema.type, detail));
  }
  if (schema["x-kubernetes-embedded-resource"] && schema.type !== "object") {
    const detail = "must be object if x-kubernetes-embedded-resource is true";
    out.push(fieldError.invalid(path.child("type"), schema.type ?? "", detail));
  }
  checkListType(schema, path, out);
  const mapType = schema["x-kubernetes-map-type"];
  if (mapType !== undefined) {
    checkSupported(mapType, ["atomic", "granular"], path.child("x-kubernetes-map-type"), out);
  }
  for (const [i, { rule, message }] of (schema["x-kubernetes-validations"] ?? []).entries()) {
    const at = path.child("x-kubernetes-validations").index(i);
    if ((rule ?? "").trim() === "") out.push(fieldError.required(at.child("rule"), "rule is not specified"));
    if (message && message.trim() === "") {
      out.push(fieldError.invalid(at.child("message"), message, "message must be non-empty if specified"));
    } else if (/[\r\n]/.test((message ?? "").trim())) {
      out.push(fieldError.invalid(at.child("message"), message, "message must not contain line breaks"));
    }
  }
}

function checkListType(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const keysPath = path.child("x-kubernetes-list-map-keys");
  if (listType !== undefined) {
    checkSupported(listType, ["atomic", "map", "set"], path.child("x-kubernetes-list-type"), out);
    if (schema.type !== "array") {
      const detail = "must be array if x-kubernetes-list-type is specified";
      out.push(fieldError.invalid(path.child("type"), schema.type ?? "", detail));
    }
  }
  if (listType === "map") checkMapKeys(schema, keys, path, keysPath, out);
  else if (keys.length > 0) {
    const detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    out.push(fieldError.invalid(path.child("x-kubernetes-list-type"), listType ?? "", detail));
  }
}

function checkMapKeys(
  schema: JSONSchemaProps,
  keys: readonly string[],
  path: FieldPath,
  keysPath: FieldPath,
  out: FieldError[],
): void {
  if (keys.length === 0) {
    out.push(fieldError.required(keysPath, "must not be empty if x-kubernetes-list-type is map"));
  }
  const properties = schemaIn(schema.items)?.properties ?? {};
  for (const [i, key] of keys.entries()) {
    if (Object.hasOwn(properties, key)) continue;
    const detail = "entries must all be names of item properties";
    out.push(fieldError.invalid(keysPath.index(i), key, detail));
  }
  const required = schemaIn(schema.items)?.required ?? [];
  for (const key of keys) {
    const property = properties[key];
    if (!property || property.default !== undefined || required.includes(key)) continue;
    const at = path.child("items", "properties").key(key).child("default");
    const detail =
      "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
    out.push(fieldError.required(at, detail));
  }
}

const onlyOutside = ["type", "description", "title", "default", "nullable"] as const;

/** Branches say what values must be, never what fields there are. */
function checkBranch(schema: JSONSchemaProps, mayHaveType: boolean, path: FieldPath, out: FieldError[]): void {
  for (const field of onlyOutside) {
    const value = schema[field];
    if (value === undefined || value === false || (field === "type" && mayHaveType)) continue;
    out.push(fieldError.forbidden(path.child(field), "must be empty to be structural"));
  }
  if (schema.additionalProperties !== undefined) {
    out.push(fieldError.forbidden(path.child("additionalProperties"), "must be undefined to be structural"));
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    checkBranch(property, false, path.child("properties").key(name), out);
  }
  const items = schemaIn(schema.items);
  if (items) checkBranch(items, false, path.child("items"), out);
}

const types = ["array", "boolean", "integer", "number", "object", "string"];

/** The types of a schema and all below it. */
export function checkTypes(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  if (schema.type && !types.includes(schema.type)) {
    out.push(fieldError.notSupported(path.child("type"), schema.type, types));
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    checkTypes(property, path.child("properties").key(name), out);
  }
  const items = schemaIn(schema.items);
  if (items) checkTypes(items, path.child("items"), out);
  const additional = schemaIn(schema.additionalProperties);
  if (additional) checkTypes(additional, path.child("additionalProperties"), out);
}
