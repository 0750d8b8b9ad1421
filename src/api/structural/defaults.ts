import { cloneJson, type JsonObject, type JsonValue } from "../meta/index.ts";
import { isObject, mapItems, mapMembers } from "./copy-on-write.ts";
import type { StructuralNode } from "./schema.ts";

/** The value with the defaults of its schema filled in: also for nulls where null is no value. */
export function applyDefaults<T extends JsonValue>(value: T, node: StructuralNode): T {
  return node.hasDefaults ? (fill(value, node) as T) : value;
}

function fill(value: JsonValue, node: StructuralNode): JsonValue {
  if (!node.hasDefaults) return value;
  if (Array.isArray(value)) {
    const { items } = node;
    return items === undefined ? value : mapItems(value, (item) => fill(ofNull(item, items), items));
  }
  return isObject(value) ? fillObject(value, node) : value;
}

/** A null where null is no value is the default. */
function ofNull(value: JsonValue, node: StructuralNode): JsonValue {
  return value === null && !node.isNullable && node.default !== undefined ? cloneJson(node.default) : value;
}

function fillObject(object: JsonObject, node: StructuralNode): JsonObject {
  const filled = mapMembers(object, (value, key) => {
    const below = node.properties.get(key) ?? node.others;
    return below === undefined ? value : fill(ofNull(value, below), below);
  });
  let result = filled;
  for (const [name, property] of node.properties) {
    if (property.default === undefined || Object.hasOwn(filled, name)) continue;
    if (result === object) result = { ...object };
    result[name] = fill(cloneJson(property.default), property);
  }
  return result;
}

/** The value without nulls of fields that may not be null and have no default: the original takes them as not given. */
export function dropNulls<T extends JsonValue>(value: T, node: StructuralNode): T {
  return drop(value, node) as T;
}

function drop(value: JsonValue, node: StructuralNode): JsonValue {
  if (Array.isArray(value)) {
    const { items } = node;
    return items === undefined ? value : mapItems(value, (item) => drop(item, items));
  }
  if (!isObject(value) || (node.properties.size === 0 && node.others === undefined)) return value;
  return mapMembers(value, (member, key) => {
    const property = node.properties.get(key);
    if (property !== undefined) {
      if (member === null && !property.isNullable && property.default === undefined) return undefined;
      return typeof member === "object" ? drop(member, property) : member;
    }
    return node.others === undefined || typeof member !== "object" ? member : drop(member, node.others);
  });
}
