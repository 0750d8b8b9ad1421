import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { JSONSchemaProps } from "../../types/index.ts";
import { checkSupported } from "../field-checks.ts";

/** How items of a list are told apart: not at all, by their value, or by some of their fields. */
export function checkListType(
  schema: JSONSchemaProps,
  items: JSONSchemaProps | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const typePath = path.child("x-kubernetes-list-type");
  if (listType !== undefined) checkSupported(listType, ["atomic", "map", "set"], typePath, out);
  if (keys.length > 0 && listType !== "map") {
    const detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    out.push(listType === undefined ? fieldError.required(typePath, detail) : invalid(typePath, listType, detail));
  }
  if (listType === "map") checkMap(schema, items, keys, path, out);
  if (listType === "set" && items) checkSetItems(items, path.child("items"), out);
  if ((listType === "map" || listType === "set") && items?.nullable) {
    const detail = `cannot be nullable when x-kubernetes-list-type is ${listType}`;
    out.push(fieldError.forbidden(path.child("items", "nullable"), detail));
  }
}

const invalid = fieldError.invalid;

function checkMap(
  schema: JSONSchemaProps,
  items: JSONSchemaProps | undefined,
  keys: readonly string[],
  path: FieldPath,
  out: FieldError[],
): void {
  const keysPath = path.child("x-kubernetes-list-map-keys");
  const itemsPath = path.child("items");
  if (keys.length === 0) {
    out.push(fieldError.required(keysPath, "must not be empty if x-kubernetes-list-type is map"));
  }
  if (schema.items === undefined) {
    out.push(fieldError.required(itemsPath, "must have a schema if x-kubernetes-list-type is map"));
  }
  if (!items) return;
  if (items.type !== "object") {
    const detail = "must be object if parent array's x-kubernetes-list-type is map";
    out.push(invalid(itemsPath.child("type"), items.type ?? "", detail));
    return;
  }
  for (const [i, key] of keys.entries()) {
    const property = items.properties?.[key];
    if (!property) out.push(invalid(keysPath.index(i), key, "entries must all be names of item properties"));
    else if (property.type === "array" || property.type === "object") {
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      out.push(invalid(itemsPath.child("properties").key(key).child("type"), items.type, detail));
    }
    if (keys.indexOf(key) < i) out.push(fieldError.duplicate(keysPath.index(i), key));
  }
  for (const key of keys) checkKey(items, key, itemsPath.child("properties").key(key), out);
}

/** A key is never absent. */
function checkKey(items: JSONSchemaProps, key: string, path: FieldPath, out: FieldError[]): void {
  const property = items.properties?.[key];
  if (!property) return;
  if (property.default === undefined && !items.required?.includes(key)) {
    const detail =
      "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
    out.push(fieldError.required(path.child("default"), detail));
  }
  if (property.nullable) {
    const detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
    out.push(fieldError.forbidden(path.child("nullable"), detail));
  }
}

function checkSetItems(items: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  const detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const listType = items["x-kubernetes-list-type"];
  if (items.type === "array" && listType !== undefined && listType !== "atomic") {
    out.push(fieldError.forbidden(path.child("x-kubernetes-list-type"), detail));
  }
  if (items.type === "object" && items["x-kubernetes-map-type"] !== "atomic") {
    out.push(fieldError.forbidden(path.child("x-kubernetes-map-type"), detail));
  }
}
