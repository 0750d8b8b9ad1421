import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type {
  JobSpec,
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
} from "../../types/index.ts";
import { checkQualifiedName, checkSupported, invalidUnshown } from "../field-checks.ts";

const rulesMax = 20;
const exitCodesMax = 255;
const conditionsMax = 20;
const actions = ["Count", "FailIndex", "FailJob", "Ignore"];
const operators = ["In", "NotIn"];
const statuses = ["False", "True", "Unknown"];

export function checkPodFailurePolicy(
  spec: JobSpec,
  policy: PodFailurePolicy,
  path: FieldPath,
  out: FieldError[],
): void {
  const rules = policy.rules ?? [];
  const rulesPath = path.child("rules");
  if (rules.length > rulesMax) out.push(fieldError.tooMany(rulesPath, rules.length, rulesMax));
  const pod = spec.template.spec;
  const names = new Set([...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].map(({ name }) => name));
  for (const [i, rule] of rules.entries()) checkRule(spec, rule, names, rulesPath.index(i), out);
}

function checkRule(
  spec: JobSpec,
  rule: PodFailurePolicyRule,
  names: ReadonlySet<string>,
  path: FieldPath,
  out: FieldError[],
): void {
  checkAction(spec, rule.action, path.child("action"), out);
  if (rule.onExitCodes) checkExitCodes(rule.onExitCodes, names, path.child("onExitCodes"), out);
  const conditions = rule.onPodConditions ?? [];
  if (conditions.length > 0) checkConditions(conditions, path.child("onPodConditions"), out);
  if (rule.onExitCodes && conditions.length > 0) {
    invalidUnshown(path, "specifying both OnExitCodes and OnPodConditions is not supported", out);
  } else if (!rule.onExitCodes && conditions.length === 0) {
    invalidUnshown(path, "specifying one of OnExitCodes and OnPodConditions is required", out);
  }
}

function checkAction(spec: JobSpec, action: string, path: FieldPath, out: FieldError[]): void {
  if (!action) out.push(fieldError.required(path, validValues(actions)));
  else if (action !== "FailIndex") checkSupported(action, actions, path, out);
  else if (spec.backoffLimitPerIndex === undefined) {
    out.push(fieldError.invalid(path, action, "requires the backoffLimitPerIndex to be set"));
  }
}

function validValues(values: readonly string[]): string {
  return `valid values: [${values.map((value) => `"${value}"`).join(" ")}]`;
}

function checkExitCodes(
  { operator, containerName, values }: PodFailurePolicyOnExitCodesRequirement,
  names: ReadonlySet<string>,
  path: FieldPath,
  out: FieldError[],
): void {
  const operatorPath = path.child("operator");
  if (!operator) out.push(fieldError.required(operatorPath, validValues(operators)));
  else checkSupported(operator, operators, operatorPath, out);
  if (containerName !== undefined && !names.has(containerName)) {
    const detail = "must be one of the container or initContainer names in the pod template";
    out.push(fieldError.invalid(path.child("containerName"), containerName, detail));
  }
  const valuesPath = path.child("values");
  const codes = values ?? [];
  if (codes.length === 0) out.push(fieldError.invalid(valuesPath, values ?? null, "at least one value is required"));
  else if (codes.length > exitCodesMax) out.push(fieldError.tooMany(valuesPath, codes.length, exitCodesMax));
  const seen = new Set<number>();
  for (const [i, code] of codes.entries()) {
    if (operator === "In" && code === 0) {
      out.push(fieldError.invalid(valuesPath.index(i), code, "must not be 0 for the In operator"));
    }
    if (seen.has(code)) out.push(fieldError.duplicate(valuesPath.index(i), code));
    seen.add(code);
  }
  const isOrdered = codes.every((code, i) => code >= (codes[i - 1] ?? code));
  if (!isOrdered) out.push(fieldError.invalid(valuesPath, codes, "must be ordered"));
}

function checkConditions(
  conditions: readonly PodFailurePolicyOnPodConditionsPattern[],
  path: FieldPath,
  out: FieldError[],
): void {
  if (conditions.length > conditionsMax) out.push(fieldError.tooMany(path, conditions.length, conditionsMax));
  for (const [i, { type, status }] of conditions.entries()) {
    checkQualifiedName(type, path.index(i).child("type"), out);
    const statusPath = path.index(i).child("status");
    if (!status) out.push(fieldError.required(statusPath, validValues(statuses)));
    else checkSupported(status, statuses, statusPath, out);
  }
}
