import type { KubeObject } from "../../meta/index.ts";
import type { PodDisruptionBudget } from "../../types/index.ts";

/** Marks a selector that was empty in v1beta1; the original's key. */
const emptySelectorKey = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match";

/** An empty selector chose no pods in v1beta1 and chooses all in v1: it becomes one that no pod matches. */
export function fromV1beta1(object: KubeObject): KubeObject {
  const budget = object as PodDisruptionBudget;
  const { selector } = budget.spec ?? {};
  if (selector === undefined || selector.matchLabels !== undefined || selector.matchExpressions !== undefined) {
    return object;
  }
  const none = { matchExpressions: [{ key: emptySelectorKey, operator: "Exists" }] };
  return { ...budget, spec: { ...budget.spec, selector: none } } as PodDisruptionBudget;
}
