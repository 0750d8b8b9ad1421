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
import { type CronPlan, hasEndedAs, lastDue, planCronJob, sortJobs } from "./plan.ts";
import { zonedTime } from "./schedule.ts";

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
    const known = cronJobs.store.get(key);
    if (known === undefined) {
      startedAt.delete(key);
      return done;
    }
    const { cronJob, jobs: owned } = await look(known);
    let schedule: CronSchedule;
    try {
      schedule = parseCronSchedule(cronJob.spec.schedule);
    } catch (error) {
      events.event(
        cronJob,
        "Warning",
        "UnparseableSchedule",
        `unparseable schedule: "${cronJob.spec.schedule}" : ${messageOf(error)}`,
      );
      return never(messageOf(error));
    }
    const nowMs = host.clock.now();
    const plan = planCronJob({ cronJob, schedule, jobs: owned, nowMs });
    if (cronJob.metadata.deletionTimestamp !== undefined) {
      // It starts nothing any more: only the status is kept.
      startedAt.delete(key);
      await writeStatus(cronJob, { ...plan, start: { kind: "none" } }, undefined);
      return done;
    }
    if (plan.start.kind !== "none" && lastDue(cronJob, schedule, nowMs).tooMany) {
      const message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
      events.event(cronJob, "Warning", "TooManyMissedTimes", message);
    }
    const started = await start(key, cronJob, plan);
    for (const job of plan.forget) await remove(cronJob, job);
    await writeStatus(cronJob, plan, started);
    return plan.againAfterMs === undefined ? done : again(plan.againAfterMs);
  }

  /** Tells what has become of the jobs, and gives the newest state of both. */
  async function look(known: CronJob): Promise<{ cronJob: CronJob; jobs: readonly Job[] }> {
    const owned = jobs.store.byIndex(byController, known.metadata.uid ?? "");
    let cronJob = known;
    if (sortJobs(known, owned).unexpected.length > 0) {
      // What we started a moment ago may not be listed in what we know.
      const fresh = await client.resource(resources.cronjobs).find(objectKey(known));
      if (fresh !== undefined && fresh.metadata.uid === known.metadata.uid) cronJob = fresh;
    }
    const found: Job[] = [];
    for (const { uid, namespace = "", name = "" } of cronJob.status?.active ?? []) {
      if (owned.some(({ metadata }) => metadata.uid === uid)) continue;
      const job = await writer.find({ namespace, name });
      if (job !== undefined) found.push(job);
      else events.event(cronJob, "Normal", "MissingJob", `Active job went missing: ${name}`);
    }
    const all = [...owned, ...found];
    const { completed, unexpected } = sortJobs(cronJob, all);
    for (const { metadata } of unexpected) {
      const message = `Saw a job that the controller did not create or forgot: ${metadata.name}`;
      events.event(cronJob, "Warning", "UnexpectedJob", message);
    }
    for (const job of completed) {
      const condition = hasEndedAs(job, "Complete") ? "Complete" : "Failed";
      const message = `Saw completed job: ${job.metadata.name}, condition: ${condition}`;
      events.event(cronJob, "Normal", "SawCompletedJob", message);
    }
    return { cronJob, jobs: all };
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
      annotations: { ...metadata?.annotations, [scheduledAnnotation]: zonedTime(atMs, cronJob.spec.timeZone) },
      ownerReferences: [controllerReference(cronJob)],
    },
    spec: spec ?? { template: { metadata: {}, spec: { containers: [] } } },
  };
}
