import { scaledValue } from "../../api/meta/index.ts";
import type { Pod, StatefulSet, StatefulSetStatus } from "../../api/types/index.ts";
import { hasEnded, isAvailable, isReady } from "../pods/index.ts";
import { ordinalOf, revisionOf } from "./identity.ts";

export interface StatefulObserved {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  /** Names of revisions: the one that is being left, and the one of the template as it is now. */
  readonly currentRevision: string;
  readonly updateRevision: string;
  readonly nowMs: number;
}

export type StatefulAction =
  | { readonly kind: "create"; readonly ordinal: number; readonly revision: string }
  | { readonly kind: "remove"; readonly pod: Pod; readonly hasFailed: boolean };

/** What is to be done now; in order, one pod after the other, unless the set allows all at once. */
export function planStatefulSet(observed: StatefulObserved): readonly StatefulAction[] {
  const { set } = observed;
  const inOrder = set.spec.podManagementPolicy !== "Parallel";
  const actions: StatefulAction[] = [];
  const { wanted, condemned } = ranked(observed);
  for (const { ordinal, pod } of wanted) {
    const action = bringUp(observed, ordinal, pod);
    if (action !== undefined) actions.push(action);
    if (inOrder && (action !== undefined || !isSettled(observed, pod))) return actions;
  }
  const isUnavailable = (pod: Pod) => !isSettled(observed, pod);
  const firstUnavailable = [...condemned].reverse().find(isUnavailable);
  for (const pod of condemned) {
    // One that is unavailable halts scaling down, unless it is the one that all others wait for.
    if (inOrder && isUnavailable(pod) && pod !== firstUnavailable) return actions;
    if (!isTerminating(pod)) actions.push({ kind: "remove", pod, hasFailed: false });
    if (inOrder) return actions;
  }
  return actions.length > 0 ? actions : update(observed, wanted);
}

interface Rank {
  readonly ordinal: number;
  readonly pod: Pod | undefined;
}

/** Wanted ordinals from the lowest, pods beyond them from the highest. */
function ranked({ set, pods }: StatefulObserved): { wanted: Rank[]; condemned: Pod[] } {
  const start = set.spec.ordinals?.start ?? 0;
  const replicas = set.spec.replicas ?? 1;
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  const wanted = Array.from({ length: replicas }, (_, index) => ({
    ordinal: start + index,
    pod: byOrdinal.get(start + index),
  }));
  const isWanted = (ordinal: number) => ordinal >= start && ordinal < start + replicas;
  const condemned = pods
    .map((pod) => ({ pod, ordinal: ordinalOf(set, pod) ?? -1 }))
    .filter(({ ordinal }) => ordinal >= 0 && !isWanted(ordinal))
    .sort((a, b) => b.ordinal - a.ordinal)
    .map(({ pod }) => pod);
  return { wanted, condemned };
}

function bringUp(observed: StatefulObserved, ordinal: number, pod: Pod | undefined): StatefulAction | undefined {
  if (pod === undefined) return { kind: "create", ordinal, revision: revisionFor(observed, ordinal) };
  if (hasEnded(pod) && !isTerminating(pod)) return { kind: "remove", pod, hasFailed: pod.status?.phase === "Failed" };
  return undefined;
}

/** Below the partition, or not yet reached by the update, a pod is made anew as it was. */
function revisionFor({ set, currentRevision, updateRevision }: StatefulObserved, ordinal: number): string {
  if (set.spec.updateStrategy?.type === "OnDelete") return updateRevision;
  const start = set.spec.ordinals?.start ?? 0;
  const { partition } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const kept = partition || (set.status?.currentRevision === updateRevision ? 0 : partitionless(set));
  return ordinal < start + kept ? currentRevision : updateRevision;
}

function partitionless(set: StatefulSet): number {
  return set.spec.updateStrategy?.rollingUpdate?.partition === undefined ? (set.status?.currentReplicas ?? 0) : 0;
}

/**
 * Which pods are given up so that the template as it is now takes their place. Whatever is unavailable, also below the
 * partition, uses up what may be; but without an order pods that are outdated and do nothing go in any case: they might
 * never become available.
 */
function update(observed: StatefulObserved, wanted: readonly Rank[]): StatefulAction[] {
  const { set, updateRevision } = observed;
  if (set.spec.updateStrategy?.type === "OnDelete") return [];
  const { partition = 0, maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const allowed = Math.max(1, scaledValue(maxUnavailable, wanted.length, false));
  const start = set.spec.ordinals?.start ?? 0;
  const unavailable = wanted.filter(({ pod }) => !isSettled(observed, pod)).length;
  const outdated = wanted
    .filter(({ ordinal }) => ordinal >= start + partition)
    .flatMap(({ pod }) => pod ?? [])
    .filter((pod) => revisionOf(pod) !== updateRevision && !isTerminating(pod))
    .reverse();
  const isIdle = (pod: Pod) => !isSettled(observed, pod);
  const inOrder = set.spec.podManagementPolicy !== "Parallel";
  const idle = inOrder ? [] : outdated.filter(isIdle);
  const others = inOrder ? outdated : outdated.filter((pod) => !isIdle(pod));
  const going = [...idle, ...others.slice(0, Math.max(0, allowed - unavailable))];
  return going.map((pod) => ({ kind: "remove", pod, hasFailed: false }));
}

function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

function isSettled({ set, nowMs }: StatefulObserved, pod: Pod | undefined): boolean {
  if (pod === undefined || isTerminating(pod)) return false;
  return isRunningAndReady(pod) && isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs);
}

function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === "Running" && isReady(pod);
}

export function statefulStatus(observed: StatefulObserved): StatefulSetStatus {
  const { set, pods, currentRevision, updateRevision, nowMs } = observed;
  const own = pods.filter((pod) => ordinalOf(set, pod) !== undefined);
  const ready = own.filter(isRunningAndReady);
  const available = ready.filter((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)).length;
  const live = own.filter((pod) => !isTerminating(pod));
  const updated = live.filter((pod) => revisionOf(pod) === updateRevision).length;
  const rolling = set.spec.updateStrategy?.type !== "OnDelete";
  const done =
    rolling && updated === own.length && ready.length === own.length && own.length === (set.spec.replicas ?? 1);
  const current = done ? updateRevision : currentRevision;
  const status: StatefulSetStatus = { replicas: own.length };
  const count = (name: "readyReplicas" | "currentReplicas" | "updatedReplicas", value: number) => {
    if (value > 0) status[name] = value;
  };
  status.observedGeneration = set.metadata.generation;
  count("readyReplicas", ready.length);
  count("currentReplicas", live.filter((pod) => revisionOf(pod) === current).length);
  count("updatedReplicas", updated);
  status.currentRevision = current;
  status.updateRevision = updateRevision;
  status.collisionCount = set.status?.collisionCount ?? 0;
  status.availableReplicas = available;
  // Conditions are others' to tell.
  if (set.status?.conditions !== undefined) status.conditions = set.status.conditions;
  return status;
}
