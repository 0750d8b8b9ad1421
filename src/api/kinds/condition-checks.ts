import type { Condition, FieldError, FieldPath } from "../meta/index.ts";
import { fieldError, isQualifiedName } from "../meta/index.ts";
import { checkNonNegative, checkSupported, checkWith } from "./field-checks.ts";

const reasonLengthMax = 1024;
const messageLengthMax = 32 * 1024;
const reasonRegex = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";
const reasonPattern = new RegExp(`^${reasonRegex}$`);
const reasonExamples = "'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB'";
const reasonMessage =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric " +
  "characters or '_,:', and must end with an alphanumeric character or '_' " +
  `(e.g. ${reasonExamples}, regex used for validation is '${reasonRegex}')`;

/** The published rules of conditions in the common form. */
export function checkConditions(conditions: readonly Condition[] | undefined, path: FieldPath, out: FieldError[]) {
  const types = new Set<string>();
  for (const [i, condition] of (conditions ?? []).entries()) {
    const at = path.index(i);
    if (types.has(condition.type)) out.push(fieldError.duplicate(at.child("type"), condition.type));
    types.add(condition.type);
    checkCondition(condition, at, out);
  }
}

function checkCondition(condition: Condition, path: FieldPath, out: FieldError[]): void {
  const { type = "", status, reason = "", message = "", lastTransitionTime, observedGeneration } = condition;
  checkWith(isQualifiedName(type), type, path.child("type"), out);
  checkSupported(status, ["False", "True", "Unknown"], path.child("status"), out);
  checkNonNegative(observedGeneration, path.child("observedGeneration"), out);
  if (!lastTransitionTime) out.push(fieldError.required(path.child("lastTransitionTime"), ""));
  if (reason === "") out.push(fieldError.required(path.child("reason"), ""));
  else {
    if (!reasonPattern.test(reason)) out.push(fieldError.invalid(path.child("reason"), reason, reasonMessage));
    if (reason.length > reasonLengthMax) out.push(fieldError.tooLong(path.child("reason"), "", reasonLengthMax));
  }
  if (Buffer.byteLength(message) > messageLengthMax) {
    out.push(fieldError.tooLong(path.child("message"), "", messageLengthMax));
  }
}
