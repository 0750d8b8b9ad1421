import type { FieldPath } from "./field-path.ts";

export type FieldErrorType =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueDuplicate"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTypeInvalid"
  | "FieldValueNotFound"
  | "InternalError";

export interface FieldError {
  type: FieldErrorType;
  field: string;
  badValue?: unknown;
  detail: string;
}

type Path = FieldPath | string;

export declare function required(path: Path, detail: string): FieldError;
export declare function invalid(path: Path, value: unknown, detail: string): FieldError;
export declare function notSupported(path: Path, value: unknown, validValues: readonly string[]): FieldError;
export declare function duplicate(path: Path, value: unknown): FieldError;
export declare function forbidden(path: Path, detail: string): FieldError;
export declare function tooLong(path: Path, value: unknown, maxLength: number): FieldError;
export declare function tooMany(path: Path, actual: number, max: number): FieldError;
export declare function typeInvalid(path: Path, value: unknown, detail: string): FieldError;
export declare function notFound(path: Path, value: unknown): FieldError;
export declare function internalFieldError(path: Path, detail: string): FieldError;
/** `Invalid value: "x": detail`: the text without the field. */
export declare function errorBody(error: FieldError): string;
/** `spec.x: Invalid value: "x": detail`. */
export declare function errorMessage(error: FieldError): string;
