import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "../../api/types/index.ts";
import { omitZero } from "../status-fields.ts";
import {
  type Conditions,
  condition,
  deadlineInMs,
  hasDeadline,
  isComplete,
  madeProgress,
  progressing,
  withCondition,
  withoutCondition,
} from "./conditions.ts";
import { availableReplicas, maxUnavailable, replicasOf, specReplicas } from "./rolling.ts";

/** What the replica sets add up to. */
export function countedStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newest: ReplicaSet | undefined,
  before: Conditions,
  nowMs: number,
): DeploymentStatus {
  const available = availableReplicas(all);
  const terminating = all.map((replicaSet) => replicaSet.status?.terminatingReplicas);
  const counted: DeploymentStatus = omitZero({
    observedGeneration: deployment.metadata.generation,
    replicas: sum(all, (replicaSet) => replicaSet.status?.replicas),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: sum(all, (replicaSet) => replicaSet.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, specReplicas(all) - available),
    // A pointer in the original: kept when it is 0.
    collisionCount: undefined,
  });
  if (deployment.status?.collisionCount !== undefined) counted.collisionCount = deployment.status.collisionCount;
  // Unknown as long as one replica set has not told.
  if (!terminating.includes(undefined))
    counted.terminatingReplicas = terminating.reduce<number>((a, b) => a + (b ?? 0), 0);
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment);
  counted.conditions = [...withCondition(before, availability(enough, nowMs))];
  return counted;
}

function sum(all: readonly ReplicaSet[], count: (replicaSet: ReplicaSet) => number | undefined): number {
  return all.reduce((total, replicaSet) => total + (count(replicaSet) ?? 0), 0);
}

function availability(enough: boolean, nowMs: number): DeploymentCondition {
  return enough
    ? condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", nowMs)
    : condition(
        "Available",
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
        nowMs,
      );
}

/** The counted status of a rollout, with how it gets on. */
export function rolloutStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newest: ReplicaSet | undefined,
  before: Conditions,
  nowMs: number,
): DeploymentStatus {
  const status = countedStatus(deployment, all, newest, before, nowMs);
  let conditions: Conditions = status.conditions ?? [];
  conditions = withProgress(deployment, status, conditions, newest, nowMs);
  const [failure] = replicaFailures(all, newest);
  conditions =
    failure === undefined ? withoutCondition(conditions, "ReplicaFailure") : withCondition(conditions, failure);
  return { ...status, conditions: [...conditions] };
}

function withProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  conditions: Conditions,
  newest: ReplicaSet | undefined,
  nowMs: number,
): Conditions {
  if (!hasDeadline(deployment)) return withoutCondition(conditions, "Progressing");
  const current = progressing(conditions);
  const settled =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === "NewReplicaSetAvailable";
  if (settled) return conditions;
  const what =
    newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest.metadata.name}"`;
  const next = (truth: "True" | "False", reason: string, message: string) =>
    condition("Progressing", truth, reason, `${what} ${message}`, nowMs);
  if (isComplete(deployment, status)) {
    return withCondition(conditions, next("True", "NewReplicaSetAvailable", "has successfully progressed."));
  }
  if (madeProgress(deployment.status, status)) {
    // Replaced even when nothing in it changes but the time: the deadline runs from the last progress.
    const fresh = next("True", "ReplicaSetUpdated", "is progressing.");
    const since = current?.status === "True" ? current.lastTransitionTime : fresh.lastTransitionTime;
    return [...withoutCondition(conditions, "Progressing"), { ...fresh, lastTransitionTime: since }];
  }
  const deadline = deadlineInMs(deployment, conditions, nowMs);
  if (deadline !== undefined && deadline < 0) {
    return withCondition(conditions, next("False", "ProgressDeadlineExceeded", "has timed out progressing."));
  }
  return conditions;
}

function replicaFailures(all: readonly ReplicaSet[], newest: ReplicaSet | undefined): DeploymentCondition[] {
  const failuresOf = (replicaSet: ReplicaSet): DeploymentCondition[] =>
    (replicaSet.status?.conditions ?? [])
      .filter((known) => known.type === "ReplicaFailure")
      .map((known) => ({ ...known, lastUpdateTime: known.lastTransitionTime }));
  const ofNewest = newest === undefined ? [] : failuresOf(newest);
  return ofNewest.length > 0 ? ofNewest : all.flatMap(failuresOf);
}
