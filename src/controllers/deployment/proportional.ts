import type { Deployment, ReplicaSet } from "../../api/types/index.ts";
import { byCreation } from "../owners.ts";
import { maxReplicas } from "./annotations.ts";
import { maxSurge, replicasOf, specReplicas } from "./rolling.ts";

/**
 * Shares a change of the deployment's size among its active replica sets in proportion to their sizes, in the middle of
 * a rollout; what rounding leaves goes to the largest.
 */
export function proportionalSizes(deployment: Deployment, active: readonly ReplicaSet[]): Map<ReplicaSet, number> {
  const wanted = replicasOf(deployment);
  const allowed = wanted > 0 ? wanted + maxSurge(deployment) : 0;
  const toAdd = allowed - specReplicas(active);
  const newerFirst = toAdd > 0;
  const ordered = [...active].sort(
    (a, b) => replicasOf(b) - replicasOf(a) || (newerFirst ? byCreation(b, a) : byCreation(a, b)),
  );
  const sizes = new Map<ReplicaSet, number>();
  let added = 0;
  for (const replicaSet of ordered) {
    const share = toAdd === 0 ? 0 : proportion(replicaSet, deployment, toAdd, added);
    sizes.set(replicaSet, replicasOf(replicaSet) + share);
    added += share;
  }
  const [largest] = ordered;
  if (largest !== undefined && toAdd !== 0) {
    sizes.set(largest, Math.max(0, (sizes.get(largest) ?? 0) + toAdd - added));
  }
  return sizes;
}

function proportion(replicaSet: ReplicaSet, deployment: Deployment, toAdd: number, added: number): number {
  if (replicasOf(replicaSet) === 0 || toAdd === added) return 0;
  const fraction = fractionOf(replicaSet, deployment);
  const allowed = toAdd - added;
  return toAdd > 0 ? Math.min(fraction, allowed) : Math.max(fraction, allowed);
}

function fractionOf(replicaSet: ReplicaSet, deployment: Deployment): number {
  const size = replicasOf(replicaSet);
  if (replicasOf(deployment) === 0) return -size;
  const before = maxReplicas(replicaSet) || (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  const after = replicasOf(deployment) + maxSurge(deployment);
  return Math.round((size * after) / before) - size;
}
