import type { JsonObject, JsonValue } from "../meta/index.ts";

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Keys come from clients: plain assignment to `__proto__` would be lost. */
function setOwn(object: JsonObject, key: string, value: JsonValue): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** The object with each member as `change` gives it (undefined: left out): itself where nothing differs. */
export function mapMembers(
  object: JsonObject,
  change: (value: JsonValue, key: string) => JsonValue | undefined,
): JsonObject {
  let result: JsonObject | undefined;
  for (const key in object) {
    const value = object[key] as JsonValue;
    const next = change(value, key);
    if (next === value) continue;
    result ??= { ...object };
    if (next === undefined) delete result[key];
    else setOwn(result, key, next);
  }
  return result ?? object;
}

/** The list with each item as `change` gives it: itself where nothing differs. */
export function mapItems(list: JsonValue[], change: (value: JsonValue, index: number) => JsonValue): JsonValue[] {
  let result: JsonValue[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const value = list[i] as JsonValue;
    const next = change(value, i);
    if (next === value) continue;
    result ??= [...list];
    result[i] = next;
  }
  return result ?? list;
}
