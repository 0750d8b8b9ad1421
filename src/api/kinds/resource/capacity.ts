import type { FieldError, FieldPath, Quantity } from "../../meta/index.ts";
import {
  addQuantity,
  compareQuantity,
  fieldError,
  formatQuantity,
  parseQuantity,
  quantitySign,
  subQuantity,
  toNumber,
} from "../../meta/index.ts";
import type { resourceV1 } from "../../types/index.ts";
import { checkSet } from "./collections.ts";
import { limits } from "./limits.ts";

/** How requests may ask for a part of a capacity, of devices that are shared. */
export function checkCapacity(
  { value, requestPolicy }: resourceV1.DeviceCapacity,
  isShared: boolean,
  path: FieldPath,
  out: FieldError[],
): void {
  if (!requestPolicy) return;
  const at = path.child("requestPolicy");
  if (!isShared) {
    out.push(fieldError.forbidden(at, "allowMultipleAllocations must be true"));
    return;
  }
  const { validValues = [], validRange, default: fallback } = requestPolicy;
  if (validValues.length > 0 && validRange) {
    const detail =
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    out.push(fieldError.forbidden(at, detail));
    return;
  }
  const max = parseQuantity(value ?? "0");
  if (validValues.length > 0) {
    if (fallback === undefined) {
      out.push(fieldError.required(at.child("default"), "required when validValues is defined"));
    } else checkValidValues(validValues, parseQuantity(fallback), max, at.child("validValues"), out);
  } else if (validRange) {
    if (fallback === undefined) {
      out.push(fieldError.required(at.child("default"), "required when validRange is defined"));
    } else checkRange(validRange, parseQuantity(fallback), max, at.child("validRange"), out);
  }
}

function checkValidValues(
  values: readonly string[],
  fallback: Quantity,
  max: Quantity,
  path: FieldPath,
  out: FieldError[],
): void {
  const parsed = values.map(parseQuantity);
  for (const [i, value] of parsed.entries()) {
    const before = parsed[i - 1];
    if (before && compareQuantity(before, value) > 0) {
      out.push(fieldError.invalid(path.index(i), formatQuantity(value), "values must be sorted in ascending order"));
    }
  }
  const check = (value: Quantity, at: FieldPath) => {
    if (compareQuantity(value, max) > 0) {
      const detail = `option is larger than capacity value: ${formatQuantity(max)}`;
      out.push(fieldError.invalid(at, formatQuantity(value), detail));
    }
  };
  checkSet(parsed, limits.validValues, check, (value) => String(toNumber(value)), path, out);
  if (!parsed.some((value) => compareQuantity(value, fallback) === 0)) {
    const detail = "default value is not valid according to the requestPolicy";
    out.push(fieldError.invalid(path, formatQuantity(fallback), detail));
  }
}

function checkRange(
  range: resourceV1.CapacityRequestPolicyRange,
  fallback: Quantity,
  max: Quantity,
  path: FieldPath,
  out: FieldError[],
): void {
  if (range.min === undefined) {
    out.push(fieldError.required(path.child("min"), "required when validRange is defined"));
    return;
  }
  const refuse = (field: string, value: Quantity, detail: string) =>
    out.push(fieldError.invalid(path.child(field), formatQuantity(value), detail));
  const low = parseQuantity(range.min);
  const high = range.max === undefined ? undefined : parseQuantity(range.max);
  const shownMax = formatQuantity(max);
  if (compareQuantity(low, max) > 0) refuse("min", low, `min is larger than capacity value: ${shownMax}`);
  if (compareQuantity(fallback, low) < 0) {
    refuse("default", fallback, `default is less than min: ${formatQuantity(low)}`);
  }
  if (high) {
    if (compareQuantity(low, high) > 0) refuse("max", low, `min is larger than max: ${formatQuantity(high)}`);
    if (compareQuantity(high, max) > 0) refuse("max", high, `max is larger than capacity value: ${shownMax}`);
    if (compareQuantity(fallback, high) > 0) {
      refuse("default", fallback, `default is more than max: ${formatQuantity(high)}`);
    }
  }
  if (range.step === undefined) return;
  const step = parseQuantity(range.step);
  const once = addQuantity(low, step);
  if (compareQuantity(once, max) > 0) {
    refuse("step", step, `one step ${formatQuantity(once)} is larger than capacity value: ${shownMax}`);
  }
  for (const value of high ? [fallback, high] : [fallback]) {
    if (isMultiple(subQuantity(value, low), step)) continue;
    const detail = `value is not a multiple of a given step (${formatQuantity(step)}) from (${formatQuantity(low)})`;
    refuse("step", value, detail);
  }
}

function isMultiple(distance: Quantity, step: Quantity): boolean {
  return quantitySign(step) !== 0 && toNumber(distance) % toNumber(step) === 0;
}
