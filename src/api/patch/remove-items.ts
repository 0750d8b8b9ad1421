import type { JsonObject, JsonValue } from "../meta/index.ts";
import type { ListShape, Shape } from "../schema/index.ts";
import { FieldSet } from "./field-set.ts";
import { withMember } from "./fields-of.ts";
import { setField } from "./json-patch.ts";
import { fieldElement, type PathElement } from "./path-element.ts";
import { childShape, granularity, isObject, itemElement } from "./typed.ts";

/** Takes fields and items out of a value, with all that is below them. A container that gets empty becomes null. */
export function removeItems(value: JsonValue, items: FieldSet, shape: Shape): JsonValue {
  if (items.children === undefined) return value;
  const kind = granularity(shape, value);
  if (kind === "fields" && isObject(value)) return removeFields(value, items, shape);
  if (kind === "items" && Array.isArray(value)) return removeFromList(value, items, shape as ListShape);
  return value;
}

function removeFields(object: JsonObject, items: FieldSet, shape: Shape): JsonValue {
  let result = object;
  for (const key in object) {
    const value = object[key];
    const node = items.children?.get(fieldElement(key));
    if (node === undefined || value === undefined) continue;
    const rest = node.isMember ? undefined : removeItems(value, node, childShape(shape, key));
    if (rest === value) continue;
    if (result === object) result = { ...object };
    if (rest === undefined) delete result[key];
    else setField(result, key, rest);
  }
  return result !== object && Object.keys(result).length === 0 ? null : result;
}

function removeFromList(list: readonly JsonValue[], items: FieldSet, shape: ListShape): JsonValue {
  let changed = false;
  const kept: JsonValue[] = [];
  for (const item of list) {
    const node = items.children?.get(itemElement(shape, item));
    if (node?.isMember === true) {
      changed = true;
      continue;
    }
    const rest = node === undefined ? item : removeItems(item, node, shape.items);
    if (rest !== item) changed = true;
    kept.push(rest);
  }
  if (!changed) return list as JsonValue;
  return kept.length === 0 ? null : kept;
}

/** Adds the struct fields that lead to a member: who owns `spec.replicas` has a stake in `spec`. */
export function withNamedFields(set: FieldSet, shape: Shape): FieldSet {
  if (set.children === undefined) return set;
  let children: Map<PathElement, FieldSet> | undefined;
  for (const [element, child] of set.children) {
    const isField = element.startsWith("f:");
    const name = element.slice(2);
    const isNamed = isField && shape.kind === "object" && shape.fields.has(name);
    const inner = isField ? childShape(shape, name) : shape.kind === "list" ? shape.items : childShape(shape, "");
    const next = withMember(withNamedFields(child, inner), child.isMember || isNamed);
    if (next === child) continue;
    children ??= new Map(set.children);
    children.set(element, next);
  }
  return children === undefined ? set : FieldSet.node(set.isMember, children);
}
