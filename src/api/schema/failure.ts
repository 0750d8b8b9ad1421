import type { JsonValue } from "../meta/index.ts";
import { goType } from "./go-names.ts";
import type { Shape } from "./shape.ts";
import type { Trail } from "./trail.ts";

/** Why a document cannot be decoded, in the original's words; decodeObject makes it an ApiError with the kind in front. */
export class DecodeFailure extends Error {
  /** What is said where the value was no document but a map in memory, as after a strategic merge patch. */
  readonly ofMap: string;

  constructor(message: string, ofMap = message) {
    super(message);
    this.ofMap = ofMap;
  }
}

/** `withNumber`: the text names the number, as where one does not fit an integer. */
export function typeMismatch(value: JsonValue, shape: Shape, trail: Trail, withNumber = false): never {
  const what = withNumber ? `number ${String(value)}` : jsonType(value);
  const where = trail.struct === "" ? "value" : `struct field ${trail.struct}.${trail.fieldPath()}`;
  throw new DecodeFailure(
    `json: cannot unmarshal ${what} into Go ${where} of type ${goType(shape)}`,
    unrestorable(value, shape),
  );
}

function unrestorable(value: JsonValue, shape: Shape): string {
  const kind = goKind(value);
  switch (shape.kind) {
    case "map":
      return `cannot restore map from ${kind}`;
    case "list":
      return `cannot restore slice from ${kind}`;
    case "object":
      return `cannot restore struct from: ${kind}`;
    default: {
      const type = goType(shape);
      const isConvertible = (kind === "int64" && type === "string") || (kind === "float64" && /^u?int/.test(type));
      return isConvertible ? `cannot convert ${kind} to ${type}` : `unrecognized type: ${type}`;
    }
  }
}

function goKind(value: JsonValue): string {
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (Array.isArray(value)) return "slice";
  return typeof value === "object" ? "map" : jsonType(value);
}

function jsonType(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}
