import type { FieldError, FieldPath, LabelSelector, LabelSelectorRequirement } from "../meta/index.ts";
import { fieldError, isQualifiedName, isValidLabelValue } from "../meta/index.ts";
import { checkLabels, checkWith } from "./field-checks.ts";

export interface SelectorRules {
  /** Values of In and NotIn are not checked (selectors of resource claims and some others of old). */
  readonly allowInvalidValues?: boolean;
}

/** The published rules of a label selector, for every kind that has one. */
export function checkLabelSelector(
  selector: LabelSelector | null | undefined,
  path: FieldPath,
  out: FieldError[],
  rules: SelectorRules = {},
): void {
  if (!selector) return;
  checkLabels(selector.matchLabels, path.child("matchLabels"), out);
  const expressions = selector.matchExpressions ?? [];
  for (let i = 0; i < expressions.length; i++) {
    const requirement = expressions[i];
    if (requirement) checkRequirement(requirement, path.child("matchExpressions").index(i), out, rules);
  }
}

function checkRequirement(
  requirement: LabelSelectorRequirement,
  path: FieldPath,
  out: FieldError[],
  rules: SelectorRules,
): void {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case "In":
    case "NotIn":
      if (values.length === 0) {
        out.push(fieldError.required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
      }
      break;
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0) {
        out.push(
          fieldError.forbidden(
            path.child("values"),
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          ),
        );
      }
      break;
    default:
      out.push(fieldError.invalid(path.child("operator"), requirement.operator ?? "", "not a valid selector operator"));
  }
  const key = requirement.key ?? "";
  checkWith(isQualifiedName(key), key, path.child("key"), out);
  if (rules.allowInvalidValues) return;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? "";
    checkWith(isValidLabelValue(value), value, path.child("values").index(i), out);
  }
}

/** A selector as messages show it: fields in their published order. */
export function shownSelector(selector: LabelSelector | null | undefined): unknown {
  if (!selector) return null;
  const expressions = selector.matchExpressions?.map(({ key, operator, values }) => ({ key, operator, values }));
  return { matchLabels: selector.matchLabels, matchExpressions: expressions };
}

/** A selector that selects everything, which most kinds refuse. */
export function isEmptyLabelSelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}
