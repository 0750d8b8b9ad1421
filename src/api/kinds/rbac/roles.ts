import type { FieldError, FieldPath, LabelSelector } from "../../meta/index.ts";
import { fieldError, isPathSegmentName, labelSelectorAsSelector, root } from "../../meta/index.ts";
import type { AggregationRule, ClusterRole, PolicyRule, Role } from "../../types/index.ts";
import type { KindStrategy } from "../generic.ts";
import { checkLabelSelector } from "../label-selector.ts";

export const roleStrategy: KindStrategy = {
  prepareForCreate: (role: Role) => dropEmptyRules(role),
  prepareForUpdate: (role: Role) => dropEmptyRules(role),
  validateName: isPathSegmentName,
  validate: (role: Role) => checkRules(role.rules, true),
  validateUpdate: (role: Role) => checkRules(role.rules, true),
};

export const clusterRoleStrategy: KindStrategy = {
  prepareForCreate: (role: ClusterRole) => dropEmptyRules(role),
  prepareForUpdate: (role: ClusterRole) => dropEmptyRules(role),
  validateName: isPathSegmentName,
  validate: (role: ClusterRole) => checkClusterRole(role),
  validateUpdate: (role: ClusterRole) => checkClusterRole(role),
};

/** No rules are null, also when they come as an empty list. */
function dropEmptyRules(role: Role | ClusterRole): void {
  if (role.rules?.length === 0) role.rules = null;
}

function checkClusterRole({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const out = checkRules(rules, false);
  if (aggregationRule) checkAggregation(aggregationRule, root("aggregationRule"), out);
  return out;
}

function checkRules(rules: readonly PolicyRule[] | null | undefined, isNamespaced: boolean): FieldError[] {
  const out: FieldError[] = [];
  for (const [i, rule] of (rules ?? []).entries()) checkRule(rule, isNamespaced, root("rules").index(i), out);
  return out;
}

function checkRule(rule: PolicyRule, isNamespaced: boolean, path: FieldPath, out: FieldError[]): void {
  const [verbs, urls, groups, resources] = [rule.verbs, rule.nonResourceURLs, rule.apiGroups, rule.resources];
  if ((verbs ?? []).length === 0) {
    out.push(fieldError.required(path.child("verbs"), "verbs must contain at least one value"));
  }
  if (urls && urls.length > 0) {
    const at = path.child("nonResourceURLs");
    if (isNamespaced) out.push(fieldError.invalid(at, urls, "namespaced rules cannot apply to non-resource URLs"));
    if ([groups, resources, rule.resourceNames].some((list) => (list ?? []).length > 0)) {
      const detail = "rules cannot apply to both regular resources and non-resource URLs";
      out.push(fieldError.invalid(at, urls, detail));
    }
    return;
  }
  if ((groups ?? []).length === 0) {
    out.push(fieldError.required(path.child("apiGroups"), "resource rules must supply at least one api group"));
  }
  if ((resources ?? []).length === 0) {
    out.push(fieldError.required(path.child("resources"), "resource rules must supply at least one resource"));
  }
}

function checkAggregation(rule: AggregationRule, path: FieldPath, out: FieldError[]): void {
  const selectors = rule.clusterRoleSelectors ?? [];
  const at = path.child("clusterRoleSelectors");
  if (selectors.length === 0) {
    const detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
    out.push(fieldError.required(at, detail));
  }
  for (const [i, selector] of selectors.entries()) {
    checkLabelSelector(selector, at.index(i), out);
    if (!isReadable(selector)) out.push(fieldError.invalid(at.index(i), null, "invalid label selector."));
  }
}

function isReadable(selector: LabelSelector): boolean {
  try {
    labelSelectorAsSelector(selector);
    return true;
  } catch {
    return false;
  }
}
