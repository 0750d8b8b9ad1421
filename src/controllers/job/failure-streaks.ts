import { findCondition, parseTime } from "../../api/meta/index.ts";
import type { Job, Pod } from "../../api/types/index.ts";
import { outcomeOf } from "./outcome.ts";

const firstBackoffMs = 10_000;
const longestBackoffMs = 600_000;

/** Failures of a job since the last of its pods that succeeded. */
export interface FailureStreak {
  readonly count: number;
  readonly lastMs: number;
}

export const noFailures: FailureStreak = { count: 0, lastMs: 0 };

interface Ends {
  /** By uid: when pods ended that failed after the last success. */
  readonly failures: Map<string, number>;
  lastSuccessMs: number;
}

/** Remembers how pods of jobs ended, also of those that are gone: failures that follow each other slow a job down. */
export class FailureStreaks {
  readonly #byJob = new Map<string, Ends>();

  note(job: Job, pods: readonly Pod[], nowMs: number): FailureStreak {
    const { uid = "" } = job.metadata;
    const ends = this.#byJob.get(uid) ?? { failures: new Map(), lastSuccessMs: Number.NEGATIVE_INFINITY };
    this.#byJob.set(uid, ends);
    for (const pod of pods) {
      const outcome = outcomeOf(job, pod);
      if (outcome === "succeeded") ends.lastSuccessMs = Math.max(ends.lastSuccessMs, endOf(pod, nowMs));
      const podUid = pod.metadata.uid ?? "";
      if (outcome === "failed" && !ends.failures.has(podUid)) ends.failures.set(podUid, endOf(pod, nowMs));
    }
    for (const [podUid, endMs] of ends.failures) if (endMs <= ends.lastSuccessMs) ends.failures.delete(podUid);
    return { count: ends.failures.size, lastMs: Math.max(...ends.failures.values()) };
  }

  forget(job: Job): void {
    this.#byJob.delete(job.metadata.uid ?? "");
  }
}

/** After each failure the next pod waits twice as long, counted from the end of the last that failed. */
export function backoffLeftMs({ count, lastMs }: FailureStreak, nowMs: number): number {
  return count === 0 ? 0 : lastMs + backoffMs(count) - nowMs;
}

export function backoffMs(failures: number): number {
  return Math.min(firstBackoffMs * 2 ** Math.min(failures - 1, 20), longestBackoffMs);
}

/** When the last container of a pod ended; else when it ceased to be ready, or was deleted. */
export function endOf(pod: Pod, nowMs: number): number {
  const ends = (pod.status?.containerStatuses ?? []).map(({ state }) => state?.terminated?.finishedAt);
  const known = ends.filter((time) => time !== undefined && time !== null);
  if (ends.length > 0 && known.length === ends.length) return Math.max(...known.map(parseTime));
  const ready = findCondition(pod.status?.conditions, "Ready");
  if (ready?.status === "False" && ready.lastTransitionTime) return parseTime(ready.lastTransitionTime);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  return deletionTimestamp ? parseTime(deletionTimestamp) - deletionGracePeriodSeconds * 1000 : nowMs;
}
