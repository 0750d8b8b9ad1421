import { formatTime, parseTime } from "../../api/meta/index.ts";
import type { Job, JobStatus, Pod } from "../../api/types/index.ts";
import { isActive, isReady, isTerminating, leastActiveFirst } from "../pods/index.ts";
import { type Conditions, holds, tell } from "./conditions.ts";
import { backoffLeftMs, backoffMs, endOf, type FailureStreak } from "./failure-streaks.ts";
import { completionIndexOf, formatIndexes, freeIndexes, indexOf, parseIndexes } from "./indexes.ts";
import { outcomeOf } from "./outcome.ts";
import { failuresUpTo, type IndexFailures, indexFailures } from "./per-index.ts";
import { failureVerdict, successVerdict } from "./policies.ts";

export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
/** So many ended pods are accounted for in one go. */
const accountedAtOnceMax = 500;

export interface JobObserved {
  readonly job: Job;
  /** All the job controls. */
  readonly pods: readonly Pod[];
  readonly streak: FailureStreak;
  /** False until everything the controller did itself has been seen. */
  readonly mayAct: boolean;
  readonly nowMs: number;
}

export interface JobEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

export interface JobPlan {
  readonly status: JobStatus;
  /** Ended pods that the status, once written, accounts for: they may go. */
  readonly release: readonly Pod[];
  readonly remove: readonly Pod[];
  readonly create: number;
  /** For indexed jobs, the index of each pod to be made. */
  readonly indexes?: readonly number[];
  /** The failed pods that those of the same index succeed, where failures are counted by index. */
  readonly predecessors?: ReadonlyMap<number, Pod>;
  readonly events: readonly JobEvent[];
  readonly againAfterMs?: number;
}

interface Tally {
  succeeded: number;
  failed: number;
  completedIndexes: Set<number>;
  /** Where failures are counted by index. */
  readonly byIndex: IndexFailures | undefined;
  readonly uncounted: { succeeded: string[]; failed: string[] };
  readonly release: Pod[];
}

interface Failure {
  readonly reason: string;
  readonly message: string;
}

/**
 * Every ended pod is counted exactly once, whatever is interrupted when: its uid goes into the status before its
 * finalizer is taken away, and into the counters when the finalizer is seen gone.
 */
export function planJob(observed: JobObserved): JobPlan {
  const { job, pods, nowMs } = observed;
  const events: JobEvent[] = [];
  const tally = account(job, pods);
  const active = pods.filter((pod) => isActive(pod) && !isAccounted(pod, tally));
  const succeeded = tally.succeeded + tally.uncounted.succeeded.length;
  const failed = tally.failed + tally.uncounted.failed.length + (tally.byIndex?.awaiting.size ?? 0);
  let conditions: Conditions = withSuspension(job, events, nowMs);
  const failure = failureOf(observed, active, failed, tally);
  const matched = successVerdict(job, tally.completedIndexes);
  if (failure !== undefined && !holds(conditions, "SuccessCriteriaMet")) {
    conditions = tell(conditions, "FailureTarget", "True", failure.reason, failure.message, nowMs);
  } else if (matched !== undefined && !holds(conditions, "SuccessCriteriaMet")) {
    conditions = tell(conditions, "SuccessCriteriaMet", "True", "SuccessPolicy", matched, nowMs);
  } else if (matched === undefined && isSuccessful(job, succeeded, active.length, tally)) {
    conditions = tell(conditions, "SuccessCriteriaMet", "True", "CompletionsReached", reachedMessage, nowMs);
  }
  const ending = holds(conditions, "FailureTarget") || holds(conditions, "SuccessCriteriaMet");
  if (ending || job.metadata.deletionTimestamp !== undefined) accountAwaiting(job, tally);
  const step = ending || job.spec.suspend ? stopAll(active) : nextStep(observed, tally, active, succeeded);
  const act = observed.mayAct && job.metadata.deletionTimestamp === undefined;
  const allGone = active.length === 0 && !pods.some(isTerminating) && noneUncounted(tally);
  const result = ending && allGone ? finish(job, tally, conditions, events, nowMs) : { conditions };
  const status = statusOf(
    job,
    tally,
    pods,
    act ? active.length + step.create - step.remove.length : active.length,
    result,
    nowMs,
  );
  return {
    status,
    release: tally.release,
    remove: act ? step.remove : [],
    create: act ? step.create : 0,
    indexes: step.indexes,
    predecessors: tally.byIndex?.awaiting,
    events,
    againAfterMs: soonest(step.againAfterMs, ending ? undefined : deadlineInMs(job, nowMs)),
  };
}

const reachedMessage = "Reached expected number of succeeded pods";

function account(job: Job, pods: readonly Pod[]): Tally {
  const { status } = job;
  const byUid = new Map(pods.map((pod) => [pod.metadata.uid ?? "", pod]));
  const isHeld = (uid: string) => byUid.get(uid)?.metadata.finalizers?.includes(trackingFinalizer) ?? false;
  const before = status?.uncountedTerminatedPods ?? {};
  const settled = (uids: readonly string[] | undefined) => (uids ?? []).filter((uid) => !isHeld(uid)).length;
  const held = (uids: readonly string[] | undefined) => (uids ?? []).filter(isHeld);
  const uncounted = { succeeded: held(before.succeeded), failed: held(before.failed) };
  const completedIndexes = completedBefore(job);
  const isNew = (pod: Pod) => {
    const uid = pod.metadata.uid ?? "";
    return isHeld(uid) && !uncounted.succeeded.includes(uid) && !uncounted.failed.includes(uid);
  };
  for (const pod of pods) {
    const index = completionIndexOf(pod, job.spec.completions ?? Number.POSITIVE_INFINITY);
    if (index !== undefined && isNew(pod) && outcomeOf(job, pod) === "succeeded") completedIndexes.add(index);
  }
  const active = pods.filter(isActive);
  const tally: Tally = {
    succeeded: isIndexed(job) ? completedIndexes.size : (status?.succeeded ?? 0) + settled(before.succeeded),
    failed: (status?.failed ?? 0) + settled(before.failed),
    completedIndexes,
    byIndex: indexFailures(job, pods.filter(isNew), active, completedIndexes),
    uncounted,
    release: [],
  };
  for (const pod of pods) {
    const uid = pod.metadata.uid ?? "";
    if (!isHeld(uid) || tally.release.length >= accountedAtOnceMax || isAwaiting(pod, tally)) continue;
    const list = outcomeOf(job, pod);
    if (list === undefined) continue;
    if (isNew(pod)) {
      const isIgnored = list === "failed" && failureVerdict(job, pod)?.action === "Ignore";
      // Its index tells that it was counted.
      const isTold = list === "succeeded" && isIndexed(job);
      if (!isTold && !isIgnored) uncounted[list].push(uid);
    }
    tally.release.push(pod);
  }
  return tally;
}

/** Indexes beyond a number of completions that was lowered do not count any more. */
function completedBefore({ spec, status }: Job): Set<number> {
  const { completions = Number.POSITIVE_INFINITY } = spec;
  return new Set([...parseIndexes(status?.completedIndexes)].filter((index) => index < completions));
}

function isAwaiting(pod: Pod, { byIndex }: Tally): boolean {
  const index = indexOf(pod);
  return index !== undefined && byIndex?.awaiting.get(index)?.metadata.uid === pod.metadata.uid;
}

/** A job that ends tries no index again: what waited for a successor is accounted for. */
function accountAwaiting(job: Job, { byIndex, uncounted, release }: Tally): void {
  for (const pod of byIndex?.awaiting.values() ?? []) {
    if (failureVerdict(job, pod)?.action !== "Ignore") uncounted.failed.push(pod.metadata.uid ?? "");
    release.push(pod);
  }
}

function isAccounted(pod: Pod, { uncounted }: Tally): boolean {
  const uid = pod.metadata.uid ?? "";
  return uncounted.failed.includes(uid) || uncounted.succeeded.includes(uid);
}

function noneUncounted({ uncounted, release }: Tally): boolean {
  return uncounted.succeeded.length === 0 && uncounted.failed.length === 0 && release.length === 0;
}

function withSuspension(job: Job, events: JobEvent[], nowMs: number): Conditions {
  const conditions: Conditions = job.status?.conditions ?? [];
  if (job.spec.suspend && !holds(conditions, "Suspended")) {
    events.push({ type: "Normal", reason: "Suspended", message: "Job suspended" });
    return tell(conditions, "Suspended", "True", "JobSuspended", "Job suspended", nowMs);
  }
  if (!job.spec.suspend && holds(conditions, "Suspended")) {
    events.push({ type: "Normal", reason: "Resumed", message: "Job resumed" });
    return tell(conditions, "Suspended", "False", "JobResumed", "Job resumed", nowMs);
  }
  return conditions;
}

function failureOf(
  { job, pods, nowMs }: JobObserved,
  active: readonly Pod[],
  failed: number,
  tally: Tally,
): Failure | undefined {
  const told = job.status?.conditions?.find(({ type, status }) => type === "FailureTarget" && status === "True");
  if (told !== undefined) return { reason: told.reason ?? "", message: told.message ?? "" };
  for (const pod of pods) {
    const verdict = pod.status?.phase === "Failed" ? failureVerdict(job, pod) : undefined;
    if (verdict?.action === "FailJob") return { reason: "PodFailurePolicy", message: verdict.message };
  }
  const limit = job.spec.backoffLimit ?? 6;
  const restarts = active.reduce((sum, pod) => sum + restartsOf(pod), 0);
  const restarting = job.spec.template.spec?.restartPolicy === "OnFailure" && restarts > 0 && restarts >= limit;
  if (failed > limit || restarting) {
    return { reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" };
  }
  const deadline = deadlineInMs(job, nowMs);
  if (deadline !== undefined && deadline <= 0) {
    return { reason: "DeadlineExceeded", message: "Job was active longer than specified deadline" };
  }
  return failureOfIndexes(job, tally);
}

function failureOfIndexes({ spec }: Job, { byIndex, completedIndexes }: Tally): Failure | undefined {
  const failed = byIndex?.failed.size ?? 0;
  if (spec.maxFailedIndexes !== undefined && failed > spec.maxFailedIndexes) {
    const message = "Job has exceeded the specified maximal number of failed indexes";
    return { reason: "MaxFailedIndexesExceeded", message };
  }
  if (failed > 0 && failed + completedIndexes.size >= (spec.completions ?? 0)) {
    return { reason: "FailedIndexes", message: "Job has failed indexes" };
  }
  return undefined;
}

function restartsOf(pod: Pod): number {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
}

function deadlineInMs(job: Job, nowMs: number): number | undefined {
  const { activeDeadlineSeconds, suspend } = job.spec;
  if (activeDeadlineSeconds === undefined || suspend || job.status?.startTime === undefined) return undefined;
  return parseTime(job.status.startTime) + activeDeadlineSeconds * 1000 - nowMs;
}

function isSuccessful(job: Job, succeeded: number, active: number, tally: Tally): boolean {
  const { completions } = job.spec;
  // Without a number of completions one success tells that the work is done; the others may finish.
  if (completions === undefined) return succeeded > 0 && active === 0;
  return isIndexed(job) ? tally.completedIndexes.size >= completions : succeeded >= completions;
}

function isIndexed(job: Job): boolean {
  return job.spec.completionMode === "Indexed";
}

interface Step {
  readonly create: number;
  readonly remove: readonly Pod[];
  readonly indexes?: readonly number[];
  readonly againAfterMs?: number;
}

function stopAll(active: readonly Pod[]): Step {
  return { create: 0, remove: active };
}

function nextStep(
  { job, pods, streak, nowMs }: JobObserved,
  tally: Tally,
  active: readonly Pod[],
  succeeded: number,
): Step {
  const { completions, parallelism = 1 } = job.spec;
  const wanted =
    completions === undefined
      ? succeeded > 0
        ? active.length
        : parallelism
      : Math.min(completions - succeeded, parallelism);
  const surplus = surplusPods(job, active, Math.max(0, wanted), nowMs);
  if (surplus.length > 0) return { create: 0, remove: surplus };
  const terminating = job.spec.podReplacementPolicy === "Failed" ? pods.filter(isTerminating) : [];
  const missing = wanted - active.length - terminating.length;
  if (missing <= 0) return { create: 0, remove: [] };
  const wait = tally.byIndex === undefined ? backoffLeftMs(streak, nowMs) : 0;
  if (wait > 0) return { create: 0, remove: [], againAfterMs: wait };
  if (!isIndexed(job)) return { create: missing, remove: [] };
  const taken = new Set([...tally.completedIndexes, ...(tally.byIndex?.failed ?? [])]);
  for (const pod of [...active, ...terminating]) taken.add(indexOf(pod) ?? -1);
  const free = freeIndexes(missing, completions ?? 0, taken);
  const waits = new Map(free.map((index) => [index, indexBackoffLeftMs(tally.byIndex?.awaiting.get(index), nowMs)]));
  const indexes = free.filter((index) => (waits.get(index) ?? 0) <= 0);
  const againAfterMs = indexes.length === 0 && free.length > 0 ? Math.min(...waits.values()) : undefined;
  return { create: indexes.length, remove: [], indexes, againAfterMs };
}

/** Those of an index that another has, or that the job has no more, and then those that do least. */
function surplusPods(job: Job, active: readonly Pod[], wanted: number, nowMs: number): readonly Pod[] {
  const leastFirst = leastActiveFirst(active, nowMs);
  if (!isIndexed(job)) return leastFirst.slice(0, Math.max(0, active.length - wanted));
  const keeping = new Map<number, Pod>();
  const { completions = 0 } = job.spec;
  for (const pod of leastFirst) {
    const index = completionIndexOf(pod, completions);
    if (index !== undefined) keeping.set(index, pod);
  }
  const kept = new Set(keeping.values());
  const doubled = leastFirst.filter((pod) => !kept.has(pod));
  const rest = leastFirst.filter((pod) => kept.has(pod));
  return [...doubled, ...rest.slice(0, Math.max(0, rest.length - wanted))];
}

function indexBackoffLeftMs(failed: Pod | undefined, nowMs: number): number {
  if (failed === undefined) return 0;
  return endOf(failed, nowMs) + backoffMs(failuresUpTo(failed)) - nowMs;
}

interface Finish {
  readonly conditions: Conditions;
  readonly completionTime?: string;
}

function finish(
  { spec }: Job,
  { succeeded }: Tally,
  conditions: Conditions,
  events: JobEvent[],
  nowMs: number,
): Finish {
  const failure = conditions.find(({ type, status }) => type === "FailureTarget" && status === "True");
  if (failure === undefined) {
    if (succeeded > (spec.completions ?? Number.POSITIVE_INFINITY)) {
      const message = "Too many succeeded pods running after completion count reached";
      events.push({ type: "Warning", reason: "TooManySucceededPods", message });
    }
    events.push({ type: "Normal", reason: "Completed", message: "Job completed" });
    const met = conditions.find(({ type, status }) => type === "SuccessCriteriaMet" && status === "True");
    const { reason: why = "CompletionsReached", message: how = reachedMessage } = met ?? {};
    const completed = tell(conditions, "Complete", "True", why, how, nowMs);
    return { conditions: completed, completionTime: formatTime(nowMs) };
  }
  const { reason = "", message = "" } = failure;
  events.push({ type: "Warning", reason, message });
  return { conditions: tell(conditions, "Failed", "True", reason, message, nowMs) };
}

function statusOf(
  job: Job,
  tally: Tally,
  pods: readonly Pod[],
  active: number,
  result: Finish,
  nowMs: number,
): JobStatus {
  const { succeeded, failed } = tally.uncounted;
  const status: JobStatus = {
    terminating: pods.filter((pod) => isTerminating(pod)).length,
    ready: pods.filter((pod) => isActive(pod) && isReady(pod)).length,
    uncountedTerminatedPods: {
      ...(succeeded.length > 0 ? { succeeded } : {}),
      ...(failed.length > 0 ? { failed } : {}),
    },
  };
  if (result.conditions.length > 0) status.conditions = [...result.conditions];
  if (active > 0) status.active = active;
  if (tally.succeeded > 0) status.succeeded = tally.succeeded;
  if (tally.failed > 0) status.failed = tally.failed;
  if (isIndexed(job) && tally.completedIndexes.size > 0)
    status.completedIndexes = formatIndexes(tally.completedIndexes);
  if (tally.byIndex !== undefined) status.failedIndexes = formatIndexes(tally.byIndex.failed);
  const startTime = job.spec.suspend ? undefined : (job.status?.startTime ?? formatTime(nowMs));
  if (startTime !== undefined) status.startTime = startTime;
  if (result.completionTime !== undefined) status.completionTime = result.completionTime;
  return status;
}

function soonest(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(0, Math.min(...known));
}
