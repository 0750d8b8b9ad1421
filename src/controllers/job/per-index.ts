import type { Job, Pod } from "../../api/types/index.ts";
import { completionIndexOf, parseIndexes } from "./indexes.ts";
import { outcomeOf } from "./outcome.ts";
import { failureVerdict } from "./policies.ts";

const failureCountAnnotation = "batch.kubernetes.io/job-index-failure-count";
const ignoredCountAnnotation = "batch.kubernetes.io/job-index-ignored-failure-count";

/** What becomes of the indexes of a job that counts the failures of each (backoffLimitPerIndex). */
export interface IndexFailures {
  readonly failed: ReadonlySet<number>;
  /**
   * The last failed pod of each index that is to be tried again and is not yet: it stays uncounted and keeps its
   * finalizer until its successor, which takes over its count of failures, is there.
   */
  readonly awaiting: ReadonlyMap<number, Pod>;
}

/** Undefined for jobs that count failures together. `pods` are those not accounted for yet. */
export function indexFailures(
  job: Job,
  pods: readonly Pod[],
  active: readonly Pod[],
  succeeded: ReadonlySet<number>,
): IndexFailures | undefined {
  const { backoffLimitPerIndex: limit, completions = 0 } = job.spec;
  if (limit === undefined) return undefined;
  const failed = new Set([...parseIndexes(job.status?.failedIndexes)].filter((index) => index < completions));
  const running = new Set(active.map((pod) => completionIndexOf(pod, completions)));
  const awaiting = new Map<number, Pod>();
  const failedPods = pods.filter((pod) => outcomeOf(job, pod) === "failed");
  for (const pod of failedPods) {
    const index = completionIndexOf(pod, completions);
    if (index !== undefined && hasFailedForGood(job, pod, limit)) failed.add(index);
  }
  for (const pod of failedPods) {
    const index = completionIndexOf(pod, completions);
    if (index === undefined || succeeded.has(index) || failed.has(index) || running.has(index)) continue;
    const known = awaiting.get(index);
    if (known === undefined || triesOf(known) < triesOf(pod)) awaiting.set(index, pod);
  }
  return { failed, awaiting };
}

function hasFailedForGood(job: Job, pod: Pod, limit: number): boolean {
  const action = failureVerdict(job, pod)?.action;
  if (action === "FailIndex") return true;
  return action !== "Ignore" && countOf(pod, failureCountAnnotation) >= limit;
}

/** How often the index of a failed pod has failed with it, ignored failures included. */
export function failuresUpTo(pod: Pod): number {
  return triesOf(pod) + 1;
}

function triesOf(pod: Pod): number {
  return countOf(pod, failureCountAnnotation) + countOf(pod, ignoredCountAnnotation);
}

function countOf(pod: Pod, annotation: string): number {
  const text = pod.metadata.annotations?.[annotation];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
}

/** Annotations of a pod of an index, which succeeds another or is the first. */
export function failureCounts(job: Job, predecessor: Pod | undefined): Record<string, string> {
  if (job.spec.backoffLimitPerIndex === undefined) return {};
  if (predecessor === undefined) return { [failureCountAnnotation]: "0" };
  const isIgnored = failureVerdict(job, predecessor)?.action === "Ignore";
  const failures = countOf(predecessor, failureCountAnnotation) + Number(!isIgnored);
  const ignored = countOf(predecessor, ignoredCountAnnotation) + Number(isIgnored);
  const counted = { [failureCountAnnotation]: String(failures) };
  return ignored === 0 ? counted : { ...counted, [ignoredCountAnnotation]: String(ignored) };
}
