import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isPathSegmentName } from "../../meta/index.ts";
import type { autoscalingV2 } from "../../types/index.ts";
import { checkWith } from "../field-checks.ts";

export interface TargetRules {
  /** Objects that a metric describes may be of the core group. */
  readonly coreGroup?: boolean;
  /** What an object had before the rule came stays. */
  readonly anyVersion?: boolean;
}

export function checkTargetReference(
  reference: autoscalingV2.CrossVersionObjectReference,
  rules: TargetRules,
  path: FieldPath,
  out: FieldError[],
): void {
  for (const field of ["kind", "name"] as const) {
    const value = reference[field];
    if (!value) out.push(fieldError.required(path.child(field), ""));
    else checkWith(isPathSegmentName(value), value, path.child(field), out);
  }
  const problem = apiVersionProblem(reference, rules);
  if (problem) out.push(fieldError.invalid(path.child("apiVersion"), reference.apiVersion ?? "", problem));
}

export function isTargetApiVersion(reference: autoscalingV2.CrossVersionObjectReference): boolean {
  return apiVersionProblem(reference, {}) === undefined;
}

function apiVersionProblem(
  { apiVersion = "", kind }: autoscalingV2.CrossVersionObjectReference,
  { coreGroup, anyVersion }: TargetRules,
): string | undefined {
  const slashes = apiVersion.split("/").length - 1;
  if (slashes > 1) return `unexpected GroupVersion string: ${apiVersion}`;
  if (anyVersion || coreGroup || kind === "ReplicationController") return undefined;
  const hasGroup = slashes === 1 && !apiVersion.startsWith("/");
  return hasGroup ? undefined : "apiVersion must specify API group";
}
