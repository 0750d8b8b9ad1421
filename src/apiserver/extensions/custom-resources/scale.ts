import type { ScaleStrategy } from "../../../api/kinds/index.ts";
import {
  errors,
  type FieldError,
  fieldError,
  type JsonObject,
  type JsonValue,
  type KubeObject,
} from "../../../api/meta/index.ts";
import type { CustomResourceSubresourceScale } from "../../../api/types/index.ts";
import { fieldNames, nestedValue, withNestedValue } from "./nested-fields.ts";

const int32Max = 2 ** 31 - 1;

function asJson(object: KubeObject): JsonObject {
  return object as object as JsonObject;
}

/** Scaling by the fields that a definition names. */
export function customScale(scale: CustomResourceSubresourceScale): ScaleStrategy {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  const spec = fieldNames(specReplicasPath);
  const status = fieldNames(statusReplicasPath);
  const selector = labelSelectorPath ? fieldNames(labelSelectorPath) : undefined;
  return {
    replicas(object) {
      const value = nestedValue(asJson(object), spec);
      if (value === undefined) throw missing(specReplicasPath);
      return numberOf(value, specReplicasPath);
    },
    statusReplicas: (object) => numberOf(nestedValue(asJson(object), status) ?? 0, statusReplicasPath),
    selector(object) {
      const value = selector && nestedValue(asJson(object), selector);
      return typeof value === "string" ? value : "";
    },
    withReplicas: (object, replicas) => withNestedValue(asJson(object), spec, replicas) as JsonObject & KubeObject,
  };
}

function missing(path: string): Error {
  return errors.internalError(new Error(`the spec replicas field ${JSON.stringify(path)} does not exist`));
}

function numberOf(value: JsonValue, path: string): number {
  if (typeof value === "number") return value;
  throw errors.internalError(new Error(problemOf(value, path, "int64")));
}

function problemOf(value: JsonValue, path: string, wanted: string): string {
  const names = path.startsWith(".") ? path : `.${path}`;
  return `${names} accessor error: ${goText(value)} is of the type ${goType(value)}, expected ${wanted}`;
}

function goText(value: JsonValue): string {
  return typeof value === "string" ? value : value === null ? "<nil>" : JSON.stringify(value);
}

function goType(value: JsonValue): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  switch (typeof value) {
    case "object":
      return "map[string]interface {}";
    case "number":
      return Number.isInteger(value) ? "int64" : "float64";
    case "boolean":
      return "bool";
    default:
      return "string";
  }
}

/** What is wrong with the fields that scaling reads. @param part of the object that a request may change */
export function checkScale(
  object: KubeObject,
  scale: CustomResourceSubresourceScale | undefined,
  part: "whole" | "status",
): FieldError[] {
  if (scale === undefined) return [];
  const out: FieldError[] = [];
  const json = asJson(object);
  if (part === "whole") checkCount(json, scale.specReplicasPath, out);
  checkCount(json, scale.statusReplicasPath, out);
  const { labelSelectorPath } = scale;
  if (labelSelectorPath) {
    const value = nestedValue(json, fieldNames(labelSelectorPath));
    if (value !== undefined && typeof value !== "string") {
      out.push(fieldError.invalid(labelSelectorPath, "", problemOf(value, labelSelectorPath, "string")));
    }
  }
  return out;
}

function checkCount(object: JsonObject, path: string, out: FieldError[]): void {
  const value = nestedValue(object, fieldNames(path));
  if (value === undefined) return;
  if (typeof value !== "number" || !Number.isInteger(value)) {
    out.push(fieldError.invalid(path, 0, problemOf(value, path, "int64")));
  } else if (value < 0) out.push(fieldError.invalid(path, value, "should be a non-negative integer"));
  else if (value > int32Max) {
    out.push(fieldError.invalid(path, value, `should be less than or equal to ${int32Max}`));
  }
}
