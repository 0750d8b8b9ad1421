import { errors, type JsonObject, type JsonValue } from "../meta/index.ts";
import type { Shape } from "../schema/index.ts";
import { goPlain } from "./go-format.ts";
import { setField } from "./json-patch.ts";
import { plainFailure } from "./patch-error.ts";
import { deletionPrefix, fieldMerge, listOfDirective, orderPrefix } from "./strategic-field.ts";
import { mergeLists } from "./strategic-merge-list.ts";
import { applyElementOrders } from "./strategic-merge-order.ts";
import { isObject } from "./typed.ts";

const directiveMarker = "$patch";
const retainKeysMarker = "$retainKeys";

/**
 * Applies a strategic merge patch: as a merge patch, but lists merge where the shape says so, and directives replace,
 * delete and order. The result may still hold nulls inside values that were taken over whole; decoding drops them.
 */
export function strategicMergePatch(original: JsonObject, patch: JsonValue, shape: Shape): JsonObject {
  if (!isObject(patch)) {
    const got = Array.isArray(patch) ? "array" : typeof patch === "boolean" ? "bool" : typeof patch;
    throw errors.badRequest(`json: cannot unmarshal ${got} into Go value of type map[string]interface {}`);
  }
  return mergeObject(original, patch, shape);
}

function mergeObject(original: JsonObject, patch: JsonObject, shape: Shape): JsonObject {
  if (Object.hasOwn(patch, directiveMarker)) return applyDirective(patch);
  let target = { ...original };
  let rest = patch;
  if (Object.hasOwn(rest, retainKeysMarker)) {
    rest = without(rest, retainKeysMarker);
    target = retainKeys(target, rest, patch[retainKeysMarker] ?? null);
  }
  const orders = Object.keys(rest).filter((key) => key.startsWith(orderPrefix));
  if (orders.length > 0) rest = applyElementOrders(target, rest, orders, shape, mergeObject);
  for (const [key, value] of Object.entries(rest)) mergeField(target, key, value, shape);
  return target;
}

function applyDirective(patch: JsonObject): JsonObject {
  const directive = patch[directiveMarker] ?? null;
  if (directive === "replace") return without(patch, directiveMarker);
  if (directive === "delete") return {};
  throw plainFailure(`unknown patch type: ${goPlain(directive)} in map: ${goPlain(patch)}`);
}

function without(object: JsonObject, key: string): JsonObject {
  const { [key]: _, ...rest } = object;
  return rest;
}

/** Drops the fields that the directive does not name; the patch itself may only state fields that it names. */
function retainKeys(target: JsonObject, patch: JsonObject, names: JsonValue): JsonObject {
  if (!Array.isArray(names)) throw errors.badRequest("invalid patch format of retainKeys");
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key.startsWith(deletionPrefix) || key.startsWith(orderPrefix)) continue;
    if (!names.includes(key)) throw errors.badRequest("invalid patch format of retainKeys");
  }
  return Object.fromEntries(Object.entries(target).filter(([key]) => names.includes(key)));
}

function mergeField(target: JsonObject, patchKey: string, value: JsonValue, shape: Shape): void {
  const isDeletion = patchKey.startsWith(deletionPrefix);
  const key = isDeletion ? listOfDirective(patchKey, deletionPrefix) : patchKey;
  if (value === null) {
    delete target[key];
    return;
  }
  const old = Object.hasOwn(target, key) ? target[key] : undefined;
  if (isObject(old) && isObject(value)) {
    const { shape: inner, strategy } = fieldMerge(shape, key);
    setField(target, key, strategy === "replace" ? value : mergeObject(old, value, inner));
  } else if (Array.isArray(old) && Array.isArray(value)) {
    const field = fieldMerge(shape, key);
    setField(target, key, field.strategy === "merge" ? mergeLists(old, value, field, isDeletion, mergeObject) : value);
  } else if (!isDeletion) {
    const taken = withoutDirectives(value);
    if (taken === undefined) delete target[key];
    else setField(target, key, taken);
  }
}

/**
 * What is taken over where the original has nothing to merge with: without nulls, and without any object that holds a
 * `$patch` directive, whatever else is in it. Undefined if nothing is left.
 */
function withoutDirectives(value: JsonValue): JsonValue | undefined {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (Object.hasOwn(value, directiveMarker)) return undefined;
  const kept: JsonObject = {};
  for (const [key, field] of Object.entries(value)) {
    const next = field === null ? undefined : withoutDirectives(field);
    if (next !== undefined) setField(kept, key, next);
  }
  return kept;
}
