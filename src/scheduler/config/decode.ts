import { parseDuration } from "../../api/meta/index.ts";

/** What a field of a configuration may hold. */
export type FieldShape =
  | "string"
  | "boolean"
  | "integer"
  | "number"
  /** A Go duration such as 15s. */
  | "duration"
  /** Anything; checked by whoever uses it. */
  | "any"
  | { readonly list: FieldShape }
  | { readonly fields: FieldShapes };
export type FieldShapes = { readonly [name: string]: FieldShape };

/** A configuration cannot be used; the message says where and why. */
export class SchedulerConfigError extends Error {
  override readonly name = "SchedulerConfigError";
}

/**
 * Checks a document against a shape. Unknown fields are errors, as the original decodes configurations strictly.
 * @throws SchedulerConfigError
 */
export function checkShape(value: unknown, shape: FieldShape, path: string): void {
  if (value === undefined || value === null) return;
  if (typeof shape === "string") {
    checkScalar(value, shape, path);
  } else if ("list" in shape) {
    if (!Array.isArray(value)) throw unfit(path, "a list", value);
    for (const [i, item] of value.entries()) checkShape(item, shape.list, `${path}[${i}]`);
  } else {
    if (!isRecord(value)) throw unfit(path, "an object", value);
    for (const [name, field] of Object.entries(value)) {
      const known = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
      const at = path === "" ? name : `${path}.${name}`;
      if (known === undefined) throw new SchedulerConfigError(`strict decoding error: unknown field "${at}"`);
      checkShape(field, known, at);
    }
  }
}

function checkScalar(value: unknown, shape: Extract<FieldShape, string>, path: string): void {
  switch (shape) {
    case "any":
      return;
    case "integer":
      if (!Number.isInteger(value)) throw unfit(path, "an integer", value);
      return;
    case "duration":
      checkDuration(value, path);
      return;
    default:
      if (typeof value !== shape) throw unfit(path, `a ${shape}`, value);
  }
}

function checkDuration(value: unknown, path: string): void {
  if (typeof value !== "string") throw unfit(path, "a duration such as 15s", value);
  try {
    parseDuration(value);
  } catch (error) {
    throw new SchedulerConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function unfit(path: string, wanted: string, value: unknown): SchedulerConfigError {
  return new SchedulerConfigError(`${path || "the document"} must be ${wanted}, not ${JSON.stringify(value)}`);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
