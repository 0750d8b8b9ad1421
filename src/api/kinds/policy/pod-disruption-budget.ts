import type { FieldError, IntOrString } from "../../meta/index.ts";
import { fieldError, intOrStringText, isPathSegmentName, root } from "../../meta/index.ts";
import type { PodDisruptionBudget } from "../../types/index.ts";
import { checkNonNegative, checkSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkAtMost100Percent, checkNonNegativeIntOrPercent } from "../int-or-percent.ts";
import { checkLabelSelector } from "../label-selector.ts";
import { ageColumn, ageOf, integer, nameColumn, nameOf, text } from "../table/cells.ts";

const evictionPolicies = ["AlwaysAllow", "IfHealthyBudget"];

export const podDisruptionBudgetStrategy: KindStrategy = {
  validateName: isPathSegmentName,
  validate: (budget: PodDisruptionBudget) => checkBudget(budget),
  updates: {
    status: { prepareForUpdate() {}, validateUpdate: (budget: PodDisruptionBudget) => checkStatus(budget) },
  },
  table: {
    columns: [nameColumn, text("Min Available"), text("Max Unavailable"), integer("Allowed Disruptions"), ageColumn],
    cells: (budget: PodDisruptionBudget, now) => [
      nameOf(budget),
      orNotApplicable(budget.spec?.minAvailable),
      orNotApplicable(budget.spec?.maxUnavailable),
      budget.status?.disruptionsAllowed ?? 0,
      ageOf(budget, now),
    ],
  },
};

function orNotApplicable(value: IntOrString | undefined): string {
  return value === undefined ? "N/A" : intOrStringText(value);
}

function checkBudget(budget: PodDisruptionBudget): FieldError[] {
  const out: FieldError[] = [];
  const path = root("spec");
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = budget.spec ?? {};
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    out.push(fieldError.invalid(path, budget.spec, "minAvailable and maxUnavailable cannot be both set"));
  }
  for (const [name, value] of [
    ["minAvailable", minAvailable],
    ["maxUnavailable", maxUnavailable],
  ] as const) {
    if (value === undefined) continue;
    checkNonNegativeIntOrPercent(value, path.child(name), out);
    checkAtMost100Percent(value, path.child(name), out);
  }
  checkLabelSelector(selector, path.child("selector"), out);
  if (unhealthyPodEvictionPolicy !== undefined) {
    checkSupported(unhealthyPodEvictionPolicy, evictionPolicies, path.child("unhealthyPodEvictionPolicy"), out);
  }
  return out;
}

function checkStatus(budget: PodDisruptionBudget): FieldError[] {
  const out: FieldError[] = [];
  const { status } = budget;
  const path = root("status");
  checkNonNegative(status?.disruptionsAllowed, path.child("disruptionsAllowed"), out);
  checkNonNegative(status?.currentHealthy, path.child("currentHealthy"), out);
  checkNonNegative(status?.desiredHealthy, path.child("desiredHealthy"), out);
  checkNonNegative(status?.expectedPods, path.child("expectedPods"), out);
  return out;
}
