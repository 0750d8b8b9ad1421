import { deepEqual, type JsonObject, type JsonValue } from "../meta/index.ts";
import type { ListShape, Shape } from "../schema/index.ts";
import { FieldSet } from "./field-set.ts";
import { withMember } from "./fields-of.ts";
import { fieldElement, type PathElement } from "./path-element.ts";
import { changesForm, childShape, granularity, granularityOfBoth, isBlank, isObject, itemElement } from "./typed.ts";

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

const same: Comparison = { added: FieldSet.empty, modified: FieldSet.empty, removed: FieldSet.empty };

/**
 * What changed from one value to the next; no field is in more than one of the three sets, but for what became an object
 * or ceased to be one: it went and came.
 */
export function compare(old: JsonValue, next: JsonValue, shape: Shape): Comparison {
  const result = compareBoth(old, next, shape);
  if (result === undefined) return same;
  return { added: root(result.added), modified: root(result.modified), removed: root(result.removed) };
}

export function isSame(comparison: Comparison): boolean {
  return comparison.added.isEmpty && comparison.modified.isEmpty && comparison.removed.isEmpty;
}

function root(node: FieldSet): FieldSet {
  return withMember(node, false);
}

/** Undefined where nothing changed. A value that is absent is undefined, which is not the same as null. */
function compareValues(old: JsonValue | undefined, next: JsonValue | undefined, shape: Shape): Comparison | undefined {
  if (old === next) return undefined;
  if (old === undefined) return next === undefined ? undefined : { ...same, added: wholeValue(next, shape) };
  if (next === undefined) return { ...same, removed: wholeValue(old, shape) };
  return compareBoth(old, next, shape);
}

function compareBoth(old: JsonValue, next: JsonValue, shape: Shape): Comparison | undefined {
  if (old === next) return undefined;
  if (changesForm(shape, old, next)) {
    return { added: wholeValue(next, shape), modified: FieldSet.empty, removed: wholeValue(old, shape) };
  }
  const kind = granularityOfBoth(shape, old, next);
  // Two values without content are compared as they are, to tell null from empty.
  if (kind === "leaf" || (isBlank(old) && isBlank(next))) {
    return deepEqual(old, next) ? undefined : { ...same, modified: FieldSet.leaf };
  }
  if (kind === "fields") return compareFields(isObject(old) ? old : {}, isObject(next) ? next : {}, shape);
  return compareItems(Array.isArray(old) ? old : [], Array.isArray(next) ? next : [], shape as ListShape);
}

/** All of a value that is there on one side only: its fields and the containers that hold them. */
function wholeValue(value: JsonValue, shape: Shape): FieldSet {
  const kind = granularity(shape, value);
  if (kind === "leaf" || isBlank(value)) return FieldSet.leaf;
  if (kind === "fields") {
    if (!isObject(value)) return FieldSet.leaf;
    const nodes = FieldSet.prefixes;
    let prefix = nodes.start();
    for (const key in value) {
      const child = value[key];
      if (child !== undefined) {
        prefix = nodes.after(prefix, fieldElement(key), wholeValue(child, childShape(shape, key)));
      }
    }
    return FieldSet.ofPrefix(prefix, true);
  }
  return FieldSet.node(true, wholeItems(Array.isArray(value) ? value : [], shape as ListShape));
}

function wholeItems(items: readonly JsonValue[], list: ListShape): Map<PathElement, FieldSet> {
  const children = new Map<PathElement, FieldSet>();
  for (const item of items) {
    const element = itemElement(list, item);
    children.set(element, children.has(element) ? FieldSet.leaf : wholeValue(item, list.items));
  }
  return children;
}

/** Keys come from clients: one of them may be that of what all objects inherit. */
function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function compareFields(old: JsonObject, next: JsonObject, shape: Shape): Comparison | undefined {
  const changes = new Changes();
  for (const key in next) {
    const before = own(old, key);
    const after = next[key];
    if (before !== after) changes.add(fieldElement, key, compareValues(before, after, childShape(shape, key)));
  }
  for (const key in old) {
    if (own(next, key) === undefined)
      changes.add(fieldElement, key, compareValues(old[key], undefined, childShape(shape, key)));
  }
  return changes.result();
}

function compareItems(old: readonly JsonValue[], next: readonly JsonValue[], list: ListShape): Comparison | undefined {
  if (old.length === 0) {
    return next.length === 0 ? undefined : { ...same, added: FieldSet.node(false, wholeItems(next, list)) };
  }
  const before = itemsByElement(old, list);
  const after = itemsByElement(next, list);
  const changes = new Changes();
  for (const element of before.keys()) {
    if (!after.has(element)) after.set(element, []);
  }
  for (const [element, items] of after) {
    changes.add(identity, element, compareSameKey(before.get(element) ?? [], items, list));
  }
  return changes.result();
}

function identity(element: PathElement): PathElement {
  return element;
}

function itemsByElement(items: readonly JsonValue[], list: ListShape): Map<PathElement, JsonValue[]> {
  const map = new Map<PathElement, JsonValue[]>();
  for (const item of items) {
    const element = itemElement(list, item);
    const known = map.get(element);
    if (known === undefined) map.set(element, [item]);
    else known.push(item);
  }
  return map;
}

/** Items that share their key are one leaf, which comes and goes as a whole. */
function compareSameKey(old: JsonValue[], next: JsonValue[], list: ListShape): Comparison | undefined {
  if (old.length <= 1 && next.length <= 1) return compareValues(old[0], next[0], list.items);
  if (old.length >= 2 && next.length >= 2) {
    return deepEqual(old, next) ? undefined : { ...same, modified: FieldSet.leaf };
  }
  if (old.length >= 2) {
    const added = next[0] === undefined ? FieldSet.empty : wholeValue(next[0], list.items);
    return { ...same, added, removed: FieldSet.leaf };
  }
  const removed = old[0] === undefined ? FieldSet.empty : wholeValue(old[0], list.items);
  return { ...same, added: FieldSet.leaf, removed };
}

/** Gathers the changes below one container. */
class Changes {
  #added: Map<PathElement, FieldSet> | undefined;
  #modified: Map<PathElement, FieldSet> | undefined;
  #removed: Map<PathElement, FieldSet> | undefined;

  /** The step's text is only made for what changed. */
  add(toElement: (key: string) => PathElement, key: string, change: Comparison | undefined): void {
    if (change === undefined) return;
    const element = toElement(key);
    if (!change.added.isEmpty) this.#added = (this.#added ?? new Map()).set(element, change.added);
    if (!change.modified.isEmpty) this.#modified = (this.#modified ?? new Map()).set(element, change.modified);
    if (!change.removed.isEmpty) this.#removed = (this.#removed ?? new Map()).set(element, change.removed);
  }

  result(): Comparison | undefined {
    if (this.#added === undefined && this.#modified === undefined && this.#removed === undefined) return undefined;
    return {
      added: FieldSet.node(false, this.#added),
      modified: FieldSet.node(false, this.#modified),
      removed: FieldSet.node(false, this.#removed),
    };
  }
}
