import { type IntOrString, scaledValue } from "../../api/meta/index.ts";
import type { Deployment, ReplicaSet } from "../../api/types/index.ts";

export function replicasOf(object: { spec: { replicas?: number } }): number {
  return object.spec.replicas ?? 1;
}

export function isRolling(deployment: Deployment): boolean {
  return deployment.spec.strategy?.type !== "Recreate";
}

/** How many pods there may be above the wanted number, and how many below. Never both 0: nothing could move. */
export function fenceposts(
  surge: IntOrString | undefined,
  unavailable: IntOrString | undefined,
  replicas: number,
): { surge: number; unavailable: number } {
  const above = scaledValue(surge ?? 0, replicas, true);
  const below = scaledValue(unavailable ?? 0, replicas, false);
  return { surge: above, unavailable: above === 0 && below === 0 ? 1 : below };
}

function rollingFenceposts(deployment: Deployment) {
  const { maxSurge: surge, maxUnavailable: unavailable } = deployment.spec.strategy?.rollingUpdate ?? {};
  return fenceposts(surge, unavailable, replicasOf(deployment));
}

export function maxSurge(deployment: Deployment): number {
  return isRolling(deployment) ? rollingFenceposts(deployment).surge : 0;
}

export function maxUnavailable(deployment: Deployment): number {
  const replicas = replicasOf(deployment);
  if (!isRolling(deployment) || replicas === 0) return 0;
  return Math.min(rollingFenceposts(deployment).unavailable, replicas);
}

export function specReplicas(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, replicaSet) => sum + replicasOf(replicaSet), 0);
}

export function availableReplicas(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, replicaSet) => sum + (replicaSet.status?.availableReplicas ?? 0), 0);
}

/** How large the newest replica set may be now. */
export function newestReplicas(deployment: Deployment, all: readonly ReplicaSet[], newest: ReplicaSet): number {
  const wanted = replicasOf(deployment);
  if (!isRolling(deployment)) return wanted;
  const mostPods = wanted + maxSurge(deployment);
  const present = specReplicas(all);
  if (present >= mostPods) return replicasOf(newest);
  return replicasOf(newest) + Math.min(mostPods - present, wanted - replicasOf(newest));
}

/** New sizes of old replica sets (those that change): first what is not available anyway, then what can be missed. */
export function shrinkOld(
  deployment: Deployment,
  old: readonly ReplicaSet[],
  newest: ReplicaSet,
): Map<ReplicaSet, number> {
  const sizes = new Map(old.map((replicaSet) => [replicaSet, replicasOf(replicaSet)]));
  if (specReplicas(old) === 0) return new Map();
  const minAvailable = replicasOf(deployment) - maxUnavailable(deployment);
  const newestUnavailable = replicasOf(newest) - (newest.status?.availableReplicas ?? 0);
  const mayGo = specReplicas([...old, newest]) - minAvailable - newestUnavailable;
  if (mayGo <= 0) return new Map();
  shrinkUnavailable(sizes, mayGo);
  shrinkAvailable(sizes, availableReplicas([...old, newest]) - minAvailable);
  for (const [replicaSet, size] of sizes) if (size === replicasOf(replicaSet)) sizes.delete(replicaSet);
  return sizes;
}

function shrinkUnavailable(sizes: Map<ReplicaSet, number>, most: number): void {
  let left = most;
  for (const [replicaSet, size] of sizes) {
    const unavailable = Math.max(0, size - (replicaSet.status?.availableReplicas ?? 0));
    const gone = Math.min(left, unavailable);
    sizes.set(replicaSet, size - gone);
    left -= gone;
  }
}

function shrinkAvailable(sizes: Map<ReplicaSet, number>, most: number): void {
  let left = Math.max(0, most);
  for (const [replicaSet, size] of sizes) {
    const gone = Math.min(left, size);
    sizes.set(replicaSet, size - gone);
    left -= gone;
  }
}
