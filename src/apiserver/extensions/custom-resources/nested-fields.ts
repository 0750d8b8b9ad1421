import type { JsonObject, JsonValue } from "../../../api/meta/index.ts";

/** The names of a path of dots, as scale subresources and selectable fields have it: `.spec.replicas`. */
export function fieldNames(path: string): readonly string[] {
  return path.replace(/^\./, "").split(".");
}

export function nestedValue(object: JsonObject, names: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  for (const name of names) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

/** A copy with the value set; it shares what did not change. */
export function withNestedValue(object: JsonObject, names: readonly string[], value: JsonValue): JsonObject {
  const [name, ...rest] = names;
  if (name === undefined) return object;
  if (rest.length === 0) return { ...object, [name]: value };
  const inner = object[name];
  const below = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? inner : {};
  return { ...object, [name]: withNestedValue(below, rest, value) };
}
