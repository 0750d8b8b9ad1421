import { findCondition, formatTime, parseTime } from "../../api/meta/index.ts";
import type { Deployment, DeploymentCondition, DeploymentStatus } from "../../api/types/index.ts";
import { replicasOf } from "./rolling.ts";

export const noDeadlineSeconds = 2 ** 31 - 1;

export type Conditions = readonly DeploymentCondition[];

export function condition(
  type: string,
  status: "True" | "False" | "Unknown",
  reason: string,
  message: string,
  nowMs: number,
): DeploymentCondition {
  const now = formatTime(nowMs);
  return { type, status, lastUpdateTime: now, lastTransitionTime: now, reason, message };
}

/** Replaced only when status or reason differ; the time of transition stays while the status does. */
export function withCondition(conditions: Conditions, next: DeploymentCondition): Conditions {
  const current = findCondition(conditions, next.type);
  if (current?.status === next.status && current.reason === next.reason) return conditions;
  const kept = current?.status === next.status ? { ...next, lastTransitionTime: current.lastTransitionTime } : next;
  return [...withoutCondition(conditions, next.type), kept];
}

export function withoutCondition(conditions: Conditions, type: string): Conditions {
  return conditions.some((known) => known.type === type)
    ? conditions.filter((known) => known.type !== type)
    : conditions;
}

export function progressing(conditions: Conditions | undefined): DeploymentCondition | undefined {
  return findCondition(conditions, "Progressing");
}

export function hasDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== noDeadlineSeconds;
}

export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const wanted = replicasOf(deployment);
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

export function madeProgress(before: DeploymentStatus | undefined, now: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus | undefined) => (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (before?.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before?.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before?.availableReplicas ?? 0)
  );
}

/** In how many ms the deadline passes without further progress; undefined when none is running. */
export function deadlineInMs(deployment: Deployment, conditions: Conditions, nowMs: number): number | undefined {
  const current = progressing(conditions);
  if (!hasDeadline(deployment) || current === undefined) return undefined;
  if (current.reason === "NewReplicaSetAvailable" || current.reason === "ProgressDeadlineExceeded") return undefined;
  if (!current.lastUpdateTime) return undefined;
  return parseTime(current.lastUpdateTime) + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 - nowMs;
}

/** A paused deployment makes no progress and must not time out for it. */
export function withPausing(deployment: Deployment, conditions: Conditions, nowMs: number): Conditions {
  if (!hasDeadline(deployment)) return conditions;
  const current = progressing(conditions);
  if (current?.reason === "ProgressDeadlineExceeded") return conditions;
  const toldPaused = current?.reason === "DeploymentPaused";
  if (deployment.spec.paused && !toldPaused) {
    const message = "Deployment is paused";
    return withCondition(conditions, condition("Progressing", "Unknown", "DeploymentPaused", message, nowMs));
  }
  if (!deployment.spec.paused && toldPaused) {
    const message = "Deployment is resumed";
    return withCondition(conditions, condition("Progressing", "Unknown", "DeploymentResumed", message, nowMs));
  }
  return conditions;
}
