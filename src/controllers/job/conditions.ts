import { findCondition, formatTime } from "../../api/meta/index.ts";
import type { Job, JobCondition } from "../../api/types/index.ts";

export type Conditions = readonly JobCondition[];

/** A new truth, with the times of now; a condition that holds with this reason already stays as it was. */
export function tell(
  conditions: Conditions,
  type: string,
  status: "True" | "False",
  reason: string,
  message: string,
  nowMs: number,
): Conditions {
  const known = findCondition(conditions, type);
  if (known?.status === status && known.reason === reason && known.message === message) return conditions;
  const now = formatTime(nowMs);
  const lastTransitionTime = known?.status === status ? known.lastTransitionTime : now;
  const next: JobCondition = { type, status, lastProbeTime: now, lastTransitionTime, reason, message };
  return known === undefined ? [...conditions, next] : conditions.map((other) => (other === known ? next : other));
}

export function holds(conditions: Conditions | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/** Nothing more happens for it. */
export function isFinished(job: Job): boolean {
  return holds(job.status?.conditions, "Complete") || holds(job.status?.conditions, "Failed");
}
