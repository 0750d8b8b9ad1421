import type { JsonObject, JsonValue } from "../meta/index.ts";
import { goPlain } from "./go-format.ts";
import { inapplicable, plainFailure } from "./patch-error.ts";
import type { FieldMerge, MergeObject } from "./strategic-field.ts";
import { childShape, isObject } from "./typed.ts";

type List = readonly JsonValue[];

/** Merges two lists of a field whose strategy is `merge`; with `isDeletion` the patch lists the scalars to remove. */
export function mergeLists(
  original: List,
  patch: List,
  field: FieldMerge,
  isDeletion: boolean,
  mergeObject: MergeObject,
): JsonValue[] {
  if (original.length === 0 && patch.length === 0) return [];
  if (elementsAreObjects(original, patch)) return mergeObjectLists(original, patch, field, mergeObject);
  if (isDeletion) return original.filter((item) => !patch.includes(item));
  const merged = [...new Set([...original, ...patch])];
  return orderScalars(merged, patch, original);
}

function mergeObjectLists(original: List, patch: List, field: FieldMerge, mergeObject: MergeObject): JsonValue[] {
  const { mergeKey } = field;
  if (mergeKey === "") throw plainFailure("cannot merge lists without merge key for type struct");
  const plain = applyListDirectives(original, patch, mergeKey);
  const merged = [...plain.original];
  for (const item of plain.patch) mergeItem(merged, item as JsonObject, field, mergeObject);
  return orderByKeys(merged, plain.patch, plain.original, mergeKey);
}

/** Takes the items with `$patch` out of the patch and does what they say. */
function applyListDirectives(original: List, patch: List, mergeKey: string): { original: List; patch: List } {
  let kept = original;
  let replace = false;
  const plain: JsonValue[] = [];
  for (const item of patch as readonly JsonObject[]) {
    const directive = item.$patch;
    if (directive === undefined) {
      plain.push(item);
    } else if (directive === "delete") {
      const key = item[mergeKey];
      if (key === undefined) throw missingKey(item, mergeKey);
      kept = kept.filter((other) => !isObject(other) || other[mergeKey] !== key);
    } else if (directive === "replace") {
      replace = true;
    } else if (directive === "merge") {
      throw plainFailure("merging lists cannot yet be specified in the patch");
    } else {
      throw plainFailure(`unknown patch type: ${goPlain(directive)} in map: ${goPlain(item)}`);
    }
  }
  return replace ? { original: plain, patch: [] } : { original: kept, patch: plain };
}

function mergeItem(merged: JsonValue[], item: JsonObject, field: FieldMerge, mergeObject: MergeObject): void {
  const key = item[field.mergeKey];
  if (key === undefined) throw missingKey(item, field.mergeKey);
  const at = merged.findIndex((other) => isObject(other) && other[field.mergeKey] === key);
  const old = merged[at];
  if (!isObject(old)) {
    merged.push(item);
    return;
  }
  const itemShape = field.shape.kind === "list" ? field.shape.items : childShape(field.shape, "");
  merged[at] = mergeObject(old, item, itemShape);
}

/** The items that `order` names in its order, the others in the server's, woven by the server's order. */
export function orderByKeys(merged: List, order: List, serverOrder: List, mergeKey: string): JsonValue[] {
  for (const item of [...merged, ...order]) {
    if (!isObject(item))
      throw plainFailure("expected a map[string]interface {}, but received a list element of another type");
    if (item[mergeKey] === undefined) throw missingKey(item, mergeKey);
  }
  const [inPatch, onServer] = partition(merged, (item) => position(order, item, mergeKey) >= 0);
  return inOrder(inPatch, onServer, order, serverOrder, mergeKey);
}

export function orderScalars(merged: List, order: List, serverOrder: List): JsonValue[] {
  const [inPatch, onServer] = partition(merged, (item) => order.includes(item));
  return inOrder(inPatch, onServer, order, serverOrder, "");
}

function inOrder(inPatch: List, onServer: List, order: List, serverOrder: List, mergeKey: string): JsonValue[] {
  const left = sortedBy(onServer, serverOrder, mergeKey);
  const right = sortedBy(inPatch, order, mergeKey);
  const woven: JsonValue[] = [];
  let i = 0;
  for (const item of right) {
    const limit = position(serverOrder, item, mergeKey);
    // What only the server has stands before the first patch item that follows it on the server.
    for (let next = left[i]; next !== undefined; next = left[++i]) {
      const at = position(serverOrder, next, mergeKey);
      if (at < 0 || limit < 0 || at >= limit) break;
      woven.push(next);
    }
    woven.push(item);
  }
  return [...woven, ...left.slice(i)];
}

function sortedBy(items: List, order: List, mergeKey: string): JsonValue[] {
  return items
    .map((item) => ({ item, at: position(order, item, mergeKey) }))
    .sort((a, b) => (a.at < 0 || b.at < 0 ? 0 : a.at - b.at))
    .map(({ item }) => item);
}

function position(list: List, item: JsonValue, mergeKey: string): number {
  if (mergeKey === "") return list.indexOf(item);
  const key = isObject(item) ? item[mergeKey] : undefined;
  return list.findIndex((other) => isObject(other) && other[mergeKey] === key);
}

function partition(list: List, test: (item: JsonValue) => boolean): [JsonValue[], JsonValue[]] {
  const yes: JsonValue[] = [];
  const no: JsonValue[] = [];
  for (const item of list) (test(item) ? yes : no).push(item);
  return [yes, no];
}

/** Whether the items are objects; all items of both lists must be of one type, and not lists. */
export function elementsAreObjects(...lists: List[]): boolean {
  let type: string | undefined;
  for (const item of lists.flat(1)) {
    if (Array.isArray(item)) throw inapplicable("lists of lists are not supported");
    const own = item === null ? "null" : typeof item;
    if (type !== undefined && own !== type) {
      throw plainFailure(`list element types are not identical: ${goPlain(lists as JsonValue)}`);
    }
    type = own;
  }
  if (type === undefined) throw plainFailure("no elements in any of the given slices");
  return type === "object";
}

function missingKey(item: JsonObject, mergeKey: string): Error {
  return plainFailure(`map: ${goPlain(item)} does not contain declared merge key: ${mergeKey}`);
}
