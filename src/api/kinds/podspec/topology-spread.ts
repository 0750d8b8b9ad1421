import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { TopologySpreadConstraint } from "../../types/index.ts";
import { checkQualifiedName, checkSupported } from "../field-checks.ts";
import { checkLabelSelector } from "../label-selector.ts";
import { checkTopologyKey } from "./affinity.ts";

const unsatisfiableActions = ["DoNotSchedule", "ScheduleAnyway"];
const inclusionPolicies = ["Honor", "Ignore"];

export function checkTopologySpread(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  const seen = new Set<string>();
  for (const [i, constraint] of (constraints ?? []).entries()) {
    const at = path.index(i);
    checkConstraint(constraint, at, out);
    const pair = `{${constraint.topologyKey}, ${constraint.whenUnsatisfiable}}`;
    if (seen.has(pair)) out.push(fieldError.duplicate(at.child("{topologyKey, whenUnsatisfiable}"), pair));
    seen.add(pair);
    checkMatchLabelKeys(constraint, at, out);
    checkLabelSelector(constraint.labelSelector, at.child("labelSelector"), out);
  }
}

function checkConstraint(constraint: TopologySpreadConstraint, path: FieldPath, out: FieldError[]): void {
  const { maxSkew, whenUnsatisfiable, minDomains } = constraint;
  if (!(maxSkew > 0)) out.push(fieldError.invalid(path.child("maxSkew"), maxSkew ?? 0, "must be greater than zero"));
  checkTopologyKey(constraint.topologyKey, path.child("topologyKey"), out);
  checkSupported(whenUnsatisfiable, unsatisfiableActions, path.child("whenUnsatisfiable"), out);
  if (minDomains !== undefined) {
    if (minDomains <= 0)
      out.push(fieldError.invalid(path.child("minDomains"), minDomains, "must be greater than zero"));
    if (whenUnsatisfiable !== "DoNotSchedule") {
      const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
      out.push(fieldError.invalid(path.child("minDomains"), minDomains, detail));
    }
  }
  if (constraint.nodeAffinityPolicy !== undefined) {
    checkSupported(constraint.nodeAffinityPolicy, inclusionPolicies, path.child("nodeAffinityPolicy"), out);
  }
  if (constraint.nodeTaintsPolicy !== undefined) {
    checkSupported(constraint.nodeTaintsPolicy, inclusionPolicies, path.child("nodeTaintsPolicy"), out);
  }
}

function checkMatchLabelKeys(constraint: TopologySpreadConstraint, at: FieldPath, out: FieldError[]): void {
  const keys = constraint.matchLabelKeys ?? [];
  const path = at.child("matchLabelKeys");
  if (keys.length > 0 && !constraint.labelSelector) {
    out.push(fieldError.forbidden(path, "must not be specified when labelSelector is not set"));
  }
  for (const [i, key] of keys.entries()) checkQualifiedName(key, path.index(i), out);
}
