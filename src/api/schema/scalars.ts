import { canonicalQuantity, type JsonValue } from "../meta/index.ts";
import { DecodeFailure, typeMismatch } from "./failure.ts";
import type { Scalar, ScalarShape } from "./shape.ts";
import { normalTime } from "./time-text.ts";
import type { Trail } from "./trail.ts";

/** Checks a value that is not null and gives it in its stored form. */
export type DecodeScalar = (value: JsonValue, trail: Trail) => JsonValue;

const int32Max = 2 ** 31 - 1;
const int32Min = -(2 ** 31);
const int64Limit = 2 ** 63;

export const scalarDecoders: Readonly<Record<Scalar, DecodeScalar>> = {
  string: (value, trail) => (typeof value === "string" ? value : typeMismatch(value, scalar("string"), trail)),
  boolean: (value, trail) => (typeof value === "boolean" ? value : typeMismatch(value, scalar("boolean"), trail)),
  int32: (value, trail) => {
    const fits = typeof value === "number" && Number.isInteger(value) && value <= int32Max && value >= int32Min;
    return fits ? value : wrongNumber(value, "int32", trail);
  },
  int64: (value, trail) => {
    const fits = typeof value === "number" && Number.isInteger(value) && value < int64Limit && value >= -int64Limit;
    return fits ? value : wrongNumber(value, "int64", trail);
  },
  // Protobuf has numbers that JSON has not.
  number: (value, trail) =>
    typeof value === "number" && Number.isFinite(value) ? value : wrongNumber(value, "number", trail),
  bytes: (value, trail) =>
    typeof value === "string" ? checkedBase64(value) : typeMismatch(value, scalar("bytes"), trail),
  intOrString: (value, trail) => (typeof value === "string" ? value : scalarDecoders.int32(value, trail)),
  quantity: (value) => decodeQuantity(value),
  time: (value, trail) => decodeTime(value, "time", trail),
  microTime: (value, trail) => decodeTime(value, "microTime", trail),
  duration: (value, trail) => (typeof value === "string" ? value : typeMismatch(value, scalar("duration"), trail)),
};

function scalar(name: Scalar): ScalarShape {
  return { kind: "scalar", scalar: name };
}

function wrongNumber(value: JsonValue, name: "int32" | "int64" | "number", trail: Trail): never {
  return typeMismatch(value, scalar(name), trail, typeof value === "number");
}

function decodeQuantity(value: JsonValue): JsonValue {
  // The original reads the raw JSON, so that a number is a quantity, and anything else fails as a malformed text.
  const text = typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value);
  try {
    return canonicalQuantity(text);
  } catch (err) {
    throw new DecodeFailure((err as Error).message);
  }
}

function decodeTime(value: JsonValue, name: "time" | "microTime", trail: Trail): JsonValue {
  if (typeof value !== "string") return typeMismatch(value, scalar(name), trail);
  return normalTime(value, name === "microTime");
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Go skips line ends in base64 and stores bytes, which it writes without them. */
function checkedBase64(text: string): string {
  const compact = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, "") : text;
  if (base64.test(compact)) return compact;
  throw new DecodeFailure(`illegal base64 data at input byte ${firstIllegalByte(text)}`);
}

function firstIllegalByte(text: string): number {
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === "\n" || c === "\r") continue;
    if (c === "=") return illegalPadding(text, i, digits % 4);
    if (!/[A-Za-z0-9+/]/.test(c)) return i;
    digits++;
  }
  // The text ends inside a group of four: Go points at the start of what is left over.
  return text.length - (digits % 4);
}

/** The first byte that is wrong when padding starts at `at`, after `inGroup` digits of a group. */
function illegalPadding(text: string, at: number, inGroup: number): number {
  if (inGroup < 2) return at;
  let end = at + 1;
  if (inGroup === 2) {
    while (/[\r\n]/.test(text.charAt(end))) end++;
    if (end >= text.length) return text.length;
    if (text.charAt(end) !== "=") return end;
    end++;
  }
  while (/[\r\n]/.test(text.charAt(end))) end++;
  return end;
}
