/** Starts jobs at the times of their cron jobs, and forgets old ones. */

import { type CronSchedule, parseCronSchedule } from "../../api/kinds/index.ts";
import { controllerReference, formatTime, isReason, keyString, semanticEqual } from "../../api/meta/index.ts";
import type { CronJob, CronJobStatus, Job } from "../../api/types/index.ts";
import {
  again,
  type Draft,
  done,
  never,
  type Outcome,
  referenceTo,
  resources,
  runController,
} from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { byController, byCreation, controllerKey, indexByController, objectKey } from "../owners.ts";
import { isNamespaceTerminating, messageOf } from "../pods/index.ts";
import { type CronPlan, planCronJob } from "./plan.ts";

const component = "cronjob-controller";
const scheduledAnnotation = "batch.kubernetes.io/cronjob-scheduled-timestamp";

export const startCronJobController: StartController = ({ client, host, informers, recorder, workers }) => {
  const cronJobs = informers.informer(resources.cronjobs);
  const jobs = informers.informer(resources.jobs, { indexers: { [byController]: indexByController } });
  const events = recorder(component);
  const writer = client.resource(resources.jobs);
  /** Runs whose start is written in no status that has been seen yet. */
  const startedAt = new Map<string, number>();
  const controller = runController({
    name: component,
    host,
    workers: workers(component, 5),
    synced: [cronJobs, jobs],
    reconcile: (key) => reconcile(keyString(key)),
  });

  async function reconcile(key: string): Promise<Outcome> {
    const cronJob = cronJobs.store.get(key);
    if (cronJob === undefined || cronJob.metadata.deletionTimestamp !== undefined) {
      startedAt.delete(key);
      return done;
    }
    let schedule: CronSchedule;
    try {
      schedule = parseCronSchedule(cronJob.spec.schedule);
    } catch (error) {
      events.event(
        cronJob,
        "Warning",
        "UnparseableSchedule",
        `unparseable schedule: ${cronJob.spec.schedule} : ${messageOf(error)}`,
      );
      return never(messageOf(error));
    }
    const owned = jobs.store.byIndex(byController, cronJob.metadata.uid ?? "");
    const plan = planCronJob({ cronJob, schedule, jobs: owned, nowMs: host.clock.now() });
    const started = await start(key, cronJob, plan);
    for (const job of plan.forget) await remove(cronJob, job);
    await writeStatus(cronJob, plan, started);
    return plan.againAfterMs === undefined ? done : again(plan.againAfterMs);
  }

  /** Gives the job that was started. */
  async function start(key: string, cronJob: CronJob, plan: CronPlan): Promise<Job | undefined> {
    const { start } = plan;
    if (start.kind === "none") return undefined;
    if (start.kind === "skip") {
      if (startedAt.get(key) !== start.atMs) {
        const type = start.reason === "MissSchedule" ? "Warning" : "Normal";
        events.event(cronJob, type, start.reason, start.message);
      }
      startedAt.set(key, start.atMs);
      return undefined;
    }
    for (const job of start.replace) await remove(cronJob, job);
    const draft = jobOf(cronJob, start.atMs);
    try {
      const job = await writer.create(draft);
      events.event(cronJob, "Normal", "SuccessfulCreate", `Created job ${job.metadata.name}`);
      return job;
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined;
      // Its name is its time: an earlier try made it, and its status was not written.
      if (isReason(error, "AlreadyExists")) return writer.get(objectKey(draft));
      events.event(cronJob, "Warning", "FailedCreate", `Error creating job: ${messageOf(error)}`);
      throw error;
    }
  }

  async function remove(cronJob: CronJob, job: Job): Promise<void> {
    try {
      await writer.delete(objectKey(job), { propagationPolicy: "Background" });
      events.event(cronJob, "Normal", "SuccessfulDelete", `Deleted job ${job.metadata.name}`);
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
  }

  async function writeStatus(cronJob: CronJob, plan: CronPlan, started: Job | undefined): Promise<void> {
    const replaced = plan.start.kind === "start" ? plan.start.replace : [];
    const active = plan.active.filter((job) => !replaced.includes(job));
    const all =
      started === undefined || active.some((job) => job.metadata.uid === started.metadata.uid)
        ? active
        : [...active, started];
    const status: CronJobStatus = {};
    if (all.length > 0) status.active = [...all].sort(byCreation).map((job) => referenceTo(job));
    const last =
      started !== undefined && plan.start.kind === "start"
        ? formatTime(plan.start.atMs)
        : cronJob.status?.lastScheduleTime;
    if (last !== undefined) status.lastScheduleTime = last;
    if (plan.lastSuccessfulTime !== undefined) status.lastSuccessfulTime = plan.lastSuccessfulTime;
    if (!semanticEqual(cronJob.status, status))
      await client.resource(resources.cronjobs).updateStatus({ ...cronJob, status });
  }

  const enqueueOwner = (job: Job): void => {
    const key = controllerKey(job, "CronJob", "batch");
    if (key !== undefined) controller.queue.add(key);
  };
  cronJobs.addHandlers({
    add: (cronJob) => controller.enqueue(cronJob),
    update: (_, cronJob) => controller.enqueue(cronJob),
    delete: (cronJob) => controller.enqueue(cronJob),
  });
  jobs.addHandlers({ add: enqueueOwner, update: (_, job) => enqueueOwner(job), delete: enqueueOwner });
  return controller;
};

/** Named after its time in minutes, so that one time never makes two jobs. */
function jobOf(cronJob: CronJob, atMs: number): Draft<Job> {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    metadata: {
      namespace: cronJob.metadata.namespace,
      name: `${cronJob.metadata.name}-${Math.floor(atMs / 60_000)}`,
      labels: metadata?.labels,
      annotations: { ...metadata?.annotations, [scheduledAnnotation]: formatTime(atMs) },
      ownerReferences: [controllerReference(cronJob)],
    },
    spec: spec ?? { template: { metadata: {}, spec: { containers: [] } } },
  };
}
