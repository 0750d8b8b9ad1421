import type { LabelSelector, LabelSelectorRequirement, Labels } from "../../meta/index.ts";
import type { PodAffinity, PodSpec } from "../../types/index.ts";

/** Selectors that take values from the pod's own labels get them written in when the pod is created. */
export function mergeMatchLabelKeys(spec: PodSpec, labels: Labels): void {
  mergeAffinity(spec.affinity?.podAffinity, labels);
  mergeAffinity(spec.affinity?.podAntiAffinity, labels);
  for (const constraint of spec.topologySpreadConstraints ?? []) {
    if (constraint.labelSelector && constraint.matchLabelKeys) {
      constraint.labelSelector = merged(constraint.labelSelector, constraint.matchLabelKeys, [], labels);
    }
  }
}

function mergeAffinity(affinity: PodAffinity | undefined, labels: Labels): void {
  if (!affinity) return;
  const preferred = (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
    (term) => term.podAffinityTerm,
  );
  for (const term of [...(affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...preferred]) {
    const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
    if (labelSelector) term.labelSelector = merged(labelSelector, matchLabelKeys, mismatchLabelKeys, labels);
  }
}

function merged(
  selector: LabelSelector,
  match: readonly string[],
  mismatch: readonly string[],
  labels: Labels,
): LabelSelector {
  const added: LabelSelectorRequirement[] = [];
  const add = (key: string, operator: string) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (value !== undefined) added.push({ key, operator, values: [value] });
  };
  for (const key of match) add(key, "In");
  for (const key of mismatch) add(key, "NotIn");
  if (added.length === 0) return selector;
  return { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added] };
}
