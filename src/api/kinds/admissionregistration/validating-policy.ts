import { compilePolicy, type PolicyCompiler } from "../../cel/index.ts";
import type { FieldError, FieldPath } from "../../meta/index.ts";
import { deepEqual, fieldError, root } from "../../meta/index.ts";
import type { admissionregistrationV1, ValidatingAdmissionPolicy } from "../../types/index.ts";
import { checkConditions } from "../condition-checks.ts";
import { checkQualifiedName, checkSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { restoreMetadata } from "../status-metadata.ts";
import { ageColumn, ageOf, integer, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkMatchConditions, isBlank } from "./match-conditions.ts";
import {
  checkFailurePolicy,
  checkMatchConstraints,
  checkParamKind,
  checkVariables,
  defaultMatchResources,
} from "./policy-parts.ts";

type Policy = ValidatingAdmissionPolicy;

const annotationsMax = 20;
const valueExpressionBytesMax = 5 * 1024;
const reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
const specPath = root("spec");

export const validatingPolicyStrategy: KindStrategy = {
  applyDefaults({ spec }: Policy) {
    if (!spec) return;
    spec.failurePolicy ??= "Fail";
    defaultMatchResources(spec.matchConstraints);
  },
  validate: (policy: Policy) => checkPolicy(policy, false),
  validateUpdate(policy: Policy, old: Policy) {
    const isSame =
      deepEqual(policy.spec.paramKind, old.spec.paramKind) &&
      deepEqual(policy.spec.matchConditions, old.spec.matchConditions);
    return checkPolicy(policy, isSame);
  },
  updates: { status: { prepareForUpdate: restoreMetadata, validateUpdate: checkStatus } },
  statusResetFields: [["metadata"]],
  table: {
    columns: [nameColumn, integer("Validations"), text("ParamKind"), ageColumn],
    cells: (policy: Policy, now) => [
      nameOf(policy),
      policy.spec.validations?.length ?? 0,
      paramKindText(policy.spec.paramKind),
      ageOf(policy, now),
    ],
  },
};

/** Group, version and kind, as tables show them. */
export function paramKindText(paramKind: admissionregistrationV1.ParamKind | undefined): string {
  return paramKind ? `${paramKind.apiVersion ?? ""}/${paramKind.kind ?? ""}` : "<unset>";
}

function checkPolicy({ metadata, spec }: Policy, ignoresMatchConditions: boolean): FieldError[] {
  const out: FieldError[] = [];
  checkFailurePolicy(spec.failurePolicy, specPath.child("failurePolicy"), out);
  checkParamKind(spec.paramKind, specPath.child("paramKind"), out);
  checkMatchConstraints(spec.matchConstraints, specPath.child("matchConstraints"), out);
  const hasParams = spec.paramKind !== undefined;
  const conditionsPath = specPath.child("matchConditions");
  if (!ignoresMatchConditions) checkMatchConditions(spec.matchConditions, conditionsPath, out, hasParams);
  const compiler = compilePolicy({ hasParams }, (spec.variables ?? []).length > 0);
  checkVariables(spec.variables, compiler, specPath.child("variables"), out);
  const validations = spec.validations ?? [];
  const annotations = spec.auditAnnotations ?? [];
  if (validations.length === 0 && annotations.length === 0) {
    const detail = "validations or auditAnnotations must contain at least one item";
    out.push(fieldError.required(specPath.child("validations"), detail));
    out.push(fieldError.required(specPath.child("auditAnnotations"), detail));
  }
  for (const [i, validation] of validations.entries()) {
    checkValidation(validation, compiler, specPath.child("validations").index(i), out);
  }
  checkAnnotations(annotations, metadata.name ?? "", compiler, out);
  return out;
}

function checkValidation(
  { expression, message, messageExpression, reason }: admissionregistrationV1.Validation,
  compiler: PolicyCompiler,
  path: FieldPath,
  out: FieldError[],
): void {
  if (isBlank(expression)) out.push(fieldError.required(path.child("expression"), "expression is not specified"));
  else checkCompiles(compiler, expression, ["bool"], path.child("expression"), out);
  if (messageExpression && isBlank(messageExpression)) {
    const detail = "must be non-empty if specified";
    out.push(fieldError.invalid(path.child("messageExpression"), messageExpression, detail));
  } else if (messageExpression) {
    checkCompiles(compiler, messageExpression, ["string"], path.child("messageExpression"), out);
  }
  if (message && isBlank(message)) {
    out.push(fieldError.invalid(path.child("message"), message, "message must be non-empty if specified"));
  } else if (message && /[\n\r]/.test(message.trim())) {
    out.push(fieldError.invalid(path.child("message"), message, "message must not contain line breaks"));
  }
  if (reason !== undefined) checkSupported(reason, reasons, path.child("reason"), out);
}

function checkCompiles(
  compiler: PolicyCompiler,
  expression: string,
  types: readonly string[],
  path: FieldPath,
  out: FieldError[],
): void {
  const { error } = compiler.compile(expression, ...types);
  if (error !== undefined) out.push(fieldError.invalid(path, expression, error));
}

function checkAnnotations(
  annotations: readonly admissionregistrationV1.AuditAnnotation[],
  policyName: string,
  compiler: PolicyCompiler,
  out: FieldError[],
): void {
  const path = specPath.child("auditAnnotations");
  if (annotations.length > annotationsMax) {
    const shown = annotations.map(({ key, valueExpression }) => ({ Key: key, ValueExpression: valueExpression }));
    out.push(fieldError.invalid(path, shown, `must not have more than ${annotationsMax} auditAnnotations`));
  }
  const keys = new Set<string>();
  for (const [i, { key = "", valueExpression = "" }] of annotations.entries()) {
    const keyPath = path.index(i).child("key");
    const valuePath = path.index(i).child("valueExpression");
    if (policyName === "") out.push(fieldError.invalid(keyPath, key, "requires metadata.name be non-empty"));
    else checkQualifiedName(`${policyName}/${key}`, keyPath, out);
    if (isBlank(valueExpression)) out.push(fieldError.required(valuePath, "valueExpression is not specified"));
    else if (Buffer.byteLength(valueExpression.trim()) > valueExpressionBytesMax) {
      out.push(fieldError.required(valuePath, `must not exceed ${valueExpressionBytesMax} bytes in length`));
    } else checkCompiles(compiler, valueExpression.trim(), ["string", "null"], valuePath, out);
    if (keys.has(key)) out.push(fieldError.duplicate(keyPath, key));
    keys.add(key);
  }
}

function checkStatus({ status }: Policy): FieldError[] {
  const out: FieldError[] = [];
  for (const [i, { warning, fieldRef }] of (status?.typeChecking?.expressionWarnings ?? []).entries()) {
    const path = root("status", "typeChecking", "expressionWarnings").index(i);
    if (!warning) out.push(fieldError.required(path.child("warning"), ""));
    if (isBlank(fieldRef)) out.push(fieldError.required(path.child("fieldRef"), ""));
  }
  checkConditions(status?.conditions, root("status", "conditions"), out);
  return out;
}
