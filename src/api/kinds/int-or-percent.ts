import type { FieldError, FieldPath, IntOrString } from "../meta/index.ts";
import { fieldError, isValidPercent } from "../meta/index.ts";
import { checkNonNegative, checkWith } from "./field-checks.ts";

/** A count that is not negative, or a percentage. */
export function checkNonNegativeIntOrPercent(value: IntOrString, path: FieldPath, out: FieldError[]): void {
  if (typeof value === "string") checkWith(isValidPercent(value), value, path, out);
  else checkNonNegative(value, path, out);
}

export function percentOf(value: IntOrString): number | undefined {
  return typeof value === "string" && isValidPercent(value).length === 0 ? Number(value.slice(0, -1)) : undefined;
}

export function checkAtMost100Percent(value: IntOrString, path: FieldPath, out: FieldError[]): void {
  const percent = percentOf(value);
  if (percent !== undefined && percent > 100)
    out.push(fieldError.invalid(path, value, "must not be greater than 100%"));
}

/** The number itself; zero for what is not a number or percentage, as the original has it. */
export function intOrPercentNumber(value: IntOrString | undefined): number {
  if (value === undefined) return 0;
  return typeof value === "number" ? value : (percentOf(value) ?? 0);
}
