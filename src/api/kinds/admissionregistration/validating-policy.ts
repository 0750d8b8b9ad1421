import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isQualifiedName, root } from "../../meta/index.ts";
import type {
  AuditAnnotation,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
} from "../../types/index.ts";
import { checkDNSSubdomain, checkSupported, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, integer, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkGiven, checkMatchConditions, checkVariables } from "./expressions.ts";
import {
  checkMatchResources,
  checkParamKind,
  checkParamRef,
  defaultMatchResources,
  paramKindText,
  paramRefText,
} from "./match-resources.ts";

const specPath = root("spec");
const annotationsMax = 20;
const valueExpressionMax = 5 * 1024;

type Policy = ValidatingAdmissionPolicy;
type Binding = ValidatingAdmissionPolicyBinding;

export const validatingPolicyStrategy: KindStrategy = {
  applyDefaults({ spec }: Policy) {
    spec.failurePolicy ??= "Fail";
    defaultMatchResources(spec.matchConstraints);
  },
  validate: (policy: Policy) => checkPolicy(policy),
  validateUpdate: (policy: Policy) => checkPolicy(policy),
  table: {
    columns: [nameColumn, integer("Validations"), text("ParamKind"), ageColumn],
    cells: (policy: Policy, now) => [
      nameOf(policy),
      (policy.spec.validations ?? []).length,
      paramKindText(policy.spec.paramKind),
      ageOf(policy, now),
    ],
  },
};

export const validatingBindingStrategy: KindStrategy = {
  applyDefaults: ({ spec }: Binding) => defaultBinding(spec),
  validate: (binding: Binding) => checkBinding(binding),
  validateUpdate: (binding: Binding) => checkBinding(binding),
  table: {
    columns: [nameColumn, text("PolicyName"), text("ParamRef"), ageColumn],
    cells: (binding: Binding, now) => [
      nameOf(binding),
      binding.spec.policyName,
      paramRefText(binding.spec.paramRef),
      ageOf(binding, now),
    ],
  },
};

export function defaultBinding(spec: Pick<Binding["spec"], "matchResources" | "paramRef">): void {
  defaultMatchResources(spec.matchResources);
  if (spec.paramRef) spec.paramRef.parameterNotFoundAction ??= "Deny";
}

function checkPolicy({ metadata, spec }: Policy): FieldError[] {
  const out: FieldError[] = [];
  checkSupported(spec.failurePolicy, ["Fail", "Ignore"], specPath.child("failurePolicy"), out);
  if (spec.paramKind) checkParamKind(spec.paramKind, specPath.child("paramKind"), out);
  const constraintsPath = specPath.child("matchConstraints");
  if (!spec.matchConstraints) out.push(fieldError.required(constraintsPath, ""));
  else {
    checkMatchResources(spec.matchConstraints, constraintsPath, out);
    if ((spec.matchConstraints.resourceRules ?? []).length === 0) {
      out.push(fieldError.required(constraintsPath.child("resourceRules"), ""));
    }
  }
  checkMatchConditions(spec.matchConditions, specPath.child("matchConditions"), out);
  checkVariables(spec.variables, specPath.child("variables"), out);
  const validations = spec.validations ?? [];
  const annotations = spec.auditAnnotations ?? [];
  const validationsPath = specPath.child("validations");
  const annotationsPath = specPath.child("auditAnnotations");
  if (validations.length === 0 && annotations.length === 0) {
    const detail = "validations or auditAnnotations must contain at least one item";
    out.push(fieldError.required(validationsPath, detail), fieldError.required(annotationsPath, detail));
  }
  for (const [i, validation] of validations.entries()) checkValidation(validation, validationsPath.index(i), out);
  checkAnnotations(annotations, metadata.name ?? "", annotationsPath, out);
  return out;
}

function checkValidation(validation: Validation, path: FieldPath, out: FieldError[]): void {
  const { expression, message, reason } = validation;
  checkGiven(expression, "expression", path, out);
  const trimmed = (message ?? "").trim();
  const messagePath = path.child("message");
  if (message && trimmed === "") {
    out.push(fieldError.invalid(messagePath, message, "message must be non-empty if specified"));
  } else if (/[\r\n]/.test(trimmed)) {
    out.push(fieldError.invalid(messagePath, message, "message must not contain line breaks"));
  } else if (/[\r\n]/.test((expression ?? "").trim()) && trimmed === "") {
    out.push(fieldError.required(messagePath, "message must be specified if expression contains line breaks"));
  }
  if (reason !== undefined) {
    checkSupported(reason, ["Forbidden", "Invalid", "RequestEntityTooLarge"], path.child("reason"), out);
  }
}

function checkAnnotations(
  annotations: readonly AuditAnnotation[],
  policy: string,
  path: FieldPath,
  out: FieldError[],
): void {
  if (annotations.length > annotationsMax) {
    const detail = `must not have more than ${annotationsMax} auditAnnotations`;
    out.push(fieldError.invalid(path, annotations.length, detail));
  }
  const keys = new Set<string>();
  for (const [i, { key, valueExpression }] of annotations.entries()) {
    const at = path.index(i);
    const keyPath = at.child("key");
    if (policy === "") out.push(fieldError.invalid(keyPath, key, "requires metadata.name be non-empty"));
    else checkWith(isQualifiedName(`${policy}/${key}`), `${policy}/${key}`, keyPath, out);
    checkGiven(valueExpression, "valueExpression", at, out);
    if ((valueExpression ?? "").trim().length > valueExpressionMax) {
      const detail = `must not exceed ${valueExpressionMax} bytes in length`;
      out.push(fieldError.required(at.child("valueExpression"), detail));
    }
    if (keys.has(key)) out.push(fieldError.duplicate(keyPath, key));
    keys.add(key);
  }
}

const actions = ["Audit", "Deny", "Warn"];

function checkBinding({ spec }: Binding): FieldError[] {
  const out: FieldError[] = [];
  checkPolicyReference(spec, out);
  const wanted = spec.validationActions ?? [];
  const path = specPath.child("validationActions");
  if (wanted.length === 0) out.push(fieldError.required(path, "at least one validation action is required"));
  const seen = new Set<string>();
  for (const [i, action] of wanted.entries()) {
    checkSupported(action, actions, path.index(i), out);
    if (seen.has(action)) out.push(fieldError.duplicate(path.index(i), action));
    seen.add(action);
  }
  if (seen.has("Deny") && seen.has("Warn")) {
    const why = "(repeating the same validation failure information in the API response and headers serves no purpose)";
    out.push(fieldError.invalid(path, wanted, `must not contain both Deny and Warn ${why}`));
  }
  return out;
}

/** What every binding says: of which policy, with which parameters, for what. */
export function checkPolicyReference(
  spec: Pick<Binding["spec"], "matchResources" | "paramRef"> & { policyName?: string },
  out: FieldError[],
): void {
  const path = specPath.child("policyName");
  if (!spec.policyName) out.push(fieldError.required(path, ""));
  else checkDNSSubdomain(spec.policyName, path, out);
  if (spec.paramRef) checkParamRef(spec.paramRef, specPath.child("paramRef"), out);
  if (spec.matchResources) checkMatchResources(spec.matchResources, specPath.child("matchResources"), out);
}
