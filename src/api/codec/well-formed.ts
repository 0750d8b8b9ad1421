import type { JsonValue } from "../meta/index.ts";

/** The value with U+FFFD for every half of a surrogate pair, as Go's decoder has it: such text has no UTF-8 form. */
export function wellFormed(value: JsonValue): JsonValue {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name.toWellFormed(), wellFormed(field)]));
}
