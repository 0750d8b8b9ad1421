import { formatTime, parseTime, scaledValue, setCondition } from "../../api/meta/index.ts";
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from "../../api/types/index.ts";
import { isReady } from "../pods/index.ts";

/** An eviction that was granted and whose pod lives on after this long has not happened. */
const grantedEvictionHoldsMs = 120_000;

export interface BudgetObserved {
  readonly budget: PodDisruptionBudget;
  /** All that the budget selects. */
  readonly pods: readonly Pod[];
  /** How many pods there should be: what their controllers want in all where the budget counts in parts of that. */
  readonly expected: number;
  readonly nowMs: number;
}

export interface BudgetPlan {
  readonly status: PodDisruptionBudgetStatus;
  /** Pods whose eviction was granted long ago and did not come. */
  readonly notDeleted: readonly Pod[];
  /** When a granted eviction has to be looked at again. */
  readonly againAfterMs?: number;
}

/** How many of the pods may be evicted now. */
export function planBudget({ budget, pods, expected, nowMs }: BudgetObserved): BudgetPlan {
  const desired = desiredHealthy(budget, expected);
  const { disrupted, notDeleted, againAfterMs } = stillDisrupted(budget, pods, nowMs);
  const healthy = pods.filter(
    (pod) =>
      isReady(pod) && pod.metadata.deletionTimestamp === undefined && disrupted[pod.metadata.name ?? ""] === undefined,
  ).length;
  const allowed = expected > 0 ? Math.max(0, healthy - desired) : 0;
  const condition = {
    type: "DisruptionAllowed",
    status: allowed > 0 ? "True" : "False",
    reason: allowed > 0 ? "SufficientPods" : "InsufficientPods",
    message: "",
    observedGeneration: budget.metadata.generation,
  };
  const status: PodDisruptionBudgetStatus = {
    observedGeneration: budget.metadata.generation,
    disruptionsAllowed: allowed,
    currentHealthy: healthy,
    desiredHealthy: desired,
    expectedPods: expected,
    conditions: setCondition(budget.status?.conditions, condition, formatTime(nowMs)),
  };
  if (Object.keys(disrupted).length > 0) status.disruptedPods = disrupted;
  return { status, notDeleted, againAfterMs };
}

/** A budget in parts, or of what may be missing, needs to know how many pods there should be. */
export function countsInParts({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === "string";
}

/** The status of a budget that cannot be reckoned: nothing may be evicted. */
export function failedStatus(budget: PodDisruptionBudget, message: string, nowMs: number): PodDisruptionBudgetStatus {
  const before = budget.status ?? { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, disruptionsAllowed: 0 };
  const condition = {
    type: "DisruptionAllowed",
    status: "False",
    reason: "SyncFailed",
    message,
    ...(before.observedGeneration === undefined ? {} : { observedGeneration: before.observedGeneration }),
  };
  return {
    ...before,
    disruptionsAllowed: 0,
    conditions: setCondition(before.conditions, condition, formatTime(nowMs)),
  };
}

function desiredHealthy({ spec }: PodDisruptionBudget, expected: number): number {
  const { maxUnavailable, minAvailable } = spec ?? {};
  if (maxUnavailable !== undefined) return Math.max(0, expected - scaledValue(maxUnavailable, expected, true));
  return minAvailable === undefined ? 0 : scaledValue(minAvailable, expected, true);
}

function stillDisrupted(budget: PodDisruptionBudget, pods: readonly Pod[], nowMs: number) {
  const disrupted: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  let againAfterMs: number | undefined;
  for (const [name, time] of Object.entries(budget.status?.disruptedPods ?? {})) {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || !time) continue;
    const left = parseTime(time) + grantedEvictionHoldsMs - nowMs;
    if (left <= 0) {
      notDeleted.push(pod);
      continue;
    }
    disrupted[name] = time;
    againAfterMs = Math.min(againAfterMs ?? left, left);
  }
  return { disrupted, notDeleted, againAfterMs };
}
