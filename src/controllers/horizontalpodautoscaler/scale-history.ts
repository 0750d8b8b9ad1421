import type { autoscalingV2 } from "../../api/types/index.ts";

type Rules = autoscalingV2.HPAScalingRules;
type Behavior = autoscalingV2.HorizontalPodAutoscalerBehavior;

interface Timed {
  /** Replicas: recommended, or added or taken away. */
  readonly count: number;
  readonly atMs: number;
}

/** What was recommended for one autoscaler and done of late. */
export interface ScaleHistory {
  readonly recommendations: readonly Timed[];
  readonly ups: readonly Timed[];
  readonly downs: readonly Timed[];
}

export interface Wanted {
  readonly current: number;
  /** What the metrics ask for. */
  readonly desired: number;
  readonly min: number;
  readonly max: number;
  readonly behavior: Behavior | undefined;
  /** For autoscalers that do not say how long they wait before they shrink. */
  readonly downscaleStabilizationMs: number;
  readonly nowMs: number;
}

export interface Told {
  readonly reason: string;
  readonly message: string;
}

export interface Decision {
  readonly replicas: number;
  readonly history: ScaleHistory;
  readonly ableToScale: Told;
  readonly limited: Told & { readonly isLimited: boolean };
}

const doubling = 2;
const growthMin = 4;

const stabilizedUp: Told = {
  reason: "ScaleUpStabilized",
  message: "recent recommendations were lower than current one, applying the lowest recent recommendation",
};
const stabilizedDown: Told = {
  reason: "ScaleDownStabilized",
  message: "recent recommendations were higher than current one, applying the highest recent recommendation",
};
const readyForNew: Told = { reason: "ReadyForNewScale", message: "recommended size matches current size" };
const growsTooFast: Told = {
  reason: "ScaleUpLimit",
  message: "the desired replica count is increasing faster than the maximum scale rate",
};
const shrinksTooFast: Told = {
  reason: "ScaleDownLimit",
  message: "the desired replica count is decreasing faster than the maximum scale rate",
};
const tooMany: Told = {
  reason: "TooManyReplicas",
  message: "the desired replica count is more than the maximum replica count",
};
const tooFew: Told = {
  reason: "TooFewReplicas",
  message: "the desired replica count is less than the minimum replica count",
};
const withinRange: Told = {
  reason: "DesiredWithinRange",
  message: "the desired count is within the acceptable range",
};

/** The history of an autoscaler that is seen for the first time: it begins with what there is. */
export function beginHistory(replicas: number, nowMs: number): ScaleHistory {
  return { recommendations: [{ count: replicas, atMs: nowMs }], ups: [], downs: [] };
}

/** What becomes of a wish: smoothed by what was wished of late, then held to the limits and the pace of change. */
export function decide(history: ScaleHistory, wanted: Wanted): Decision {
  const { desired, nowMs, behavior } = wanted;
  const windows = windowsOf(wanted);
  const grows = behavior !== undefined && desired >= wanted.current;
  const within = history.recommendations.filter(({ atMs }) =>
    behavior === undefined ? atMs >= nowMs - windows.down : atMs > nowMs - (grows ? windows.up : windows.down),
  );
  const counts = [desired, ...within.map(({ count }) => count)];
  const stabilized = grows ? Math.min(...counts) : Math.max(...counts);
  const keepSince = nowMs - Math.max(windows.up, windows.down);
  const recommendations = [
    ...history.recommendations.filter(({ atMs }) => atMs >= keepSince),
    { count: desired, atMs: nowMs },
  ];
  const { replicas, told } = limit(stabilized, history, wanted);
  return {
    replicas,
    history: { ...history, recommendations },
    ableToScale: stabilized === desired ? readyForNew : grows ? stabilizedUp : stabilizedDown,
    limited: { ...told, isLimited: replicas !== stabilized },
  };
}

/** The history after the target was scaled. */
export function withScaling(
  history: ScaleHistory,
  behavior: Behavior | undefined,
  from: number,
  to: number,
  nowMs: number,
): ScaleHistory {
  if (behavior === undefined) return history;
  const key = to > from ? "ups" : "downs";
  const rules = to > from ? behavior.scaleUp : behavior.scaleDown;
  const longest = Math.max(0, ...(rules?.policies ?? []).map(({ periodSeconds }) => periodSeconds));
  const kept = history[key].filter(({ atMs }) => atMs >= nowMs - longest * 1000);
  return { ...history, [key]: [...kept, { count: Math.abs(to - from), atMs: nowMs }] };
}

function windowsOf({ behavior, downscaleStabilizationMs }: Wanted): { up: number; down: number } {
  const down = behavior?.scaleDown?.stabilizationWindowSeconds;
  return {
    up: (behavior?.scaleUp?.stabilizationWindowSeconds ?? 0) * 1000,
    down: down === undefined ? downscaleStabilizationMs : down * 1000,
  };
}

function limit(desired: number, history: ScaleHistory, wanted: Wanted): { replicas: number; told: Told } {
  const { current, min, max, behavior, nowMs } = wanted;
  if (behavior === undefined) {
    const fastest = Math.max(doubling * current, growthMin);
    if (desired < min) return { replicas: min, told: tooFew };
    if (desired > Math.min(max, fastest)) {
      return max > fastest ? { replicas: fastest, told: growsTooFast } : { replicas: max, told: tooMany };
    }
    return { replicas: desired, told: withinRange };
  }
  if (desired > current) {
    const fastest = Math.max(current, upLimit(current, history, behavior.scaleUp, nowMs));
    if (desired > Math.min(max, fastest)) {
      return max > fastest ? { replicas: fastest, told: growsTooFast } : { replicas: max, told: tooMany };
    }
  } else if (desired < current) {
    const fastest = Math.min(current, downLimit(current, history, behavior.scaleDown, nowMs));
    if (desired < Math.max(min, fastest)) {
      return min < fastest ? { replicas: fastest, told: shrinksTooFast } : { replicas: min, told: tooFew };
    }
  }
  return { replicas: desired, told: withinRange };
}

function upLimit(current: number, { ups, downs }: ScaleHistory, rules: Rules | undefined, nowMs: number): number {
  if (rules?.selectPolicy === "Disabled") return current;
  const proposals = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const before = current - sumSince(ups, periodSeconds, nowMs) + sumSince(downs, periodSeconds, nowMs);
    // Rounded up: from one replica, one percent more must be more.
    return type === "Pods" ? before + value : Math.ceil(before * (1 + value / 100));
  });
  return rules?.selectPolicy === "Min" ? Math.min(...proposals) : Math.max(...proposals);
}

function downLimit(current: number, { ups, downs }: ScaleHistory, rules: Rules | undefined, nowMs: number): number {
  if (rules?.selectPolicy === "Disabled") return current;
  const proposals = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const before = current + sumSince(downs, periodSeconds, nowMs) - sumSince(ups, periodSeconds, nowMs);
    return type === "Pods" ? before - value : Math.trunc(before * (1 - value / 100));
  });
  return rules?.selectPolicy === "Min" ? Math.max(...proposals) : Math.min(...proposals);
}

function sumSince(changes: readonly Timed[], periodSeconds: number, nowMs: number): number {
  return changes.reduce((sum, { count, atMs }) => (atMs > nowMs - periodSeconds * 1000 ? sum + count : sum), 0);
}
