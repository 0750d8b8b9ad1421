import type { CronSchedule } from "../../api/kinds/index.ts";
import { parseTime } from "../../api/meta/index.ts";
import type { CronJob, Job } from "../../api/types/index.ts";
import { compareText } from "../owners.ts";
import { nextTime } from "./schedule.ts";

/** More missed times than this are not counted through one by one. */
const missedMax = 100;

export interface CronObserved {
  readonly cronJob: CronJob;
  readonly schedule: CronSchedule;
  /** All that the cron job controls. Those that its status does not list were made by others, and do not hold it up. */
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

export interface SortedJobs {
  /** Listed in the status, and not over yet. */
  readonly active: readonly Job[];
  /** Listed in the status, and over. */
  readonly completed: readonly Job[];
  /** Not over, and not listed. */
  readonly unexpected: readonly Job[];
}

/** What has become of the jobs that the status lists, and which run besides. */
export function sortJobs({ status }: CronJob, jobs: readonly Job[]): SortedJobs {
  const listed = new Set(status?.active?.map(({ uid }) => uid));
  const isListed = ({ metadata }: Job) => listed.has(metadata.uid);
  return {
    active: jobs.filter((job) => isListed(job) && !isOver(job)),
    completed: jobs.filter((job) => isListed(job) && isOver(job)),
    unexpected: jobs.filter((job) => !isListed(job) && !isOver(job)),
  };
}

export function planCronJob(observed: CronObserved): CronPlan {
  const { cronJob, schedule, jobs, nowMs } = observed;
  const { active } = sortJobs(cronJob, jobs);
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
  const { due } = lastDue(cronJob, schedule, nowMs);
  if (due === undefined) return { kind: "none" };
  const { startingDeadlineSeconds, concurrencyPolicy } = cronJob.spec;
  if (startingDeadlineSeconds !== undefined && due + startingDeadlineSeconds * 1000 < nowMs) {
    const message = `Missed scheduled time to start a job: ${mailTime(due)}`;
    return { kind: "skip", atMs: due, reason: "MissSchedule", message };
  }
  if (active.length > 0 && concurrencyPolicy === "Forbid") {
    const message = "Not starting job because prior execution is running and concurrency policy is Forbid";
    return { kind: "skip", atMs: due, reason: "JobAlreadyActive", message };
  }
  return { kind: "start", atMs: due, replace: concurrencyPolicy === "Replace" ? active : [] };
}

interface LastDue {
  readonly due: number | undefined;
  /** So many times passed unused that something must be wrong: the clocks, or the deadline. */
  readonly tooMany: boolean;
}

/** The latest time that has come since the last run. */
export function lastDue(cronJob: CronJob, schedule: CronSchedule, nowMs: number): LastDue {
  const { startingDeadlineSeconds, timeZone } = cronJob.spec;
  const since = cronJob.status?.lastScheduleTime ?? cronJob.metadata.creationTimestamp;
  let from = since ? parseTime(since) : nowMs;
  if (startingDeadlineSeconds !== undefined) from = Math.max(from, nowMs - startingDeadlineSeconds * 1000);
  let due: number | undefined;
  for (let missed = 0; ; missed++) {
    const next = nextTime(schedule, due ?? from, timeZone);
    if (next === undefined || next > nowMs) return { due, tooMany: false };
    due = next;
    if (missed >= missedMax) return { due: latestBefore(schedule, nowMs, timeZone) ?? due, tooMany: true };
  }
}

/** As mails tell times: Thu, 01 Jan 2026 00:05:00 +0000. */
function mailTime(ms: number): string {
  return new Date(ms).toUTCString().replace("GMT", "+0000");
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

/** Whether a job has ended in this way. */
export function hasEndedAs(job: Job, type: "Complete" | "Failed"): boolean {
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
