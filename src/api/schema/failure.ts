import type { JsonValue } from "../meta/index.ts";
import { goType } from "./go-names.ts";
import type { Shape } from "./shape.ts";
import type { Trail } from "./trail.ts";

/** Why a document cannot be decoded, in the original's words; decodeObject makes it an ApiError with the kind in front. */
export class DecodeFailure extends Error {}

/** `withNumber`: the text names the number, as where one does not fit an integer. */
export function typeMismatch(value: JsonValue, shape: Shape, trail: Trail, withNumber = false): never {
  const what = withNumber ? `number ${String(value)}` : jsonType(value);
  const where = trail.struct === "" ? "value" : `struct field ${trail.struct}.${trail.fieldPath()}`;
  throw new DecodeFailure(`json: cannot unmarshal ${what} into Go ${where} of type ${goType(shape)}`);
}

function jsonType(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}
