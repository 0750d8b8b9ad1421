import type { DaemonSetStatus, Pod } from "../../api/types/index.ts";
import { isAvailable, isReady } from "../pods/index.ts";
import { type DaemonObserved, isDeleted, isUpdated, type Place, placesOf } from "./places.ts";
import { allowsSurge, planUpdate } from "./rolling.ts";

export type { DaemonObserved } from "./places.ts";

export interface DaemonEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

export interface DaemonPlan {
  /** Names of nodes that shall get a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  /** Names of nodes where a failed pod is removed. */
  readonly failedOn: readonly string[];
  readonly events: readonly DaemonEvent[];
  /** When a failed pod that was left alone may go. */
  readonly againAfterMs?: number;
}

/**
 * Where pods are missing or too many; when that is settled, which of an old template may be replaced now.
 * @param heldBackMs how much longer a failed pod of this node is left alone
 */
export function planDaemons(observed: DaemonObserved, heldBackMs: (node: string) => number = () => 0): DaemonPlan {
  const places = placesOf(observed);
  const plan = new Tending(observed, heldBackMs);
  for (const place of places) plan.tend(place);
  const { create, remove, failedOn, events, againAfterMs } = plan;
  if (create.length > 0 || remove.length > 0) return { create, remove, failedOn, events, againAfterMs };
  const step = observed.set.spec.updateStrategy?.type === "OnDelete" ? {} : planUpdate(observed, places);
  return { create: [], remove: [], failedOn, events, againAfterMs, ...step };
}

class Tending {
  readonly create: string[] = [];
  readonly remove: Pod[] = [];
  readonly failedOn: string[] = [];
  readonly events: DaemonEvent[] = [];
  againAfterMs: number | undefined;
  readonly #observed: DaemonObserved;
  readonly #heldBackMs: (node: string) => number;

  constructor(observed: DaemonObserved, heldBackMs: (node: string) => number) {
    this.#observed = observed;
    this.#heldBackMs = heldBackMs;
  }

  tend(place: Place): void {
    const live = place.pods.filter((pod) => !isDeleted(pod));
    if (!place.exists) {
      // Pods on nodes that are gone are left to the pod garbage collector, unless they never got there.
      this.remove.push(...live.filter(({ spec }) => !spec.nodeName));
    } else if (place.shouldRun && place.pods.length === 0) {
      this.create.push(place.name);
    } else if (place.mayStay) {
      this.#prune(place, live);
    } else {
      this.remove.push(...live);
    }
  }

  #prune({ name, shouldRun }: Place, live: readonly Pod[]): void {
    const running = live.filter((pod) => !this.#removesEnded(pod, name));
    if (!allowsSurge(this.#observed.set)) {
      this.remove.push(...running.slice(1));
      return;
    }
    if (running.length === 0 && shouldRun) this.create.push(name);
    const [fresh, ...moreFresh] = running.filter((pod) => isUpdated(this.#observed, pod));
    const [old, ...moreOld] = running.filter((pod) => !isUpdated(this.#observed, pod));
    this.remove.push(...moreFresh, ...moreOld);
    if (fresh === undefined || old === undefined) return;
    // Both stay only as long as the old one does the work and the new one does not yet.
    const { set, nowMs } = this.#observed;
    if (!isReady(old) || isAvailable(fresh, set.spec.minReadySeconds ?? 0, nowMs)) this.remove.push(old);
  }

  /** Whether the pod has ended, and is not one that runs: it goes, unless failures follow each other too fast. */
  #removesEnded(pod: Pod, node: string): boolean {
    const { namespace, name } = pod.metadata;
    const what = `daemon pod ${namespace}/${name} on node ${node}`;
    if (pod.status?.phase === "Succeeded") {
      const message = `Found succeeded ${what}, will try to delete it`;
      this.events.push({ type: "Normal", reason: "SucceededDaemonPod", message });
      this.remove.push(pod);
      return true;
    }
    if (pod.status?.phase !== "Failed") return false;
    const wait = this.#heldBackMs(node);
    if (wait > 0) {
      this.againAfterMs = Math.min(wait, this.againAfterMs ?? wait);
      return true;
    }
    const message = `Found failed ${what}, will try to kill it`;
    this.events.push({ type: "Warning", reason: "FailedDaemonPod", message });
    this.failedOn.push(node);
    this.remove.push(pod);
    return true;
  }
}

/** @param hasProcessed whether what the set asks for now was acted upon, and not only looked at */
export function daemonStatus(observed: DaemonObserved, hasProcessed = true): DaemonSetStatus {
  const { set, nowMs } = observed;
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 };
  for (const { exists, shouldRun, pods } of placesOf(observed)) {
    const [oldest] = pods;
    if (!shouldRun) {
      if (exists && oldest !== undefined) counts.misscheduled++;
      continue;
    }
    counts.desired++;
    if (oldest === undefined) continue;
    counts.current++;
    if (isReady(oldest)) counts.ready++;
    if (isAvailable(oldest, set.spec.minReadySeconds ?? 0, nowMs)) counts.available++;
    if (isUpdated(observed, oldest)) counts.updated++;
  }
  const status: DaemonSetStatus = {
    currentNumberScheduled: counts.current,
    numberMisscheduled: counts.misscheduled,
    desiredNumberScheduled: counts.desired,
    numberReady: counts.ready,
  };
  const observedGeneration = hasProcessed ? set.metadata.generation : set.status?.observedGeneration;
  if (observedGeneration !== undefined) status.observedGeneration = observedGeneration;
  if (counts.updated > 0) status.updatedNumberScheduled = counts.updated;
  if (counts.available > 0) status.numberAvailable = counts.available;
  if (counts.desired > counts.available) status.numberUnavailable = counts.desired - counts.available;
  if (set.status?.collisionCount !== undefined) status.collisionCount = set.status.collisionCount;
  if (set.status?.conditions !== undefined) status.conditions = set.status.conditions;
  return status;
}
