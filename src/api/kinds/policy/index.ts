/** The resources of the group policy, one file a kind. */
import type { KindStrategy } from "../generic.ts";
import { podDisruptionBudgetStrategy } from "./pod-disruption-budget.ts";

/** Strategies by resource. */
export const policyStrategies: Readonly<Record<string, KindStrategy>> = {
  poddisruptionbudgets: podDisruptionBudgetStrategy,
};
