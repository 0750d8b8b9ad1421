import { scaledValue } from "../../api/meta/index.ts";
import type { DaemonSet, Pod } from "../../api/types/index.ts";
import { isAvailable } from "../pods/index.ts";
import { type DaemonObserved, isDeleted, isUpdated, type Place } from "./places.ts";

export interface RollingStep {
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

/** Which pods of an old template go, or which nodes get a new one beside the old, when nothing else is to be done. */
export function planUpdate(observed: DaemonObserved, places: readonly Place[]): RollingStep {
  const { set } = observed;
  const desired = places.filter(({ shouldRun }) => shouldRun).length;
  const rolling = set.spec.updateStrategy?.rollingUpdate;
  const surge = scaledValue(rolling?.maxSurge ?? 0, desired, true);
  const allowed = scaledValue(rolling?.maxUnavailable ?? (surge > 0 ? 0 : 1), desired, true);
  if (surge > 0) return withSurge(observed, places, surge, desired);
  // Nothing could move with both at 0.
  return { create: [], remove: withoutSurge(observed, places, desired > 0 && allowed === 0 ? 1 : allowed) };
}

export function allowsSurge(set: DaemonSet): boolean {
  const surge = set.spec.updateStrategy?.rollingUpdate?.maxSurge ?? 0;
  return surge !== 0 && surge !== "0%";
}

/** At most one old and one new pod that are not being deleted; undefined when there are more, which the caller prunes. */
function pair(observed: DaemonObserved, { pods }: Place): { old?: Pod; fresh?: Pod } | undefined {
  const live = pods.filter((pod) => !isDeleted(pod));
  const [fresh, ...moreFresh] = live.filter((pod) => isUpdated(observed, pod));
  const [old, ...moreOld] = live.filter((pod) => !isUpdated(observed, pod));
  return moreFresh.length + moreOld.length > 0 ? undefined : { old, fresh };
}

function availability({ set, nowMs }: DaemonObserved): (pod: Pod | undefined) => boolean {
  return (pod) => pod !== undefined && isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs);
}

/** Old pods that do nothing go at once, others as far as so many may be unavailable. */
function withoutSurge(observed: DaemonObserved, places: readonly Place[], allowed: number): Pod[] {
  const available = availability(observed);
  let unavailable = 0;
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  for (const place of places) {
    if (place.pods.length === 0) continue;
    const { old, fresh } = pair(observed, place) ?? {};
    if (old === undefined || fresh !== undefined) {
      if (old !== undefined || !available(fresh)) unavailable++;
    } else if (available(old)) {
      candidates.push(old);
    } else {
      broken.push(old);
      unavailable++;
    }
  }
  return [...broken, ...candidates.slice(0, Math.max(0, allowed - unavailable))];
}

/** New pods come beside old ones, at first where the old one does nothing, and take over when they are available. */
function withSurge(observed: DaemonObserved, places: readonly Place[], surge: number, desired: number): RollingStep {
  const available = availability(observed);
  const remove: Pod[] = [];
  const misplaced: Pod[] = [];
  const [atOnce, candidates]: [string[], string[]] = [[], []];
  let [surging, availableCount] = [0, 0];
  for (const place of places) {
    const both = pair(observed, place);
    if (both === undefined) {
      surging++;
      continue;
    }
    const { old, fresh } = both;
    if (available(old ?? fresh)) availableCount++;
    if (old === undefined) continue;
    if (fresh !== undefined) {
      if (available(fresh)) remove.push(old);
      else surging++;
    } else if (place.shouldRun) {
      if (available(old)) candidates.push(place.name);
      else atOnce.push(place.name);
    } else if (available(old)) {
      misplaced.push(old);
    } else {
      remove.push(old);
    }
  }
  // A node that lost the daemon keeps its pod until one elsewhere does its work.
  remove.push(...misplaced.slice(0, Math.max(0, availableCount - desired)));
  return { create: [...atOnce, ...candidates.slice(0, Math.max(0, surge - surging))], remove };
}
