import type { FieldError, FieldPath } from "../meta/index.ts";
import {
  fieldError,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
  semanticEqual,
} from "../meta/index.ts";

/** Checks of single fields that many kinds share. They add to `out` what is wrong. */

export const greaterThanOrEqualToZero = "must be greater than or equal to 0";
export const fieldIsImmutable = "field is immutable";

export function checkNonNegative(value: number | undefined, path: FieldPath, out: FieldError[]): void {
  if (value !== undefined && value < 0) out.push(fieldError.invalid(path, value, greaterThanOrEqualToZero));
}

export function checkPositive(value: number, path: FieldPath, out: FieldError[]): void {
  if (value <= 0) out.push(fieldError.invalid(path, value, "must be greater than 0"));
}

/** Adds one error a message. */
export function checkWith(messages: readonly string[], value: unknown, path: FieldPath, out: FieldError[]): void {
  for (const message of messages) out.push(fieldError.invalid(path, value, message));
}

export function checkSupported(
  value: string | undefined,
  supported: readonly string[],
  path: FieldPath,
  out: FieldError[],
): void {
  if (value === undefined || !supported.includes(value)) {
    out.push(fieldError.notSupported(path, value ?? "", supported));
  }
}

/** As checkSupported, for fields that must be set. */
export function checkRequiredSupported(
  value: string | undefined,
  supported: readonly string[],
  path: FieldPath,
  out: FieldError[],
): void {
  if (!value) out.push(fieldError.required(path, ""));
  else checkSupported(value, supported, path, out);
}

export function checkDNSLabel(value: string, path: FieldPath, out: FieldError[]): void {
  checkWith(isDNS1123Label(value), value, path, out);
}

export function checkDNSSubdomain(value: string, path: FieldPath, out: FieldError[]): void {
  checkWith(isDNS1123Subdomain(value), value, path, out);
}

export function checkQualifiedName(value: string, path: FieldPath, out: FieldError[]): void {
  checkWith(isQualifiedName(value), value, path, out);
}

/** Label keys and values: a key's errors lie on the map itself. */
export function checkLabels(labels: Readonly<Record<string, string>> | undefined, path: FieldPath, out: FieldError[]) {
  if (!labels) return;
  for (const [key, value] of Object.entries(labels)) {
    checkWith(isQualifiedName(key), key, path, out);
    for (const message of isValidLabelValue(value)) out.push(fieldError.invalid(path, value, message));
  }
}

const annotationsBytesMax = 256 * 1024;

export function checkAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  if (!annotations) return;
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    checkWith(isQualifiedName(key.toLowerCase()), key, path, out);
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > annotationsBytesMax) out.push(fieldError.tooLong(path, "", annotationsBytesMax));
}

export function checkImmutable(
  value: unknown,
  old: unknown,
  path: FieldPath,
  out: FieldError[],
  shown: unknown = value,
): void {
  if (!semanticEqual(value, old)) out.push(fieldError.invalid(path, shown ?? null, fieldIsImmutable));
}

/** Go prints a struct by its own field names; internal types carry no wire names. */
export function goStruct(fields: readonly (readonly [name: string, value: unknown])[]): Record<string, unknown> {
  return Object.fromEntries(fields.map(([name, value]) => [name, value ?? null]));
}

/** For what a message tells without showing the value. */
export function invalidUnshown(path: FieldPath, detail: string, out: FieldError[]): void {
  out.push({ type: "FieldValueInvalid", field: path.toString(), detail });
}
