// What holds when nothing happens any more: what is there is what is wanted, and its status says so.

import { isConditionTrue, type KubeObject, labelSelectorAsSelector, matches } from "../../../src/api/meta/index.ts";
import type {
  DaemonSet,
  Deployment,
  Job,
  Pod,
  PodDisruptionBudget,
  StatefulSet,
} from "../../../src/api/types/index.ts";
import { resources } from "../../../src/client/index.ts";
import { controllerOf, type History, isActive, isReady } from "./workload-history.ts";
import { demand, replicaSetsOf, told } from "./workload-invariants.ts";

const revisionAnnotation = "deployment.kubernetes.io/revision";
const trackingFinalizer = "batch.kubernetes.io/job-tracking";

/** @throws Violation when the state is not the desired one. */
export function checkQuiet(history: History): void {
  for (const object of history.objects.values()) {
    if (waitsForSuccessor(history, object)) continue;
    demand(object.metadata.deletionTimestamp === undefined, () => `${told(object)} is still being deleted`);
    for (const owner of object.metadata.ownerReferences ?? []) {
      demand(history.objects.has(owner.uid), () => `${told(object)} is an orphan of ${owner.kind} ${owner.name}`);
    }
    checkObserved(object);
  }
  for (const deployment of history.of(resources.deployments)) checkDeployment(history, deployment);
  for (const set of history.of(resources.replicasets)) {
    const { spec, status } = set;
    const size = spec?.replicas ?? 1;
    expectCounts(set, { ...counted(status), pods: activePods(history, set) }, counts(size, { pods: size }));
  }
  for (const set of history.of(resources.statefulsets)) checkStatefulSet(history, set);
  for (const set of history.of(resources.daemonsets)) checkDaemonSet(history, set);
  for (const job of history.of(resources.jobs)) checkJob(history, job);
  for (const budget of history.of(resources.poddisruptionbudgets)) checkBudget(history, budget);
}

/** A job that counts failures of each index keeps its last failed pod until the next is made, which it may not make. */
function waitsForSuccessor(history: History, object: KubeObject): boolean {
  const job = history.objects.get(controllerOf(object)?.uid ?? "");
  return job?.kind === "Job" && keepsFailed(job as Job);
}

function keepsFailed({ spec }: Job): boolean {
  return spec?.backoffLimitPerIndex != null && (spec.suspend === true || spec.parallelism === 0);
}

function checkObserved(object: KubeObject): void {
  const observed = (object as KubeObject & { status?: { observedGeneration?: number } }).status?.observedGeneration;
  if (object.kind === "Pod" || object.kind === "Node" || object.kind === "Job") return;
  const { generation } = object.metadata;
  demand(observed === generation, () => `${told(object)} has generation ${generation}, observed is ${observed}`);
}

function checkDeployment(history: History, deployment: Deployment): void {
  const { spec, status, metadata } = deployment;
  const size = spec?.replicas ?? 1;
  const sets = replicaSetsOf(history, deployment);
  const wanted = sets.reduce((sum, set) => sum + (set.spec?.replicas ?? 0), 0);
  // A rollout that is paused stands still where it is.
  if (spec?.paused) {
    const mayExceed = size + Number(spec.strategy?.rollingUpdate?.maxSurge ?? 0);
    demand(wanted <= mayExceed, () => `${told(deployment)} is paused with ${wanted} pods, not ${size}`);
    return;
  }
  const { updatedReplicas = 0 } = status ?? {};
  expectCounts(
    deployment,
    { ...counted(status), updatedReplicas, wanted },
    counts(size, { updatedReplicas: size, wanted: size }),
  );
  const used = sets.filter((set) => (set.spec?.replicas ?? 0) > 0);
  demand(used.length <= 1, () => `${told(deployment)} runs ${used.map(told).join(" and ")}`);
  const revisions = sets.map((set) => Number(set.metadata.annotations?.[revisionAnnotation]));
  const revision = Number(metadata.annotations?.[revisionAnnotation]);
  demand(revision === Math.max(...revisions), () => `${told(deployment)} has revision ${revision} of ${revisions}`);
  const newest = sets.find((set) => Number(set.metadata.annotations?.[revisionAnnotation]) === revision);
  const isNewest = used.length === 0 || used[0] === newest;
  demand(isNewest, () => `${told(deployment)} runs ${used.map(told)} instead of ${newest && told(newest)}`);
}

function checkStatefulSet(history: History, set: StatefulSet): void {
  const { spec, status } = set;
  const size = spec?.replicas ?? 1;
  expectCounts(set, { ...counted(status), pods: activePods(history, set) }, counts(size, { pods: size }));
  if (spec?.updateStrategy?.type === "OnDelete") return;
  const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  const updated = status?.updatedReplicas ?? 0;
  demand(updated >= size - partition, () => `${told(set)} updated ${updated} pods of ${size}, partition ${partition}`);
  const { currentRevision, updateRevision } = status ?? {};
  const isDone = partition > 0 || currentRevision === updateRevision;
  demand(isDone, () => `${told(set)} is at revision ${currentRevision}, not ${updateRevision}`);
}

function checkDaemonSet(history: History, set: DaemonSet): void {
  const size = history.of(resources.nodes).length;
  const { desiredNumberScheduled, currentNumberScheduled, numberReady, numberAvailable, numberMisscheduled } =
    set.status ?? { desiredNumberScheduled: 0, currentNumberScheduled: 0, numberReady: 0, numberMisscheduled: 0 };
  const found = { desiredNumberScheduled, currentNumberScheduled, numberReady, numberAvailable, numberMisscheduled };
  const wanted = {
    desiredNumberScheduled: size,
    currentNumberScheduled: size,
    numberReady: size,
    numberAvailable: size,
    numberMisscheduled: 0,
    pods: size,
  };
  expectCounts(set, { ...found, pods: activePods(history, set) }, wanted);
  if (set.spec?.updateStrategy?.type === "OnDelete") return;
  const updated = set.status?.updatedNumberScheduled ?? 0;
  demand(updated === size, () => `${told(set)} updated ${updated} pods of ${size}`);
}

/** Each pod that was ever made counts once: it runs, or it ended. */
function checkJob(history: History, job: Job): void {
  if (keepsFailed(job)) return;
  const uid = job.metadata.uid ?? "";
  const {
    active = 0,
    succeeded = 0,
    failed = 0,
    terminating = 0,
    uncountedTerminatedPods,
    conditions,
  } = job.status ?? {};
  const { suspend, completions, parallelism = 1, backoffLimit } = job.spec ?? {};
  const uncounted = [...(uncountedTerminatedPods?.succeeded ?? []), ...(uncountedTerminatedPods?.failed ?? [])];
  const ended = history.ended.get(uid)?.size ?? 0;
  expectCounts(
    job,
    { active, terminating, uncounted: uncounted.length, counted: succeeded + failed },
    { active: activePods(history, job), terminating: 0, uncounted: 0, counted: ended },
  );
  // One that was being deleted when it succeeded has counted as failed, if that was seen first.
  const sure = history.succeededUndisturbed.get(uid)?.size ?? 0;
  demand(succeeded >= sure, () => `${told(job)} counts ${succeeded} successes, and had ${sure}`);
  const tracked = history
    .podsOf(uid)
    .filter((pod) => !isActive(pod) && pod.metadata.finalizers?.includes(trackingFinalizer));
  demand(tracked.length === 0, () => `${told(job)} has counted, and keeps, ${tracked.map(told).join(", ")}`);
  const complete = isConditionTrue(conditions, "Complete");
  const hasFailed = isConditionTrue(conditions, "Failed");
  if (suspend === true || parallelism === 0) {
    demand(active === 0, () => `${told(job)} runs ${active} pods though it shall not`);
    return;
  }
  demand(complete !== hasFailed, () => `${told(job)} has not ended: ${JSON.stringify(job.status)}`);
  demand(active === 0, () => `${told(job)} has ended and runs ${active} pods`);
  demand(!complete || succeeded >= (completions ?? 1), () => `${told(job)} is complete with ${succeeded} successes`);
  const perIndex = job.spec?.backoffLimitPerIndex != null;
  const enough = !hasFailed || perIndex || failed > (backoffLimit ?? 6);
  demand(enough, () => `${told(job)} has failed after ${failed} pods, of ${backoffLimit} that it may lose`);
}

function checkBudget(history: History, budget: PodDisruptionBudget): void {
  const selector = labelSelectorAsSelector(budget.spec?.selector);
  const pods = history.of(resources.pods).filter((pod) => matches(selector, pod.metadata.labels ?? {}));
  const healthy = pods.filter((pod) => isActive(pod) && isReady(pod)).length;
  const { currentHealthy = 0, desiredHealthy = 0, disruptionsAllowed = 0 } = budget.status ?? {};
  const allowed = Math.max(0, healthy - desiredHealthy);
  expectCounts(
    budget,
    { currentHealthy, disruptionsAllowed },
    { currentHealthy: healthy, disruptionsAllowed: allowed },
  );
}

interface Counted {
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
}

const counted = ({ replicas = 0, readyReplicas = 0, availableReplicas = 0 }: Counted = {}) => ({
  replicas,
  readyReplicas,
  availableReplicas,
});
const counts = <T extends object>(size: number, more: T) => ({
  replicas: size,
  readyReplicas: size,
  availableReplicas: size,
  ...more,
});

function activePods(history: History, owner: KubeObject): number {
  return history.of(resources.pods).filter((pod: Pod) => controllerOf(pod)?.uid === owner.metadata.uid && isActive(pod))
    .length;
}

function expectCounts(of: KubeObject, found: object, wanted: object): void {
  const same = Object.entries(wanted).every(([name, value]) =>
    Object.entries(found).some(([n, v]) => n === name && v === value),
  );
  demand(same, () => `${told(of)} is at ${JSON.stringify(found)} and shall be at ${JSON.stringify(wanted)}`);
}
