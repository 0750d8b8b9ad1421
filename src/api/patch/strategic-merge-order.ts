import { errors, type JsonObject, type JsonValue } from "../meta/index.ts";
import type { Shape } from "../schema/index.ts";
import { goPlain, goType } from "./go-format.ts";
import { setField } from "./json-patch.ts";
import { plainFailure } from "./patch-error.ts";
import { fieldMerge, listOfDirective, type MergeObject, orderPrefix } from "./strategic-field.ts";
import { elementsAreObjects, mergeLists, orderByKeys, orderScalars } from "./strategic-merge-list.ts";

import { isObject } from "./typed.ts";

/**
 * Merges the lists that the patch gives an order for with `$setElementOrder/x` into `target`, and returns what is left
 * of the patch. The directive's order comes first, then the order in the patch, then that of the live list.
 */
export function applyElementOrders(
  target: JsonObject,
  patch: JsonObject,
  directives: readonly string[],
  shape: Shape,
  mergeObject: MergeObject,
): JsonObject {
  const rest = { ...patch };
  for (const directive of directives) {
    delete rest[directive];
    const key = listOfDirective(directive, orderPrefix);
    const order = asList(patch[directive]);
    const live = Object.hasOwn(target, key) ? asList(target[key]) : undefined;
    const change = Object.hasOwn(rest, key) ? asList(rest[key]) : undefined;
    const field = fieldMerge(shape, key);
    checkOrder(change ?? [], order, field.mergeKey);
    if (live === undefined && change === undefined) continue;
    let merged: readonly JsonValue[] = live ?? change ?? [];
    if (live !== undefined && change !== undefined) {
      merged = field.strategy === "merge" ? mergeLists(live, change, field, false, mergeObject) : change;
    }
    elementsAreObjects(live ?? [], change ?? []);
    const ordered =
      field.mergeKey === ""
        ? orderScalars(merged, order, live ?? [])
        : orderByKeys(merged, order, live ?? [], field.mergeKey);
    setField(target, key, ordered);
    delete rest[key];
  }
  return rest;
}

function asList(value: JsonValue | undefined): JsonValue[] {
  if (Array.isArray(value)) return value;
  throw plainFailure(`expected a []interface {}, but received a ${goType(value ?? null)}`);
}

/** The items of the patch must all be in the order list, in the same order; deletions need not be. */
function checkOrder(patch: readonly JsonValue[], order: readonly JsonValue[], mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return;
  const items = patch.filter((item) => !isObject(item) || item.$patch === undefined);
  let at = 0;
  for (const place of order) {
    if (at < items.length && sameItem(items[at] ?? null, place, mergeKey)) at++;
  }
  if (at < items.length) {
    throw plainFailure(
      `The order in patch list:\n${goPlain([...patch])}\n doesn't match $setElementOrder list:\n${goPlain([...order])}\n`,
    );
  }
}

function sameItem(a: JsonValue, b: JsonValue, mergeKey: string): boolean {
  if (mergeKey === "") return a === b;
  if (!isObject(a) || !isObject(b)) throw errors.badRequest("invalid patch format of setElementOrder list");
  for (const item of [a, b]) {
    if (item[mergeKey] === undefined) {
      throw plainFailure(`map: ${goPlain(item)} does not contain declared merge key: ${mergeKey}`);
    }
  }
  return a[mergeKey] === b[mergeKey];
}
