import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { CronJob, CronJobSpec } from "../../types/index.ts";
import { checkNonNegative, checkSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { defaultPodTemplate } from "../podspec/defaults.ts";
import { nameWarnings } from "../podspec/warnings.ts";
import {
  ageColumn,
  ageOf,
  containerCells,
  containersColumns,
  integer,
  labelSelectorText,
  nameColumn,
  nameOf,
  none,
  selectorColumn,
  since,
  text,
} from "../table/cells.ts";
import { parseCronSchedule } from "./cron-schedule.ts";
import { defaultFailurePolicy } from "./job-defaults.ts";
import { checkJobTemplate } from "./job-spec.ts";
import { jobWarnings } from "./job-warnings.ts";

/** Room for what the controller appends to make the names of jobs. */
const nameLengthMax = 52;

const specPath = root("spec");

export const cronJobStrategy: KindStrategy = {
  applyDefaults({ spec }: CronJob) {
    spec.concurrencyPolicy ||= "Allow";
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    defaultPodTemplate(spec.jobTemplate.spec.template);
    defaultFailurePolicy(spec.jobTemplate.spec);
  },
  warnings: (cronJob: CronJob, old?: CronJob) => [
    ...(old === undefined ? nameWarnings(cronJob.metadata.name ?? "") : []),
    ...jobWarnings(cronJob.spec.jobTemplate.spec, root("spec", "jobTemplate", "spec"), old?.spec.jobTemplate.spec),
  ],
  validate(cronJob: CronJob) {
    const out: FieldError[] = [];
    checkSpec(cronJob.spec, undefined, out);
    if ((cronJob.metadata.name ?? "").length > nameLengthMax) {
      const detail = `must be no more than ${nameLengthMax} characters`;
      out.push(fieldError.invalid(root("metadata", "name"), cronJob.metadata.name, detail));
    }
    return out;
  },
  validateUpdate(cronJob: CronJob, old: CronJob) {
    const out: FieldError[] = [];
    checkSpec(cronJob.spec, old.spec, out);
    return out;
  },
  table: {
    columns: [
      nameColumn,
      text("Schedule"),
      text("Timezone"),
      { name: "Suspend", type: "boolean" },
      integer("Active"),
      text("Last Schedule"),
      ageColumn,
      ...containersColumns,
      selectorColumn,
    ],
    cells(cronJob: CronJob, now) {
      const { spec, status } = cronJob;
      const job = spec.jobTemplate.spec;
      return [
        nameOf(cronJob),
        spec.schedule,
        spec.timeZone ?? none,
        spec.suspend ? "True" : "False",
        (status?.active ?? []).length,
        status?.lastScheduleTime ? since(status.lastScheduleTime, now) : none,
        ageOf(cronJob, now),
        ...containerCells(job.template.spec?.containers),
        labelSelectorText(job.selector),
      ];
    },
  },
};

function checkSpec(spec: CronJobSpec, old: CronJobSpec | undefined, out: FieldError[]): void {
  const mayNameZone = old?.schedule.includes("TZ") ?? false;
  if (!spec.schedule) out.push(fieldError.required(specPath.child("schedule"), ""));
  else checkSchedule(spec, mayNameZone, specPath.child("schedule"), out);
  checkNonNegative(spec.startingDeadlineSeconds, specPath.child("startingDeadlineSeconds"), out);
  if (!old || old.timeZone !== spec.timeZone) checkTimeZone(spec.timeZone, specPath.child("timeZone"), out);
  const policies = ["Allow", "Forbid", "Replace"];
  checkSupported(spec.concurrencyPolicy, policies, specPath.child("concurrencyPolicy"), out);
  checkJobTemplate(spec.jobTemplate, specPath.child("jobTemplate"), out);
  checkNonNegative(spec.successfulJobsHistoryLimit, specPath.child("successfulJobsHistoryLimit"), out);
  checkNonNegative(spec.failedJobsHistoryLimit, specPath.child("failedJobsHistoryLimit"), out);
}

function checkSchedule(spec: CronJobSpec, mayNameZone: boolean, path: FieldPath, out: FieldError[]): void {
  const { schedule, timeZone } = spec;
  try {
    parseCronSchedule(schedule);
  } catch (error) {
    out.push(fieldError.invalid(path, schedule, error instanceof Error ? error.message : String(error)));
  }
  if (!schedule.includes("TZ")) return;
  if (!mayNameZone) {
    const detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
    out.push(fieldError.invalid(path, schedule, detail));
  } else if (timeZone !== undefined) {
    const detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
    out.push(fieldError.invalid(path, schedule, detail));
  }
}

function checkTimeZone(zone: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (zone === undefined) return;
  if (zone === "") out.push(fieldError.invalid(path, zone, "timeZone must be nil or non-empty string"));
  else if (zone.toLowerCase() === "local") {
    const detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
    out.push(fieldError.invalid(path, zone, detail));
  } else if (!isTimeZone(zone)) out.push(fieldError.invalid(path, zone, `unknown time zone ${zone}`));
}

/** As Go has it: names are those of files, so that their case matters, and offsets are none. */
function isTimeZone(zone: string): boolean {
  if (!/^[A-Z]/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
