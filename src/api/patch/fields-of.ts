import type { JsonValue } from "../meta/index.ts";
import type { ListShape, Shape } from "../schema/index.ts";
import { FieldSet } from "./field-set.ts";
import { fieldElement, type PathElement } from "./path-element.ts";
import { childShape, granularity, isBlank, isObject, itemElement } from "./typed.ts";

/**
 * All fields that a configuration states: scalars and atomic values as a whole, entries of maps, items of list maps and
 * sets. Containers that only hold named fields are not among them.
 */
export function fieldsOf(value: JsonValue, shape: Shape): FieldSet {
  return FieldSet.node(false, nodeOf(value, shape).children);
}

function nodeOf(value: JsonValue, shape: Shape): FieldSet {
  switch (granularity(shape, value)) {
    case "leaf":
      return FieldSet.leaf;
    case "fields":
      return isObject(value) ? fieldsNode(value, shape) : FieldSet.empty;
    case "items":
      return Array.isArray(value) ? itemsNode(value, shape as ListShape) : FieldSet.empty;
  }
}

function fieldsNode(object: Readonly<Record<string, JsonValue>>, shape: Shape): FieldSet {
  const children = new Map<PathElement, FieldSet>();
  for (const key in object) {
    const value = object[key];
    if (value === undefined) continue;
    const child = nodeOf(value, childShape(shape, key));
    const isMember = child.isMember || !isNamed(shape, key) || isNullOrEmptyObject(value);
    if (isMember || !child.isEmpty) children.set(fieldElement(key), withMember(child, isMember));
  }
  return FieldSet.node(false, children);
}

/** A field of a struct, as opposed to an entry of a map. */
function isNamed(shape: Shape, key: string): boolean {
  return shape.kind === "object" && shape.fields.has(key);
}

function isNullOrEmptyObject(value: JsonValue): boolean {
  return value === null || (isObject(value) && isBlank(value));
}

function itemsNode(list: readonly JsonValue[], shape: ListShape): FieldSet {
  const children = new Map<PathElement, FieldSet>();
  for (const item of list) {
    const element = itemElement(shape, item);
    // Items that share their key cannot be told apart: together they are one leaf.
    if (children.has(element)) children.set(element, FieldSet.leaf);
    else children.set(element, withMember(nodeOf(item, shape.items), true));
  }
  return FieldSet.node(false, children);
}

export function withMember(node: FieldSet, isMember: boolean): FieldSet {
  return node.isMember === isMember ? node : FieldSet.node(isMember, node.children);
}
