import { errors, type JsonObject } from "../meta/index.ts";
import type { FieldShape, Shape } from "../schema/index.ts";
import { plainFailure } from "./patch-error.ts";
import { childShape } from "./typed.ts";

export const deletionPrefix = "$deleteFromPrimitiveList";
export const orderPrefix = "$setElementOrder";

/** Merges a patch into an object of a shape. */
export type MergeObject = (original: JsonObject, patch: JsonObject, shape: Shape) => JsonObject;

/** How a field of an object is merged. */
export interface FieldMerge {
  readonly shape: Shape;
  readonly strategy: string;
  readonly mergeKey: string;
}

/** The field that `$setElementOrder/containers` or `$deleteFromPrimitiveList/finalizers` is about. */
export function listOfDirective(key: string, prefix: string): string {
  const slash = key.indexOf("/");
  if (slash < 0 || key.slice(0, slash) !== prefix) {
    const what = prefix === deletionPrefix ? "primitive list" : "setElementOrder list";
    throw errors.badRequest(`invalid patch format of ${what}`);
  }
  return key.slice(slash + 1);
}

export function fieldMerge(shape: Shape, key: string): FieldMerge {
  if (shape.kind !== "object") return { shape: childShape(shape, key), strategy: "", mergeKey: "" };
  const field: FieldShape | undefined = shape.fields.get(key);
  if (field === undefined) {
    const struct = shape.name.slice(shape.name.lastIndexOf(".") + 1);
    throw plainFailure(`unable to find api field in struct ${struct} for the json field ${JSON.stringify(key)}`);
  }
  const strategy = field.patchStrategy?.find((name) => name !== "retainKeys") ?? "";
  return { shape: field.shape, strategy, mergeKey: field.patchMergeKey ?? "" };
}
