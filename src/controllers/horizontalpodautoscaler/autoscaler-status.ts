import { formatTime } from "../../api/meta/index.ts";
import type { autoscalingV2 } from "../../api/types/index.ts";

type Autoscaler = autoscalingV2.HorizontalPodAutoscaler;
type Condition = autoscalingV2.HorizontalPodAutoscalerCondition;
type Status = autoscalingV2.HorizontalPodAutoscalerStatus;

/** What one look at an autoscaler finds out, gathered step by step, and the status that it makes. */
export class StatusDraft {
  readonly #before: Status;
  readonly #nowMs: number;
  #conditions: Condition[];

  constructor(autoscaler: Autoscaler, nowMs: number) {
    this.#before = autoscaler.status ?? { desiredReplicas: 0 };
    this.#nowMs = nowMs;
    this.#conditions = [...(this.#before.conditions ?? [])];
  }

  tell(
    type: "AbleToScale" | "ScalingActive" | "ScalingLimited",
    isTrue: boolean,
    reason: string,
    message: string,
  ): void {
    const status = isTrue ? "True" : "False";
    const known = this.#conditions.find((condition) => condition.type === type);
    const sameStatus = known?.status === status;
    const lastTransitionTime = sameStatus ? known.lastTransitionTime : formatTime(this.#nowMs);
    const next: Condition = { type, status, lastTransitionTime, reason, message };
    this.#conditions =
      known === undefined ? [...this.#conditions, next] : this.#conditions.map((one) => (one === known ? next : one));
  }

  /** When only conditions are known. */
  withConditions(): Status {
    return { ...this.#before, conditions: this.#conditions };
  }

  withReplicas(
    current: number,
    desired: number | undefined,
    metrics: readonly autoscalingV2.MetricStatus[] | undefined,
    scaled: boolean,
  ): Status {
    const lastScaleTime = scaled ? formatTime(this.#nowMs) : this.#before.lastScaleTime;
    const status: Status = {
      desiredReplicas: desired ?? this.#before.desiredReplicas,
      currentMetrics: metrics === undefined ? null : [...metrics],
      conditions: this.#conditions,
    };
    if (current !== 0) status.currentReplicas = current;
    if (lastScaleTime !== undefined) status.lastScaleTime = lastScaleTime;
    return status;
  }
}
