import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutation } from "../../types/index.ts";
import { checkSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, integer, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkGiven, checkMatchConditions, checkVariables } from "./expressions.ts";
import {
  checkMatchResources,
  checkParamKind,
  defaultMatchResources,
  paramKindText,
  paramRefText,
} from "./match-resources.ts";
import { checkPolicyReference, defaultBinding } from "./validating-policy.ts";

const specPath = root("spec");

type Policy = MutatingAdmissionPolicy;
type Binding = MutatingAdmissionPolicyBinding;

export const mutatingPolicyStrategy: KindStrategy = {
  applyDefaults({ spec }: Policy) {
    spec.failurePolicy ??= "Fail";
    defaultMatchResources(spec.matchConstraints);
  },
  validate: (policy: Policy) => checkPolicy(policy),
  validateUpdate: (policy: Policy) => checkPolicy(policy),
  table: {
    columns: [nameColumn, integer("Mutations"), text("ParamKind"), ageColumn],
    cells: (policy: Policy, now) => [
      nameOf(policy),
      (policy.spec.mutations ?? []).length,
      paramKindText(policy.spec.paramKind),
      ageOf(policy, now),
    ],
  },
};

export const mutatingBindingStrategy: KindStrategy = {
  applyDefaults: ({ spec }: Binding) => defaultBinding(spec),
  validate: (binding: Binding) => checkBinding(binding),
  validateUpdate: (binding: Binding) => checkBinding(binding),
  table: {
    columns: [nameColumn, text("PolicyName"), text("ParamRef"), ageColumn],
    cells: (binding: Binding, now) => [
      nameOf(binding),
      binding.spec.policyName ?? "",
      paramRefText(binding.spec.paramRef),
      ageOf(binding, now),
    ],
  },
};

function checkBinding({ spec }: Binding): FieldError[] {
  const out: FieldError[] = [];
  checkPolicyReference(spec, out);
  return out;
}

function checkPolicy({ spec }: Policy): FieldError[] {
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
  const mutations = spec.mutations ?? [];
  const mutationsPath = specPath.child("mutations");
  if (mutations.length === 0) {
    out.push(fieldError.required(mutationsPath, "mutations must contain at least one item"));
  }
  for (const [i, mutation] of mutations.entries()) checkMutation(mutation, mutationsPath.index(i), out);
  const reinvocationPath = specPath.child("reinvocationPolicy");
  if (!spec.reinvocationPolicy) out.push(fieldError.required(reinvocationPath, ""));
  else checkSupported(spec.reinvocationPolicy, ["IfNeeded", "Never"], reinvocationPath, out);
  return out;
}

const patchTypes = ["ApplyConfiguration", "JSONPatch"];

function checkMutation(mutation: Mutation, path: FieldPath, out: FieldError[]): void {
  const { patchType, applyConfiguration, jsonPatch } = mutation;
  const typePath = path.child("patchType");
  if (!patchType) {
    out.push(fieldError.required(typePath, ""));
    return;
  }
  checkSupported(patchType, patchTypes, typePath, out);
  const [field, value, otherField, other] =
    patchType === "JSONPatch"
      ? (["jsonPatch", jsonPatch, "applyConfiguration", applyConfiguration] as const)
      : (["applyConfiguration", applyConfiguration, "jsonPatch", jsonPatch] as const);
  if (!patchTypes.includes(patchType)) return;
  if (value) checkGiven(value.expression, "expression", path.child(field), out);
  else out.push(fieldError.required(path.child(field), `must be specified when patchType is ${patchType}`));
  if (other) {
    const detail = `must not be specified when patchType is ${patchType}`;
    out.push(fieldError.invalid(path.child(otherField), "{applyConfiguration}", detail));
  }
}
