import { isReason, keyString, labelSelectorAsSelector, semanticEqual } from "../../api/meta/index.ts";
import type { Job, JobStatus, Pod, PodTemplateSpec } from "../../api/types/index.ts";
import { again, type Draft, done, never, type Outcome, resources, runController } from "../../client/index.ts";
import { type Adopters, enqueueAdopters, enqueueNewAdopters } from "../adopters.ts";
import { claim } from "../claims.ts";
import { addForOneOf } from "../coalescing.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { Expectations } from "../expectations.ts";
import { OwnWrites } from "../own-writes.ts";
import { byController, byNamespace, controllerKey, indexByController, indexByNamespace, objectKey } from "../owners.ts";
import { isNamespaceTerminating, PodControl, podFromTemplate } from "../pods/index.ts";
import { slowStart } from "../slow-start.ts";
import { isFinished } from "./conditions.ts";
import { FailureStreaks, noFailures } from "./failure-streaks.ts";
import { completionIndexAnnotation } from "./indexes.ts";
import { jobMetrics } from "./measure.ts";
import { failureCounts } from "./per-index.ts";
import { type JobPlan, planJob, trackingFinalizer } from "./plan.ts";

const component = "job-controller";
const byJob = "tracked by job";

/** Runs pods to completion for jobs. */
export function startJobController(context: ControllerContext): RunningController {
  const { client, host, informers } = context;
  const jobs = informers.informer(resources.jobs, { indexers: { [byNamespace]: indexByNamespace } });
  const pods = informers.informer(resources.pods, {
    indexers: { [byController]: indexByController, [byJob]: trackedBy },
  });
  const events = context.recorder(component);
  const podControl = new PodControl(client, events);
  const expectations = new Expectations(host);
  const streaks = new FailureStreaks();
  const ownWrites = new OwnWrites();
  const measured = jobMetrics(host);
  const controller = runController({
    name: component,
    host,
    workers: context.workers(component, 5),
    synced: [jobs, pods],
    reconcile: (key) => reconcile(keyString(key)),
  });
  const orphans = runController({
    name: "job-controller-orphans",
    host,
    workers: 1,
    synced: [jobs, pods],
    reconcile: (key) => releaseOrphan(keyString(key)),
  });

  async function reconcile(key: string): Promise<Outcome> {
    const job = jobs.store.get(key);
    const tracked = pods.store.byIndex(byJob, key);
    if (job === undefined) expectations.forget(key);
    // What was counted already would be counted, and made, as if it were missing.
    else if (ownWrites.isBehind(job)) return done;
    if (job === undefined || isFinished(job)) {
      if (job !== undefined) streaks.forget(job);
      // Nobody counts these any more; held by the finalizer they could never go.
      for (const pod of tracked) await release(pod);
      return done;
    }
    if (job.spec.managedBy !== undefined && job.spec.managedBy !== "kubernetes.io/job-controller") return done;
    // Without one the job would never see the pods it makes, and make more and more.
    if (job.spec.selector === undefined) return never("the job has no selector");
    const mayAct = expectations.satisfied(key);
    const held = await claim({
      client,
      owner: job,
      ownerType: resources.jobs,
      selector: labelSelectorAsSelector(job.spec.selector),
      type: resources.pods,
      store: pods.store,
    });
    for (const pod of tracked) if (!held.some(({ metadata }) => metadata.uid === pod.metadata.uid)) await release(pod);
    const nowMs = host.clock.now();
    const streak = job.spec.backoffLimitPerIndex === undefined ? streaks.note(job, held, nowMs) : noFailures;
    const plan = planJob({ job, pods: held, streak, mayAct, nowMs });
    const { error, missing = 0 } = await act(key, job, plan);
    const status = withoutMissing(plan.status, missing);
    if (!semanticEqual(job.status, status)) {
      ownWrites.wrote(await client.resource(resources.jobs).updateStatus({ ...job, status }));
      measured.written(job, plan);
    }
    for (const { type, reason, message } of plan.events) events.event(job, type, reason, message);
    for (const pod of plan.release) await release(pod);
    if (error !== undefined) throw error;
    return plan.againAfterMs === undefined ? done : again(plan.againAfterMs);
  }

  /** A pod that its job let go of, as when a job is deleted without its pods: nobody counts it any more. */
  async function releaseOrphan(key: string): Promise<Outcome> {
    const pod = pods.store.get(key);
    if (pod !== undefined && isTrackedOrphan(pod)) await release(pod);
    return done;
  }

  /** Gives the first error instead of throwing it, and how many pods could not be made: the status is written anyway. */
  async function act(key: string, job: Job, plan: JobPlan): Promise<{ error?: unknown; missing?: number }> {
    if (plan.remove.length > 0) {
      expectations.expectDeletions(
        key,
        plan.remove.map(({ metadata }) => metadata.uid ?? ""),
      );
      for (const pod of plan.remove) {
        try {
          if (!(await podControl.delete(pod, job))) expectations.deleted(key, pod.metadata.uid ?? "");
        } catch (error) {
          expectations.forget(key);
          return { error };
        }
      }
    }
    if (plan.create === 0) return {};
    expectations.expectCreations(key, plan.create);
    const { succeeded, error } = await slowStart(host.clock, plan.create, async (index) => {
      try {
        await podControl.create(podOf(job, plan, plan.indexes?.[index]), job);
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
        expectations.created(key);
      }
    });
    const missing = plan.create - succeeded;
    if (missing > 0) expectations.created(key, missing);
    return { error, missing };
  }

  async function release(pod: Pod): Promise<void> {
    const finalizers = (pod.metadata.finalizers ?? []).filter((name) => name !== trackingFinalizer);
    const { uid, resourceVersion } = pod.metadata;
    const metadata = { uid, resourceVersion, finalizers: finalizers.length > 0 ? finalizers : null };
    try {
      await client.resource(resources.pods).patch(objectKey(pod), "merge", { metadata });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
  }

  const keyOfJob = (pod: Pod) => controllerKey(pod, "Job", "batch");
  const enqueue = (pod: Pod): void => {
    const key = keyOfJob(pod);
    if (key !== undefined) addForOneOf(controller.queue, key, pods.store.countByIndex(byJob, key));
  };
  const gone = (pod: Pod): void => {
    const key = keyOfJob(pod);
    if (key !== undefined) expectations.deleted(key, pod.metadata.uid ?? "");
  };
  jobs.addHandlers({
    add: (job) => controller.enqueue(job),
    update: (_, job) => controller.enqueue(job),
    delete: (job) => {
      streaks.forget(job);
      ownWrites.forget(job);
      controller.enqueue(job);
    },
  });
  const adopters: Adopters<Job> = {
    store: jobs.store,
    selector: ({ spec }) => labelSelectorAsSelector(spec.selector),
    enqueue: (job) => controller.enqueue(job),
  };
  pods.addHandlers({
    add: (pod) => {
      enqueueAdopters(pod, adopters);
      if (isTrackedOrphan(pod)) orphans.enqueue(pod);
      const key = keyOfJob(pod);
      if (key !== undefined) expectations.created(key);
      enqueue(pod);
    },
    update: (old, pod) => {
      if (pod.metadata.deletionTimestamp !== undefined) gone(pod);
      if (isTrackedOrphan(pod)) orphans.enqueue(pod);
      enqueue(pod);
      enqueueNewAdopters(old, pod, adopters);
      // One that was let go of is to be looked at by the job that had it: it may belong to it still.
      if (controllerKey(old, "Job", "batch") !== controllerKey(pod, "Job", "batch")) enqueue(old);
    },
    delete: (pod) => {
      gone(pod);
      enqueue(pod);
    },
  });
  return {
    stop: async () => {
      await Promise.all([controller.stop(), orphans.stop()]);
    },
  };
}

/** Pods that could not be made are not active. */
function withoutMissing(status: JobStatus, missing: number): JobStatus {
  if (missing === 0) return status;
  const { active = 0, ...others } = status;
  return active > missing ? { ...others, active: active - missing } : others;
}

function isTrackedOrphan({ metadata }: Pod): boolean {
  const isControlled = metadata.ownerReferences?.some(({ controller }) => controller === true) ?? false;
  return !isControlled && metadata.finalizers?.includes(trackingFinalizer) === true;
}

function trackedBy(pod: Pod): string[] {
  const key = controllerKey(pod, "Job", "batch");
  return key !== undefined && pod.metadata.finalizers?.includes(trackingFinalizer) ? [key] : [];
}

function podOf(job: Job, { predecessors }: JobPlan, index: number | undefined): Draft<Pod> {
  const template: PodTemplateSpec = job.spec.template;
  const pod = podFromTemplate(template, job);
  const finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer];
  if (index === undefined) return { ...pod, metadata: { ...pod.metadata, finalizers } };
  const text = String(index);
  const labels = { ...pod.metadata.labels, [completionIndexAnnotation]: text };
  const counts = failureCounts(job, predecessors?.get(index));
  const annotations = { ...pod.metadata.annotations, ...counts, [completionIndexAnnotation]: text };
  const generateName = `${job.metadata.name}-${index}-`;
  const env = {
    name: "JOB_COMPLETION_INDEX",
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${completionIndexAnnotation}']` } },
  };
  const withEnv = <C extends { env?: object[] }>(containers: readonly C[]): C[] =>
    containers.map((container) => ({ ...container, env: [...(container.env ?? []), env] }));
  const spec = {
    ...pod.spec,
    hostname: pod.spec.hostname ?? `${job.metadata.name}-${index}`,
    containers: withEnv(pod.spec.containers),
    ...(pod.spec.initContainers === undefined ? {} : { initContainers: withEnv(pod.spec.initContainers) }),
  };
  return { ...pod, metadata: { ...pod.metadata, labels, annotations, generateName, finalizers }, spec };
}
