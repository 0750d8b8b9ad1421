import { formatTime, parseTime } from "../../api/meta/index.ts";
import type { Pod, Service } from "../../api/types/index.ts";
import { readyCondition } from "../pods/index.ts";

/** When pods last became ready or unready, by name. */
type PodTimes = ReadonlyMap<string, number>;

/**
 * Remembers which changes of a service and its pods its endpoints tell already, so that what is written next can say
 * when the first of those happened that it tells anew.
 */
export class TriggerTimes {
  readonly #byService = new Map<string, PodTimes>();

  /** The time of the first change since the last call, undefined when none has a time: a pod that went has none. */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#byService.get(key);
    const times = new Map<string, number>();
    let first = Number.POSITIVE_INFINITY;
    for (const pod of pods) {
      const changedAt = readyCondition(pod)?.lastTransitionTime;
      if (!changedAt) continue;
      const { name = "" } = pod.metadata;
      const atMs = parseTime(changedAt);
      times.set(name, atMs);
      if (atMs > (before?.get(name) ?? 0)) first = Math.min(first, atMs);
    }
    this.#byService.set(key, times);
    if (before === undefined) return service.metadata.creationTimestamp ?? undefined;
    return first === Number.POSITIVE_INFINITY ? undefined : formatTime(first);
  }

  forget(key: string): void {
    this.#byService.delete(key);
  }
}
