import { scaledValue } from "../../api/meta/index.ts";
import type { DaemonSet, DaemonSetStatus, Node, Pod } from "../../api/types/index.ts";
import { byCreation } from "../owners.ts";
import { isAvailable, isReady } from "../pods/index.ts";
import { revisionHashLabel } from "../revisions/index.ts";
import { nodeOf, placementOn } from "./placement.ts";

export interface DaemonObserved {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  /** Of the template as it is now. */
  readonly hash: string;
  readonly nowMs: number;
}

export interface DaemonPlan {
  /** Names of nodes that shall get a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  /** Among those removed: pods that failed, which is told in events. */
  readonly failed: readonly Pod[];
}

interface OnNode {
  readonly name: string;
  readonly shouldRun: boolean;
  readonly mayStay: boolean;
  readonly pods: readonly Pod[];
}

/** Where pods are missing, too many, or of an old template that may be replaced now. */
export function planDaemons(observed: DaemonObserved): DaemonPlan {
  const create: string[] = [];
  const remove: Pod[] = [];
  const failed: Pod[] = [];
  const places = placesOf(observed);
  for (const place of places) {
    const live = place.pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
    const ended = live.filter(({ status }) => status?.phase === "Failed" || status?.phase === "Succeeded");
    const running = live.filter((pod) => !ended.includes(pod));
    if (!place.mayStay) {
      remove.push(...live);
      continue;
    }
    for (const pod of ended) {
      remove.push(pod);
      if (pod.status?.phase === "Failed") failed.push(pod);
    }
    const [oldest] = running.sort(byCreation);
    if (oldest === undefined && place.shouldRun && place.pods.length === ended.length) create.push(place.name);
    // With a surge one old and one new pod may be there together.
    const isNew = (pod: Pod) => pod.metadata.labels?.[revisionHashLabel] === observed.hash;
    const kept = allowsSurge(observed.set) ? [running.find(isNew), running.find((pod) => !isNew(pod))] : [oldest];
    remove.push(...running.filter((pod) => !kept.includes(pod)));
  }
  if (observed.set.spec.updateStrategy?.type !== "OnDelete") update(observed, places, create, remove);
  return { create, remove, failed };
}

function update(
  { set, hash, nowMs }: DaemonObserved,
  places: readonly OnNode[],
  create: string[],
  remove: Pod[],
): void {
  const wanted = places.filter(({ shouldRun }) => shouldRun);
  const rolling = set.spec.updateStrategy?.rollingUpdate;
  const surge = scaledValue(rolling?.maxSurge ?? 0, wanted.length, true);
  const maxUnavailable = scaledValue(rolling?.maxUnavailable ?? (surge > 0 ? 0 : 1), wanted.length, true);
  const available = (pod: Pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs);
  let unavailable = wanted.filter(
    ({ pods }) => !pods.some((pod) => pod.metadata.deletionTimestamp === undefined && available(pod)),
  ).length;
  let surging = 0;
  for (const { name, pods } of wanted) {
    const live = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && !remove.includes(pod));
    const old = live.find((pod) => pod.metadata.labels?.[revisionHashLabel] !== hash);
    if (old === undefined) continue;
    const fresh = live.find((pod) => pod.metadata.labels?.[revisionHashLabel] === hash);
    if (surge > 0) {
      if (fresh === undefined && !available(old)) remove.push(old);
      else if (fresh === undefined && surging < surge) create.push(name);
      else if (fresh !== undefined && available(fresh)) remove.push(old);
      if (fresh !== undefined || surging < surge) surging++;
    } else if (!available(old)) {
      remove.push(old);
    } else if (unavailable < maxUnavailable) {
      remove.push(old);
      unavailable++;
    }
  }
}

function allowsSurge(set: DaemonSet): boolean {
  const surge = set.spec.updateStrategy?.rollingUpdate?.maxSurge ?? 0;
  return surge !== 0 && surge !== "0%";
}

/** Every node, and nodes that are gone but for pods bound to them. */
function placesOf({ set, nodes, pods }: DaemonObserved): OnNode[] {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    const name = nodeOf(pod) ?? "";
    const there = byNode.get(name);
    if (there === undefined) byNode.set(name, [pod]);
    else there.push(pod);
  }
  const places = nodes.map((node): OnNode => {
    const name = node.metadata.name ?? "";
    const there = byNode.get(name) ?? [];
    byNode.delete(name);
    return { name, pods: there, ...placementOn(set, node) };
  });
  // Pods of nodes that are gone are left to the pod garbage collector, unless they never got there.
  for (const [name, there] of byNode) {
    const pending = there.filter(({ spec }) => !spec.nodeName);
    if (pending.length > 0) places.push({ name, pods: pending, shouldRun: false, mayStay: false });
  }
  return places;
}

export function daemonStatus(observed: DaemonObserved): DaemonSetStatus {
  const { set, hash, nowMs } = observed;
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 };
  for (const { shouldRun, pods } of placesOf(observed)) {
    const [oldest] = pods
      .filter((pod) => pod.metadata.deletionTimestamp === undefined)
      .sort((a, b) => Number(isReady(b)) - Number(isReady(a)) || byCreation(a, b));
    if (!shouldRun) {
      if (oldest !== undefined) counts.misscheduled++;
      continue;
    }
    counts.desired++;
    if (oldest === undefined) continue;
    counts.current++;
    if (isReady(oldest)) counts.ready++;
    if (isAvailable(oldest, set.spec.minReadySeconds ?? 0, nowMs)) counts.available++;
    if (oldest.metadata.labels?.[revisionHashLabel] === hash) counts.updated++;
  }
  const status: DaemonSetStatus = {
    currentNumberScheduled: counts.current,
    numberMisscheduled: counts.misscheduled,
    desiredNumberScheduled: counts.desired,
    numberReady: counts.ready,
    observedGeneration: set.metadata.generation,
  };
  if (counts.updated > 0) status.updatedNumberScheduled = counts.updated;
  if (counts.available > 0) status.numberAvailable = counts.available;
  if (counts.desired > counts.available) status.numberUnavailable = counts.desired - counts.available;
  if (set.status?.collisionCount !== undefined) status.collisionCount = set.status.collisionCount;
  if (set.status?.conditions !== undefined) status.conditions = set.status.conditions;
  return status;
}
