import { compileDeviceSelector } from "../../cel/index.ts";
import type { FieldError, FieldPath, JsonValue } from "../../meta/index.ts";
import { fieldError, isValidLabelValue } from "../../meta/index.ts";
import type { resourceV1 } from "../../types/index.ts";
import { checkQualifiedName, checkRequiredSupported, checkSupported, checkWith } from "../field-checks.ts";
import { checkDriverName } from "../storage/driver-name.ts";
import { checkList } from "./collections.ts";
import { limits } from "./limits.ts";

/** What claims, classes and slices share: selectors, configuration, taints and what tolerates them. */

const effects = ["NoExecute", "NoSchedule", "None"];

/** @param isStored expressions that were accepted before are not judged again */
export function checkSelectors(
  selectors: readonly resourceV1.DeviceSelector[] | undefined,
  isStored: boolean,
  path: FieldPath,
  out: FieldError[],
): void {
  checkList(selectors, limits.selectors, (selector, at) => checkSelector(selector, isStored, at, out), path, out);
}

function checkSelector(
  { cel }: resourceV1.DeviceSelector,
  isStored: boolean,
  path: FieldPath,
  out: FieldError[],
): void {
  const at = path.child("cel", "expression");
  if (!cel) out.push(fieldError.required(path.child("cel"), ""));
  else if (isStored) return;
  else if (Buffer.byteLength(cel.expression ?? "") > limits.expressionBytes) {
    out.push(fieldError.tooLong(at, "", limits.expressionBytes));
  } else {
    const { error } = compileDeviceSelector(cel.expression ?? "");
    if (error !== undefined) out.push(fieldError.invalid(at, cel.expression ?? "", error));
  }
}

/** @param isStored what was accepted before may be longer than is allowed now */
export function checkConfiguration(
  { opaque }: { readonly opaque?: resourceV1.OpaqueDeviceConfiguration },
  isStored: boolean,
  path: FieldPath,
  out: FieldError[],
): void {
  const at = path.child("opaque");
  if (!opaque) {
    out.push(fieldError.required(at, ""));
    return;
  }
  checkDriverName(opaque.driver, at.child("driver"), out);
  checkRaw(
    opaque.parameters,
    isStored ? Number.POSITIVE_INFINITY : limits.parametersBytes,
    at.child("parameters"),
    out,
  );
}

/** Any object, as long as it is not too long. */
export function checkRaw(value: JsonValue | undefined, bytesMax: number, path: FieldPath, out: FieldError[]): void {
  if (value === undefined || value === null) out.push(fieldError.required(path, ""));
  else if (Buffer.byteLength(JSON.stringify(value)) > bytesMax) out.push(fieldError.tooLong(path, "", bytesMax));
  else if (typeof value !== "object" || Array.isArray(value)) {
    out.push(fieldError.invalid(path, "<value omitted>", "must be a valid JSON object"));
  }
}

export function defaultTolerations(tolerations: readonly resourceV1.DeviceToleration[] | undefined): void {
  for (const toleration of tolerations ?? []) toleration.operator ||= "Equal";
}

export function checkToleration(toleration: resourceV1.DeviceToleration, path: FieldPath, out: FieldError[]): void {
  const { key, operator, value = "", effect } = toleration;
  if (key) checkQualifiedName(key, path.child("key"), out);
  if (operator === "Exists") {
    if (value) out.push(fieldError.invalid(path.child("value"), value, "must be empty for operator `Exists`"));
  } else if (operator === "Equal") checkWith(isValidLabelValue(value), value, path.child("value"), out);
  else checkRequiredSupported(operator, ["Equal", "Exists"], path.child("operator"), out);
  if (effect) checkSupported(effect, effects, path.child("effect"), out);
}

/** An effect that an older object has is not judged again. */
export function checkTaint(
  taint: resourceV1.DeviceTaint,
  old: resourceV1.DeviceTaint | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  const { key = "", value, effect } = taint;
  checkQualifiedName(key, path.child("key"), out);
  if (value) checkWith(isValidLabelValue(value), value, path.child("value"), out);
  if (!old || old.effect !== effect) checkRequiredSupported(effect, effects, path.child("effect"), out);
}

/** Devices may be bound only when some conditions hold, and never when some others do. */
export function checkBindingConditions(
  conditions: readonly string[] | undefined,
  failures: readonly string[] | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  const conditionsPath = path.child("bindingConditions");
  const failuresPath = path.child("bindingFailureConditions");
  checkList(conditions, limits.bindingConditions, checkQualifiedName, conditionsPath, out);
  checkList(failures, limits.bindingConditions, checkQualifiedName, failuresPath, out);
  const wanted = conditions ?? [];
  const unwanted = failures ?? [];
  for (const [i, condition] of wanted.entries()) {
    if (wanted.indexOf(condition) < i) out.push(fieldError.duplicate(conditionsPath.index(i), condition));
  }
  for (const [i, condition] of unwanted.entries()) {
    const at = failuresPath.index(i);
    if (unwanted.indexOf(condition) < i) out.push(fieldError.duplicate(at, condition));
    if (wanted.includes(condition)) {
      const detail = "bindingFailureConditions must not overlap with bindingConditions";
      out.push(fieldError.invalid(at, condition, detail));
    }
  }
  if (wanted.length === 0 && unwanted.length > 0) {
    const detail = "bindingConditions are required to use bindingFailureConditions";
    out.push(fieldError.invalid(conditionsPath, conditions ?? null, detail));
  }
  if (unwanted.length === 0 && wanted.length > 0) {
    const detail = "bindingFailureConditions are required to use bindingConditions";
    out.push(fieldError.invalid(failuresPath, failures ?? null, detail));
  }
}
