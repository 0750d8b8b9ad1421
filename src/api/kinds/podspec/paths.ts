import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";

/** A path below a volume: relative, without steps back. */
export function checkDescendingPath(target: string, path: FieldPath, out: FieldError[]): void {
  if (target.startsWith("/")) out.push(fieldError.invalid(path, target, "must be a relative path"));
  checkNoBacksteps(target, path, out);
}

export function checkNoBacksteps(target: string, path: FieldPath, out: FieldError[]): void {
  if (target.split("/").includes("..")) out.push(fieldError.invalid(path, target, "must not contain '..'"));
}

/** A file below a volume that the kubelet writes: names in `..` are its own. */
export function checkNonReservedPath(target: string, path: FieldPath, out: FieldError[]): void {
  checkDescendingPath(target, path, out);
  if (target.startsWith("..") && !target.startsWith("../")) {
    out.push(fieldError.invalid(path, target, "must not start with '..'"));
  }
}

const modeMax = 0o777;

export function checkFileMode(mode: number | undefined, path: FieldPath, out: FieldError[]): void {
  if (mode === undefined || (mode >= 0 && mode <= modeMax)) return;
  out.push(fieldError.invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive"));
}
