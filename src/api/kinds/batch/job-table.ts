import { humanDuration, parseTime } from "../../meta/index.ts";
import type { Job } from "../../types/index.ts";
import type { TableStrategy } from "../kind.ts";
import {
  ageColumn,
  ageOf,
  containerCells,
  containersColumns,
  labelSelectorText,
  nameColumn,
  nameOf,
  selectorColumn,
  text,
} from "../table/cells.ts";

export const jobTable: TableStrategy = {
  columns: [
    nameColumn,
    text("Status"),
    text("Completions"),
    text("Duration"),
    ageColumn,
    ...containersColumns,
    selectorColumn,
  ],
  cells: (job: Job, now) => [
    nameOf(job),
    statusOf(job),
    completionsOf(job),
    durationOf(job, now),
    ageOf(job, now),
    ...containerCells(job.spec.template.spec?.containers),
    labelSelectorText(job.spec.selector),
  ],
};

function statusOf({ metadata, status }: Job): string {
  const isTrue = (type: string) =>
    (status?.conditions ?? []).some((condition) => condition.type === type && condition.status === "True");
  if (isTrue("Complete")) return "Complete";
  if (isTrue("Failed")) return "Failed";
  if (metadata.deletionTimestamp) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find(isTrue) ?? "Running";
}

function completionsOf({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationOf({ status }: Job, now: number): string {
  if (!status?.startTime) return "";
  const end = status.completionTime ? parseTime(status.completionTime) : now;
  return humanDuration(end - parseTime(status.startTime));
}
