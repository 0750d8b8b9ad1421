import {
  type Condition,
  findCondition,
  formatTime,
  matches,
  removeCondition,
  selectorFromLabels,
  setCondition,
} from "../../api/meta/index.ts";
import type { Pod, ReplicaSetStatus } from "../../api/types/index.ts";
import { availableInMs, deletionOrder, isActive, isReady, isTerminating } from "../pods/index.ts";
import { omitZero } from "../status-fields.ts";
import type { ReplicaOwner } from "./replica-owner.ts";

/** At most this many pods are made or deleted in one go. */
export const burstReplicas = 500;

export type ReplicaPlan =
  | { readonly kind: "none" }
  | { readonly kind: "create"; readonly count: number }
  | { readonly kind: "delete"; readonly pods: readonly Pod[] };

export interface ReplicaObserved {
  readonly owner: ReplicaOwner;
  /** All pods the owner controls. */
  readonly pods: readonly Pod[];
  /** Active pods on the node of this pod that belong to the same Deployment (or only this owner). */
  readonly crowdOnNode: (pod: Pod) => number;
  readonly nowMs: number;
}

/** Decides how many pods to make, or which to give up. */
export function planReplicas({ owner, pods, crowdOnNode, nowMs }: ReplicaObserved): ReplicaPlan {
  const active = pods.filter(isActive);
  const surplus = active.length - (owner.spec.replicas ?? 1);
  if (surplus < 0) return { kind: "create", count: Math.min(-surplus, burstReplicas) };
  if (surplus === 0) return { kind: "none" };
  const count = Math.min(surplus, burstReplicas);
  const ordered = count < active.length ? deletionOrder(active, crowdOnNode, nowMs) : active;
  return { kind: "delete", pods: ordered.slice(0, count) };
}

export interface ReplicaFailure {
  readonly reason: "FailedCreate" | "FailedDelete";
  readonly message: string;
}

export function replicaStatus(
  { owner, pods, nowMs }: ReplicaObserved,
  failure: ReplicaFailure | undefined,
): ReplicaSetStatus {
  const minReadySeconds = owner.spec.minReadySeconds ?? 0;
  const templateLabels = selectorFromLabels(owner.spec.template?.metadata?.labels);
  // One pass: with thousands of pods this is most of the controller's work.
  let [replicas, fullyLabeledReplicas, readyReplicas, availableReplicas, terminatingReplicas] = [0, 0, 0, 0, 0];
  for (const pod of pods) {
    if (isTerminating(pod)) terminatingReplicas++;
    if (!isActive(pod)) continue;
    replicas++;
    if (matches(templateLabels, pod.metadata.labels)) fullyLabeledReplicas++;
    if (!isReady(pod)) continue;
    readyReplicas++;
    if (minReadySeconds === 0 || availableInMs(pod, minReadySeconds, nowMs) === 0) availableReplicas++;
  }
  const conditions = conditionsOf(owner, failure, nowMs);
  const counted = omitZero<Partial<ReplicaSetStatus>>({
    fullyLabeledReplicas,
    readyReplicas,
    availableReplicas,
    observedGeneration: owner.metadata.generation,
  });
  const status: ReplicaSetStatus = { replicas, ...counted };
  // Only ReplicaSets tell how many of their pods are on their way out.
  if (owner.kind === "ReplicaSet") status.terminatingReplicas = terminatingReplicas;
  return conditions.length === 0 ? status : { ...status, conditions };
}

/** When a pod that is ready becomes available by the passing of time alone; undefined when none does. */
export function nextAvailabilityMs({ owner, pods, nowMs }: ReplicaObserved): number | undefined {
  const minReadySeconds = owner.spec.minReadySeconds ?? 0;
  if (minReadySeconds === 0) return undefined;
  const waits = pods
    .filter(isActive)
    .map((pod) => availableInMs(pod, minReadySeconds, nowMs))
    .filter((wait) => wait !== undefined)
    .filter((wait) => wait > 0);
  return waits.length === 0 ? undefined : Math.min(...waits);
}

/** A failure stays as it was first told until it is over. */
function conditionsOf(owner: ReplicaOwner, failure: ReplicaFailure | undefined, nowMs: number) {
  const conditions = (owner.status?.conditions ?? []) as Condition[];
  if (failure === undefined) return removeCondition(conditions, "ReplicaFailure");
  if (findCondition(conditions, "ReplicaFailure") !== undefined) return conditions;
  return setCondition(conditions, { type: "ReplicaFailure", status: "True", ...failure }, formatTime(nowMs));
}
