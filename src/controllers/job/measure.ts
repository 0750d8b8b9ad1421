import type { Job } from "../../api/types/index.ts";
import type { Host } from "../../host/index.ts";
import { holds } from "./conditions.ts";
import type { JobPlan } from "./plan.ts";

/** The job controller's own metrics, under the original names. */
export interface JobMetrics {
  /** What a status that was written counts for the first time. */
  written(job: Job, plan: JobPlan): void;
}

export function jobMetrics({ metrics }: Host): JobMetrics {
  const finished = metrics.counter({
    name: "job_controller_jobs_finished_total",
    help: "Jobs that ended, by how.",
    labels: ["completion_mode", "result", "reason"],
  });
  const pods = metrics.counter({
    name: "job_controller_job_pods_finished_total",
    help: "Pods of jobs that ended and were accounted for.",
    labels: ["completion_mode", "result"],
  });
  return {
    written: (job, { status }) => {
      const completion_mode = job.spec.completionMode ?? "NonIndexed";
      const counted = (result: "succeeded" | "failed", now: number | undefined, before: number | undefined) => {
        const more = (now ?? 0) - (before ?? 0);
        if (more > 0) pods.inc({ completion_mode, result }, more);
      };
      counted("succeeded", status.succeeded, job.status?.succeeded);
      counted("failed", status.failed, job.status?.failed);
      for (const [type, result] of [
        ["Complete", "succeeded"],
        ["Failed", "failed"],
      ] as const) {
        if (!holds(status.conditions, type) || holds(job.status?.conditions, type)) continue;
        const reason = status.conditions?.find((condition) => condition.type === type)?.reason ?? "";
        finished.inc({ completion_mode, result, reason });
      }
    },
  };
}
