import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { admissionregistrationV1, ValidatingAdmissionPolicyBinding } from "../../types/index.ts";
import { checkSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkMatchResources, checkParamRef, checkPolicyName, defaultMatchResources } from "./policy-parts.ts";

type Binding = ValidatingAdmissionPolicyBinding;

const specPath = root("spec");

export const validatingPolicyBindingStrategy: KindStrategy = {
  applyDefaults: ({ spec }: Binding) => defaultMatchResources(spec?.matchResources),
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

/** Which parameters a binding names, as tables show it. */
export function paramRefText(reference: admissionregistrationV1.ParamRef | undefined): string {
  if (!reference) return "<unset>";
  const { name = "", namespace } = reference;
  if (namespace) return `${namespace}/${name || "*"}`;
  return name || "*";
}

function checkBinding({ spec }: Binding): FieldError[] {
  const out: FieldError[] = [];
  checkPolicyName(spec.policyName, specPath.child("policyName"), out);
  checkParamRef(spec.paramRef, specPath.child("paramRef"), out);
  checkMatchResources(spec.matchResources, specPath.child("matchResources"), out);
  checkActions(spec.validationActions ?? [], out);
  return out;
}

function checkActions(actions: readonly string[], out: FieldError[]): void {
  const path = specPath.child("validationActions");
  const seen = new Set<string>();
  for (const [i, action] of actions.entries()) {
    checkSupported(action, ["Audit", "Deny", "Warn"], path.index(i), out);
    if (seen.has(action)) out.push(fieldError.duplicate(path.index(i), action));
    seen.add(action);
  }
  if (seen.has("Deny") && seen.has("Warn")) {
    const detail =
      "must not contain both Deny and Warn (repeating the same validation failure information in the API response " +
      "and headers serves no purpose)";
    out.push(fieldError.invalid(path, actions, detail));
  }
  if (seen.size === 0) out.push(fieldError.required(path, "at least one validation action is required"));
}
