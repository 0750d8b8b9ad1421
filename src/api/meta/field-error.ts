import type { FieldPath } from "./field-path.ts";

export type FieldErrorType =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueDuplicate"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooShort"
  | "FieldValueTooMany"
  | "FieldValueTooFew"
  | "FieldValueTypeInvalid"
  | "FieldValueNotFound"
  | "InternalError";

export interface FieldError {
  type: FieldErrorType;
  field: string;
  /** Absent (not even undefined) when the message shows no value. */
  badValue?: unknown;
  detail: string;
}

type Path = FieldPath | string;

const typeText: Record<FieldErrorType, string> = {
  FieldValueRequired: "Required value",
  FieldValueInvalid: "Invalid value",
  FieldValueNotSupported: "Unsupported value",
  FieldValueDuplicate: "Duplicate value",
  FieldValueForbidden: "Forbidden",
  FieldValueTooLong: "Too long",
  FieldValueTooShort: "Too short",
  FieldValueTooMany: "Too many",
  FieldValueTooFew: "Too few",
  FieldValueTypeInvalid: "Invalid value",
  FieldValueNotFound: "Not found",
  InternalError: "Internal error",
};

function withoutValue(type: FieldErrorType, path: Path, detail: string): FieldError {
  return { type, field: path.toString(), detail };
}

function withValue(type: FieldErrorType, path: Path, badValue: unknown, detail: string): FieldError {
  return { type, field: path.toString(), badValue, detail };
}

export function required(path: Path, detail = ""): FieldError {
  return withoutValue("FieldValueRequired", path, detail);
}

/** `value` is printed as JSON, so give Go's field names where the original prints an internal struct. */
export function invalid(path: Path, value: unknown, detail: string): FieldError {
  return withValue("FieldValueInvalid", path, value, detail);
}

/** The message lists the valid values in the order given (the original mostly sorts them first). */
export function notSupported(path: Path, value: unknown, validValues: readonly string[]): FieldError {
  const detail = validValues.length === 0 ? "" : `supported values: ${validValues.map(quoteGo).join(", ")}`;
  return withValue("FieldValueNotSupported", path, value, detail);
}

export function duplicate(path: Path, value: unknown, detail = ""): FieldError {
  return withValue("FieldValueDuplicate", path, value, detail);
}

export function forbidden(path: Path, detail: string): FieldError {
  return withoutValue("FieldValueForbidden", path, detail);
}

/** The value itself is not shown. */
export function tooLong(path: Path, _value: unknown, maxLength: number): FieldError {
  return withoutValue("FieldValueTooLong", path, `may not be more than ${counted(maxLength, "byte")}`);
}

export function tooMany(path: Path, actual: number, max: number): FieldError {
  return withValue("FieldValueTooMany", path, actual, `must have at most ${counted(max, "item")}`);
}

export function tooFew(path: Path, actual: number, min: number): FieldError {
  return withValue("FieldValueTooFew", path, actual, `must have at least ${counted(min, "item")}`);
}

export function typeInvalid(path: Path, value: unknown, detail: string): FieldError {
  return withValue("FieldValueTypeInvalid", path, value, detail);
}

export function notFound(path: Path, value: unknown): FieldError {
  return withValue("FieldValueNotFound", path, value, "");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** The message without the field: `Invalid value: "x": detail`. */
export function errorBody(error: FieldError): string {
  const value = "badValue" in error ? `: ${formatBadValue(error.badValue)}` : "";
  const detail = error.detail === "" ? "" : `: ${error.detail}`;
  return typeText[error.type] + value + detail;
}

/** The whole message: `spec.x: Invalid value: "x": detail`. */
export function errorMessage(error: FieldError): string {
  return `${error.field}: ${errorBody(error)}`;
}

function formatBadValue(value: unknown): string {
  if (typeof value === "string") return quoteGo(value);
  if (value === undefined || value === null) return "null";
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escapeUnicode); // Go's JSON escapes these
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to escape
const needsGoEscape = /["\\\u0000-\u001f\u007f-\u00a0\u00ad\u2028\u2029\ufeff\ud800-\udfff]/gu;
const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** A string in double quotes with Go's escapes, as %q prints it. */
export function quoteGo(text: string): string {
  const escaped = text.replace(needsGoEscape, (char) => {
    const code = char.charCodeAt(0);
    return shortEscapes[char] ?? (code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : escapeUnicode(char));
  });
  return `"${escaped}"`;
}

function escapeUnicode(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
