import { library } from "./library.ts";
import { MessageValue } from "./messages.ts";

/**
 * A JSON value as expressions see it: whole numbers are ints. A list or object is converted once, and never changed.
 * @param value may have undefined members, which are not there
 */
export function toCel(value: unknown): unknown {
  switch (typeof value) {
    case "number":
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    case "object":
      break;
    case "undefined":
      return null;
    default:
      return value;
  }
  if (value === null) return null;
  if (Array.isArray(value)) return value.map(toCel);
  const out: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) if (member !== undefined) out[key] = toCel(member);
  return out;
}

/** What an expression has made, as a JSON value. */
export function fromCel(value: unknown): unknown {
  const { Duration, UnsignedInt, Optional } = library();
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value.toISOString().replace(".000Z", "Z");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof UnsignedInt) return Number(value.valueOf());
  if (value instanceof Duration) return value.toString();
  if (value instanceof Optional) return fromCel(value.orValue(null));
  if (value instanceof MessageValue) return fromCel(value.members);
  if (Array.isArray(value) || value instanceof Set) return [...value].map(fromCel);
  const members = value instanceof Map ? value.entries() : Object.entries(value);
  const out: Record<string, unknown> = {};
  for (const [key, member] of members) out[String(key)] = fromCel(member);
  return out;
}

/** Equality as the language has it: across the kinds of numbers, and by content. */
export function celEquals(one: unknown, other: unknown): boolean {
  const a = signed(one);
  const b = signed(other);
  if (a === b) return true;
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b) === 0;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => celEquals(item, b[i]));
  }
  if (a.constructor !== b.constructor) return false;
  if (a instanceof library().Duration) return Number(a) === Number(b);
  if (a instanceof Date) return a.getTime() === Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  const left = a instanceof Map ? a : new Map(Object.entries(a));
  const right = b instanceof Map ? b : new Map(Object.entries(b));
  if (left.size !== right.size) return false;
  for (const [key, member] of left) if (!right.has(key) || !celEquals(member, right.get(key))) return false;
  return true;
}

function signed(value: unknown): unknown {
  return value instanceof library().UnsignedInt ? value.valueOf() : value;
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function compareNumbers(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Orders numbers, strings, booleans, times and what has an order of its own. @throws Error for what has none. */
export function compareValues(a: unknown, b: unknown): number {
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (typeof a === "object" && typeof b === "object" && a !== null && b !== null) {
    return compareNumbers(Number(a), Number(b)); // times and durations are as long as their value
  }
  throw new Error("no such overload");
}
