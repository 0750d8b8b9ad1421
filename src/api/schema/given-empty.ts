import type { JsonObject, JsonValue } from "../meta/index.ts";

/**
 * Lists and maps that a client gave empty and that are not stored: Go tells them from absent ones until it writes them,
 * and so do messages. By the decoded object that would hold them.
 */
const dropped = new WeakMap<object, JsonObject>();

export function rememberEmpty(holder: object, fields: JsonObject): void {
  dropped.set(holder, fields);
}

/** A field's value as Go has it: `[]` or `{}` where the client said so, null where it said nothing. */
export function givenValue<T extends object>(holder: T | null | undefined, field: keyof T & string): JsonValue {
  if (holder === null || holder === undefined) return null;
  return ((holder[field] ?? dropped.get(holder)?.[field]) as JsonValue | undefined) ?? null;
}
