import { errors, type FieldError, fieldError, root } from "../../api/meta/index.ts";
import type { RequestOptions } from "../request.ts";

type OptionsKind = "CreateOptions" | "UpdateOptions" | "PatchOptions" | "DeleteOptions" | "ListOptions";

const fieldManagerLengthMax = 128;
const fieldValidations: readonly string[] = ["", "Ignore", "Strict", "Warn"];

/** Whether nothing may be written. @throws ApiError 422 for a value other than All, as for every other bad option. */
export function checkWriteOptions(kind: "CreateOptions" | "UpdateOptions", options: RequestOptions): boolean {
  return check(kind, options, [
    ...fieldManagerErrors(options.fieldManager),
    ...dryRunErrors(options.dryRun),
    ...fieldValidationErrors(options.fieldValidation),
  ]);
}

export function checkPatchOptions(options: RequestOptions, isApply: boolean): boolean {
  const found: FieldError[] = [];
  if (!isApply && options.force !== undefined) {
    found.push(fieldError.forbidden(root("force"), "may not be specified for non-apply patch"));
  }
  if (isApply && !options.fieldManager) {
    found.push(fieldError.required(root("fieldManager"), "is required for apply patch"));
  }
  return check("PatchOptions", options, [
    ...found,
    ...fieldManagerErrors(options.fieldManager),
    ...dryRunErrors(options.dryRun),
    ...fieldValidationErrors(options.fieldValidation),
  ]);
}

const propagationPolicies: readonly string[] = ["Background", "Foreground", "Orphan"];

export function checkDeleteOptions(options: RequestOptions): boolean {
  const found: FieldError[] = [];
  const { propagationPolicy } = options;
  if (propagationPolicy !== undefined && options.orphanDependents !== undefined) {
    found.push(
      fieldError.invalid(
        root("propagationPolicy"),
        propagationPolicy,
        "orphanDependents and deletionPropagation cannot be both set",
      ),
    );
  }
  if (propagationPolicy !== undefined && !propagationPolicies.includes(propagationPolicy)) {
    found.push(
      fieldError.notSupported(root("propagationPolicy"), propagationPolicy, [
        "Foreground",
        "Background",
        "Orphan",
        "nil",
      ]),
    );
  }
  return check("DeleteOptions", options, [...found, ...dryRunErrors(options.dryRun)]);
}

function check(kind: OptionsKind, options: RequestOptions, found: readonly FieldError[]): boolean {
  if (found.length > 0) throw invalidOptions(kind, found);
  return options.dryRun !== undefined && options.dryRun.length > 0;
}

export function invalidOptions(kind: OptionsKind, found: readonly FieldError[]): Error {
  return errors.invalid({ group: "meta.k8s.io", kind }, "", found);
}

function dryRunErrors(dryRun: readonly string[] | undefined): FieldError[] {
  if (dryRun === undefined || dryRun.every((value) => value === "All")) return [];
  return [fieldError.notSupported(root("dryRun"), dryRun, ["All"])];
}

function fieldValidationErrors(value: string | undefined): FieldError[] {
  if (value === undefined || fieldValidations.includes(value)) return [];
  return [fieldError.notSupported(root("fieldValidation"), value, fieldValidations)];
}

function fieldManagerErrors(value: string | undefined): FieldError[] {
  if (value === undefined) return [];
  const path = root("fieldManager");
  if (value.length > fieldManagerLengthMax) return [fieldError.tooLong(path, value, fieldManagerLengthMax)];
  if (!/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(value)) {
    return [fieldError.invalid(path, value, "should only contain printable characters")];
  }
  return [];
}

const resourceVersionMatches: readonly string[] = ["Exact", "NotOlderThan"];

/** @throws ApiError 422 as the original's validation of list and watch options. */
export function checkListOptions(options: RequestOptions, isWatch: boolean): void {
  const found =
    options.sendInitialEvents === undefined ? matchErrors(options, isWatch) : streamErrors(options, isWatch);
  if (found.length > 0) throw invalidOptions("ListOptions", found);
}

function matchErrors(options: RequestOptions, isWatch: boolean): FieldError[] {
  const match = options.resourceVersionMatch ?? "";
  if (match === "") return [];
  const path = root("resourceVersionMatch");
  const found: FieldError[] = [];
  if (isWatch) {
    found.push(
      fieldError.forbidden(path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
    );
    if (match !== "NotOlderThan") found.push(fieldError.notSupported(path, match, ["NotOlderThan"]));
    return found;
  }
  if (!options.resourceVersion) {
    found.push(fieldError.forbidden(path, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
  }
  if (options.continue) {
    found.push(fieldError.forbidden(path, "resourceVersionMatch is forbidden when continue is provided"));
  }
  if (!resourceVersionMatches.includes(match)) {
    found.push(fieldError.notSupported(path, match, ["Exact", "NotOlderThan", ""]));
  }
  if (match === "Exact" && options.resourceVersion === "0") {
    found.push(fieldError.forbidden(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  return found;
}

function streamErrors(options: RequestOptions, isWatch: boolean): FieldError[] {
  const path = root("resourceVersionMatch");
  const match = options.resourceVersionMatch ?? "";
  if (!isWatch) return [fieldError.forbidden(root("sendInitialEvents"), "sendInitialEvents is forbidden for list")];
  const found: FieldError[] = [];
  if (match !== "NotOlderThan") {
    found.push(fieldError.forbidden(path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (match !== "" && match !== "NotOlderThan") found.push(fieldError.notSupported(path, match, ["NotOlderThan"]));
  return found;
}
