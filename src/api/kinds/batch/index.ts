/** Jobs and cron jobs. */
import type { KindStrategy } from "../generic.ts";
import { cronJobStrategy } from "./cron-job.ts";
import { jobStrategy } from "./job.ts";

export type { CronFields, CronSchedule } from "./cron-schedule.ts";
export { parseCronSchedule } from "./cron-schedule.ts";

export const batchStrategies: Readonly<Record<string, KindStrategy>> = {
  jobs: jobStrategy,
  cronjobs: cronJobStrategy,
};
