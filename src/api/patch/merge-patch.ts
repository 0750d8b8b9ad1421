import { errors, type JsonObject, type JsonValue } from "../meta/index.ts";
import { setField } from "./json-patch.ts";
import { isObject } from "./typed.ts";

/**
 * Applies a JSON merge patch (RFC 7386): null removes, objects merge, all else replaces. A patch of an object must be
 * an object: 400 otherwise.
 */
export function mergePatch(document: JsonObject, patch: JsonValue): JsonObject {
  if (!isObject(patch)) {
    if (patch === null) throw errors.badRequest("Invalid JSON Patch");
    const got = Array.isArray(patch) ? "array" : typeof patch === "boolean" ? "bool" : typeof patch;
    throw errors.badRequest(
      `error decoding patch: json: cannot unmarshal ${got} into Go value of type map[string]interface {}`,
    );
  }
  return mergeObjects(document, patch);
}

function mergeObjects(target: JsonObject, patch: JsonObject): JsonObject {
  let result = target;
  const edit = (): JsonObject => {
    if (result === target) result = { ...target };
    return result;
  };
  for (const [key, value] of Object.entries(patch)) {
    const present = Object.hasOwn(target, key);
    if (value === null) {
      if (present) delete edit()[key];
      continue;
    }
    const old = present ? target[key] : undefined;
    const next = merged(old, value);
    if (next !== old) setField(edit(), key, next);
  }
  return result;
}

function merged(old: JsonValue | undefined, value: JsonValue): JsonValue {
  if (!isObject(old)) return withoutNulls(value);
  // Like the original's library, what is put in an object's place and is none is taken as it comes, nulls and all.
  return isObject(value) ? mergeObjects(old, value) : value;
}

/** What is new has nothing that a null could remove. Items of lists are values, but objects in them lose nulls too. */
function withoutNulls(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(withoutNulls);
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  let result = value;
  for (const [key, field] of Object.entries(value)) {
    const next = field === null ? undefined : withoutNulls(field);
    if (next === field) continue;
    if (result === value) result = { ...value };
    if (next === undefined) delete result[key];
    else setField(result, key, next);
  }
  return result;
}
