import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";

/** Only where a path begins is looked at, as in the original: what stands behind may be any selection. */
export function checkSimplePath(text: string, path: FieldPath, out: FieldError[]): boolean {
  if (text.startsWith(".")) return true;
  out.push(fieldError.invalid(path, text, "must be a simple json path starting with ."));
  return false;
}

/** A path that must be there, below one of the given parts of the object. */
export function checkPathUnder(
  text: string | undefined,
  parents: readonly string[],
  path: FieldPath,
  out: FieldError[],
): void {
  const either = parents.length > 1 ? "either " : "";
  if (!text) out.push(fieldError.required(path, ""));
  else if (checkSimplePath(text, path, out) && !parents.some((parent) => text.startsWith(`${parent}.`))) {
    out.push(fieldError.invalid(path, text, `should be a json path under ${either}${parents.join(" or ")}`));
  }
}
