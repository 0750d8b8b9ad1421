import { compilePolicy, type PolicyCompiler } from "../../cel/index.ts";
import type { FieldError, FieldPath } from "../../meta/index.ts";
import { deepEqual, fieldError, root } from "../../meta/index.ts";
import type {
  admissionregistrationV1,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from "../../types/index.ts";
import { checkRequiredSupported, checkSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, integer, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkMatchConditions, isBlank } from "./match-conditions.ts";
import {
  checkFailurePolicy,
  checkMatchConstraints,
  checkMatchResources,
  checkParamKind,
  checkParamRef,
  checkPolicyName,
  checkVariables,
  defaultMatchResources,
} from "./policy-parts.ts";
import { paramKindText } from "./validating-policy.ts";
import { paramRefText } from "./validating-policy-binding.ts";

type Policy = MutatingAdmissionPolicy;
type Binding = MutatingAdmissionPolicyBinding;

/** Nothing is left to change of what is deleted. */
const operations = ["*", "CONNECT", "CREATE", "UPDATE"];
const specPath = root("spec");

export const mutatingPolicyStrategy: KindStrategy = {
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
  table: {
    columns: [nameColumn, integer("Mutations"), text("ParamKind"), ageColumn],
    cells: (policy: Policy, now) => [
      nameOf(policy),
      policy.spec.mutations?.length ?? 0,
      paramKindText(policy.spec.paramKind),
      ageOf(policy, now),
    ],
  },
};

export const mutatingPolicyBindingStrategy: KindStrategy = {
  applyDefaults: ({ spec }: Binding) => defaultMatchResources(spec?.matchResources),
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

function checkPolicy({ spec }: Policy, ignoresMatchConditions: boolean): FieldError[] {
  const out: FieldError[] = [];
  checkFailurePolicy(spec.failurePolicy, specPath.child("failurePolicy"), out);
  checkParamKind(spec.paramKind, specPath.child("paramKind"), out);
  const constraintsPath = specPath.child("matchConstraints");
  checkMatchConstraints(spec.matchConstraints, constraintsPath, out);
  checkOperations(spec.matchConstraints, constraintsPath, out);
  const hasParams = spec.paramKind !== undefined;
  const conditionsPath = specPath.child("matchConditions");
  if (!ignoresMatchConditions) checkMatchConditions(spec.matchConditions, conditionsPath, out, hasParams);
  const compiler = compilePolicy({ hasParams, hasPatches: true }, (spec.variables ?? []).length > 0);
  checkVariables(spec.variables, compiler, specPath.child("variables"), out);
  const mutationsPath = specPath.child("mutations");
  const mutations = spec.mutations ?? [];
  if (mutations.length === 0) {
    out.push(fieldError.required(mutationsPath, "mutations must contain at least one item"));
  }
  for (const [i, mutation] of mutations.entries()) checkMutation(mutation, compiler, mutationsPath.index(i), out);
  checkRequiredSupported(spec.reinvocationPolicy, ["IfNeeded", "Never"], specPath.child("reinvocationPolicy"), out);
  return out;
}

/** The path has no indexes, as the original writes it. */
function checkOperations(
  resources: admissionregistrationV1.MatchResources | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  for (const rule of resources?.resourceRules ?? []) {
    for (const operation of rule.operations ?? []) {
      checkSupported(operation, operations, path.child("resourceRules", "operations"), out);
    }
  }
}

const patchFields = { ApplyConfiguration: "applyConfiguration", JSONPatch: "jsonPatch" } as const;

/** What their expressions make. */
const patchResults = { ApplyConfiguration: "Object", JSONPatch: "list<JSONPatch>" } as const;

function checkMutation(
  mutation: admissionregistrationV1.Mutation,
  compiler: PolicyCompiler,
  path: FieldPath,
  out: FieldError[],
): void {
  const { patchType } = mutation;
  checkRequiredSupported(patchType, Object.keys(patchFields), path.child("patchType"), out);
  if (patchType !== "ApplyConfiguration" && patchType !== "JSONPatch") return;
  const wanted = patchFields[patchType];
  for (const field of Object.values(patchFields)) {
    const patch = mutation[field];
    if (field !== wanted) {
      const detail = `must not be specified when patchType is ${patchType}`;
      if (patch) out.push(fieldError.invalid(path.child(field), `{${field}}`, detail));
    } else if (!patch) {
      out.push(fieldError.required(path.child(field), `must be specified when patchType is ${patchType}`));
    } else if (isBlank(patch.expression)) {
      out.push(fieldError.required(path.child(field, "expression"), ""));
    } else {
      const { error } = compiler.compile(patch.expression ?? "", patchResults[patchType]);
      if (error !== undefined) out.push(fieldError.invalid(path.child(field, "expression"), patch.expression, error));
    }
  }
}

function checkBinding({ spec }: Binding): FieldError[] {
  const out: FieldError[] = [];
  checkPolicyName(spec.policyName, specPath.child("policyName"), out);
  checkParamRef(spec.paramRef, specPath.child("paramRef"), out);
  const path = specPath.child("matchResources");
  checkMatchResources(spec.matchResources, path, out);
  checkOperations(spec.matchResources, path, out);
  return out;
}
