import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Subdomain, isValidLabelValue } from "../../meta/index.ts";
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from "../../types/index.ts";
import { checkQualifiedName, checkWith } from "../field-checks.ts";

export function checkNodeSelector(selector: NodeSelector, path: FieldPath, out: FieldError[]): void {
  const terms = selector.nodeSelectorTerms ?? [];
  const termsPath = path.child("nodeSelectorTerms");
  if (terms.length === 0) {
    out.push(fieldError.required(termsPath, "must have at least one node selector term"));
    return;
  }
  for (const [i, term] of terms.entries()) {
    const at = termsPath.index(i);
    checkNodeSelectorTerm(term, at, out);
    checkLabelValues(term, at, out);
  }
}

/** What is required must be able to match; of what is preferred, values are only warned of. */
function checkLabelValues(term: NodeSelectorTerm, path: FieldPath, out: FieldError[]): void {
  for (const [i, { values }] of (term.matchExpressions ?? []).entries()) {
    const at = path.child("matchExpressions").index(i).child("values");
    for (const [v, value] of (values ?? []).entries()) checkWith(isValidLabelValue(value), value, at.index(v), out);
  }
}

export function checkNodeSelectorTerm(term: NodeSelectorTerm, path: FieldPath, out: FieldError[]): void {
  for (const [i, requirement] of (term.matchExpressions ?? []).entries()) {
    checkExpression(requirement, path.child("matchExpressions").index(i), out);
  }
  for (const [i, requirement] of (term.matchFields ?? []).entries()) {
    checkField(requirement, path.child("matchFields").index(i), out);
  }
}

function checkExpression(requirement: NodeSelectorRequirement, path: FieldPath, out: FieldError[]): void {
  const count = (requirement.values ?? []).length;
  switch (requirement.operator) {
    case "In":
    case "NotIn":
      if (count === 0) {
        out.push(fieldError.required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
      }
      break;
    case "Exists":
    case "DoesNotExist":
      if (count > 0) {
        const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
        out.push(fieldError.forbidden(path.child("values"), detail));
      }
      break;
    case "Gt":
    case "Lt":
      if (count !== 1) {
        const detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
        out.push(fieldError.required(path.child("values"), detail));
      }
      break;
    default:
      out.push(fieldError.invalid(path.child("operator"), requirement.operator ?? "", "not a valid selector operator"));
  }
  checkQualifiedName(requirement.key ?? "", path.child("key"), out);
}

function checkField(requirement: NodeSelectorRequirement, path: FieldPath, out: FieldError[]): void {
  const values = requirement.values ?? [];
  if (requirement.operator === "In" || requirement.operator === "NotIn") {
    if (values.length !== 1) {
      const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
      out.push(fieldError.required(path.child("values"), detail));
    }
  } else {
    out.push(fieldError.invalid(path.child("operator"), requirement.operator ?? "", "not a valid selector operator"));
  }
  if (requirement.key !== "metadata.name") {
    out.push(fieldError.invalid(path.child("key"), requirement.key ?? "", "not a valid field selector key"));
    return;
  }
  for (const [i, value] of values.entries()) {
    checkWith(isDNS1123Subdomain(value), value, path.child("values").index(i), out);
  }
}
