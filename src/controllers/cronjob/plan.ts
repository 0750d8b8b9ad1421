import type { CronSchedule } from "../../api/kinds/index.ts";
import { formatTime, parseTime } from "../../api/meta/index.ts";
import type { CronJob, Job } from "../../api/types/index.ts";
import { compareText } from "../owners.ts";
import { nextTime } from "./schedule.ts";

/** More missed times than this are not counted through one by one. */
const missedMax = 100;

export interface CronObserved {
  readonly cronJob: CronJob;
  readonly schedule: CronSchedule;
  /** All that the cron job controls. */
  readonly jobs: readonly Job[];
  readonly nowMs: number;
}

export type Start =
  | { readonly kind: "none" }
  | { readonly kind: "start"; readonly atMs: number; readonly replace: readonly Job[] }
  | {
      readonly kind: "skip";
      readonly atMs: number;
      readonly reason: "MissSchedule" | "JobAlreadyActive";
      readonly message: string;
    };

export interface CronPlan {
  readonly start: Start;
  /** Finished jobs beyond the history limits. */
  readonly forget: readonly Job[];
  readonly active: readonly Job[];
  readonly lastSuccessfulTime?: string;
  /** When the next run is due. */
  readonly againAfterMs?: number;
}

export function planCronJob(observed: CronObserved): CronPlan {
  const { cronJob, schedule, jobs, nowMs } = observed;
  const active = jobs.filter((job) => !isOver(job));
  const next = nextTime(schedule, nowMs, cronJob.spec.timeZone);
  return {
    start: cronJob.spec.suspend ? { kind: "none" } : startOf(observed, active),
    forget: [
      ...surplus(
        jobs.filter((job) => hasEndedAs(job, "Complete")),
        cronJob.spec.successfulJobsHistoryLimit ?? 3,
      ),
      ...surplus(
        jobs.filter((job) => hasEndedAs(job, "Failed")),
        cronJob.spec.failedJobsHistoryLimit ?? 1,
      ),
    ],
    active,
    lastSuccessfulTime: lastSuccess(cronJob, jobs),
    againAfterMs: next === undefined || cronJob.spec.suspend ? undefined : next - nowMs,
  };
}

function startOf({ cronJob, schedule, nowMs }: CronObserved, active: readonly Job[]): Start {
  const due = lastDueMs(cronJob, schedule, nowMs);
  if (due === undefined) return { kind: "none" };
  const { startingDeadlineSeconds, concurrencyPolicy } = cronJob.spec;
  if (startingDeadlineSeconds !== undefined && due + startingDeadlineSeconds * 1000 < nowMs) {
    const message = `Missed scheduled time to start a job: ${formatTime(due)}`;
    return { kind: "skip", atMs: due, reason: "MissSchedule", message };
  }
  if (active.length > 0 && concurrencyPolicy === "Forbid") {
    const message = "Not starting job because prior execution is running and concurrency policy is Forbid";
    return { kind: "skip", atMs: due, reason: "JobAlreadyActive", message };
  }
  return { kind: "start", atMs: due, replace: concurrencyPolicy === "Replace" ? active : [] };
}

/** The latest time that has come since the last run. */
function lastDueMs(cronJob: CronJob, schedule: CronSchedule, nowMs: number): number | undefined {
  const { startingDeadlineSeconds, timeZone } = cronJob.spec;
  const since = cronJob.status?.lastScheduleTime ?? cronJob.metadata.creationTimestamp;
  let from = since ? parseTime(since) : nowMs;
  if (startingDeadlineSeconds !== undefined) from = Math.max(from, nowMs - startingDeadlineSeconds * 1000);
  let due: number | undefined;
  for (let missed = 0; ; missed++) {
    const next = nextTime(schedule, due ?? from, timeZone);
    if (next === undefined || next > nowMs) return due;
    due = next;
    if (missed >= missedMax) return latestBefore(schedule, nowMs, timeZone) ?? due;
  }
}

/** After a long pause: searched backwards in growing steps instead of through all that was missed. */
function latestBefore(schedule: CronSchedule, nowMs: number, timeZone: string | undefined): number | undefined {
  for (let span = 60_000; span < 400 * 86_400_000; span *= 2) {
    let found: number | undefined;
    for (
      let at = nextTime(schedule, nowMs - span, timeZone);
      at !== undefined && at <= nowMs;
      at = nextTime(schedule, at, timeZone)
    )
      found = at;
    if (found !== undefined) return found;
  }
  return undefined;
}

function hasEndedAs(job: Job, type: "Complete" | "Failed"): boolean {
  return job.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

function isOver(job: Job): boolean {
  return hasEndedAs(job, "Complete") || hasEndedAs(job, "Failed");
}

function surplus(jobs: readonly Job[], limit: number): Job[] {
  const oldestFirst = [...jobs].sort((a, b) => compareText(a.status?.startTime ?? "", b.status?.startTime ?? ""));
  return oldestFirst.slice(0, Math.max(0, jobs.length - limit));
}

function lastSuccess(cronJob: CronJob, jobs: readonly Job[]): string | undefined {
  const times = jobs.filter((job) => hasEndedAs(job, "Complete")).map((job) => job.status?.completionTime ?? "");
  const latest = [...times, cronJob.status?.lastSuccessfulTime ?? ""].sort(compareText).at(-1);
  return latest || undefined;
}
