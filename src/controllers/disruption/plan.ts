import { formatTime, parseTime, scaledValue, setCondition } from "../../api/meta/index.ts";
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from "../../api/types/index.ts";
import { isReady } from "../pods/index.ts";

/** An eviction that was granted and whose pod lives on after this long has not happened. */
const grantedEvictionHoldsMs = 120_000;

export interface BudgetObserved {
  readonly budget: PodDisruptionBudget;
  /** All that the budget selects. */
  readonly pods: readonly Pod[];
  /** How many pods their controllers want in all; asked only where the budget counts in parts of that. */
  readonly wantedByControllers: () => number;
  readonly nowMs: number;
}

export interface BudgetPlan {
  readonly status: PodDisruptionBudgetStatus;
  /** When a granted eviction has to be looked at again. */
  readonly againAfterMs?: number;
}

/** How many of the pods may be evicted now. */
export function planBudget({ budget, pods, wantedByControllers, nowMs }: BudgetObserved): BudgetPlan {
  const { expected, desired } = expectation(budget, pods, wantedByControllers);
  const { disrupted, againAfterMs } = stillDisrupted(budget, pods, nowMs);
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
  return { status, againAfterMs };
}

function expectation(budget: PodDisruptionBudget, pods: readonly Pod[], wantedByControllers: () => number) {
  const { maxUnavailable, minAvailable } = budget.spec ?? {};
  if (maxUnavailable !== undefined) {
    const expected = wantedByControllers();
    return { expected, desired: Math.max(0, expected - scaledValue(maxUnavailable, expected, true)) };
  }
  if (typeof minAvailable === "number") return { expected: pods.length, desired: minAvailable };
  if (minAvailable === undefined) return { expected: pods.length, desired: 0 };
  const expected = wantedByControllers();
  return { expected, desired: scaledValue(minAvailable, expected, true) };
}

function stillDisrupted(budget: PodDisruptionBudget, pods: readonly Pod[], nowMs: number) {
  const disrupted: Record<string, string> = {};
  let againAfterMs: number | undefined;
  for (const [name, time] of Object.entries(budget.status?.disruptedPods ?? {})) {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || !time) continue;
    const left = parseTime(time) + grantedEvictionHoldsMs - nowMs;
    if (left <= 0) continue;
    disrupted[name] = time;
    againAfterMs = Math.min(againAfterMs ?? left, left);
  }
  return { disrupted, againAfterMs };
}
