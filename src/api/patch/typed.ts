import type { JsonObject, JsonValue } from "../meta/index.ts";
import type { ListShape, Shape } from "../schema/index.ts";
import { keyElement, type PathElement, valueElement } from "./path-element.ts";

/** A value that does not fit its shape so far that its fields cannot be told apart. Never leaves this folder. */
export class TypedError extends Error {}

/** A field without a known shape: owned whole. */
const unknown: Shape = { kind: "any", form: "json" };

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The shape of a field of a struct or of a value of a map. */
export function childShape(shape: Shape, key: string): Shape {
  if (shape.kind === "map") return shape.values;
  if (isDeduced(shape)) return shape;
  return (shape.kind === "object" ? (shape.fields.get(key)?.shape ?? shape.rest) : undefined) ?? unknown;
}

function isDeduced(shape: Shape): boolean {
  return shape.kind === "any" && shape.form === "deduced";
}

/** How server-side apply sees a value: `leaf` is owned whole, the others field by field or item by item. */
export type Granularity = "leaf" | "fields" | "items";

/** @param value where the shape does not say what it holds, the value does */
export function granularity(shape: Shape, value: JsonValue | undefined): Granularity {
  switch (shape.kind) {
    case "object":
    case "map":
      return shape.atomic === true ? "leaf" : "fields";
    case "list":
      return shape.listType === "atomic" ? "leaf" : "items";
    case "any":
      return isDeduced(shape) && isObject(value) ? "fields" : "leaf";
    case "scalar":
      return "leaf";
  }
}

/** As granularity, for what is to become another value. */
export function granularityOfBoth(shape: Shape, a: JsonValue, b: JsonValue): Granularity {
  return isDeduced(shape) && !isObject(b) ? "leaf" : granularity(shape, a);
}

/** Whether an object takes the place of what was none, or the other way round, where the shape leaves that open. */
export function changesForm(shape: Shape, a: JsonValue, b: JsonValue): boolean {
  return isDeduced(shape) && a !== null && b !== null && isObject(a) !== isObject(b);
}

/** No value, null, or a list or an object without content. */
export function isBlank(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

/** What items of a list map are told apart by. */
interface ItemKeys {
  /** Sorted. */
  readonly names: readonly string[];
  /** Steps to items whose only key is a text, by that text: the same names come again and again. */
  readonly elements: Map<string, PathElement>;
}

const itemKeys = new WeakMap<ListShape, ItemKeys>();
/** Keys are the users' choice. */
const elementsMax = 4096;

function keysOf(list: ListShape): ItemKeys {
  let keys = itemKeys.get(list);
  if (keys === undefined) {
    keys = { names: [...(list.mapKeys ?? [])].sort(), elements: new Map() };
    itemKeys.set(list, keys);
  }
  return keys;
}

/** The step that leads to an item of a set or of a list map; throws TypedError if the item lacks a key. */
export function itemElement(list: ListShape, item: JsonValue): PathElement {
  if (list.listType === "map") return mapItemElement(list, item);
  if (Array.isArray(item)) throw new TypedError("not supported: associative list with lists as elements");
  if (item === null) throw new TypedError("associative list without keys has an element that's an explicit null");
  if (typeof item === "object") {
    throw new TypedError("associative list without keys has an element that's a map type");
  }
  return valueElement(item);
}

function mapItemElement(list: ListShape, item: JsonValue): PathElement {
  if (item === null) throw new TypedError("associative list with keys may not have a null element");
  if (!isObject(item)) throw new TypedError("associative list with keys may not have non-map elements");
  const { names, elements } = keysOf(list);
  const only = names.length === 1 ? item[names[0] ?? ""] : undefined;
  const known = typeof only === "string" ? elements.get(only) : undefined;
  if (known !== undefined) return known;
  const values = names.map((name) => {
    const value = item[name] ?? list.keyDefaults?.[name];
    if (value !== undefined) return value;
    if (item[name] === null) return null;
    throw new TypedError(
      `associative list with keys has an element that omits key field ${JSON.stringify(name)} (and doesn't have default value)`,
    );
  });
  const element = keyElement(names, values);
  if (typeof only === "string" && elements.size < elementsMax) elements.set(only, element);
  return element;
}

/**
 * What the original's empty struct of this shape looks like: fields that are always written, with their zero values.
 * A new object is compared with it, so that a container that is always there is owned by nobody.
 */
export function zeroValue(shape: Shape): JsonValue {
  if (shape.kind === "object") return zeroObject(shape);
  if (shape.kind !== "scalar") return null;
  switch (shape.scalar) {
    case "string":
      return "";
    case "boolean":
      return false;
    case "int32":
    case "int64":
    case "number":
    case "intOrString":
      return 0;
    case "quantity":
      return "0";
    case "bytes":
    case "time":
    case "microTime":
      return null;
    case "duration":
      return "0s";
  }
}

const zeroObjects = new WeakMap<Shape, JsonObject>();

export function zeroObject(shape: Shape): JsonObject {
  let zero = zeroObjects.get(shape);
  if (zero !== undefined) return zero;
  zero = {};
  zeroObjects.set(shape, zero);
  if (shape.kind !== "object") return zero;
  for (const field of shape.fields.values()) {
    if (field.always === true) zero[field.name] = zeroValue(field.shape);
  }
  return zero;
}
