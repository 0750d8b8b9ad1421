// What holds at every step, whatever happens to workloads, pods, nodes and controllers.

import {
  type KubeObject,
  labelSelectorAsSelector,
  matches,
  parseTime,
  scaledValue,
} from "../../../src/api/meta/index.ts";
import type {
  DaemonSet,
  Deployment,
  Job,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  StatefulSet,
} from "../../../src/api/types/index.ts";
import { resources } from "../../../src/client/index.ts";
import { type Change, controllerOf, type History, isActive, isReady, momentMs } from "./workload-history.ts";

export class Violation extends Error {
  override readonly name = "Violation";
}

export function demand(holds: boolean, complaint: () => string): void {
  if (!holds) throw new Violation(complaint());
}

/** @throws Violation when what changed must not be. */
export function checkStep(history: History, change: Change): void {
  const { now } = change;
  demand(
    (now.metadata.ownerReferences ?? []).filter(({ controller }) => controller === true).length <= 1,
    () => `${told(now)} has two controllers`,
  );
  if (now.kind === "Pod") checkPod(history, change, now as Pod, change.before as Pod | undefined);
  if (now.kind === "ReplicaSet" && !change.gone) {
    checkReplicaSet(history, change.atMs, now as ReplicaSet, change.before as ReplicaSet | undefined);
  }
  if (now.kind === "Job" && !change.gone) checkJob(history, now as Job, change.before as Job | undefined);
}

function checkPod(history: History, { atMs, gone }: Change, now: Pod, before: Pod | undefined): void {
  const owner = history.objects.get(controllerOf(now)?.uid ?? "");
  if (isReady(now)) history.bared.get(owner?.metadata.uid ?? "")?.delete(nodeOf(now) ?? "");
  const budgets = history.of(resources.poddisruptionbudgets);
  if (owner === undefined) return;
  if (before === undefined) checkNewPod(history, atMs, now, owner);
  if (before === undefined || before.metadata.deletionTimestamp !== undefined) return;
  if (!gone && now.metadata.deletionTimestamp === undefined) return;
  const by = history.deleterOf(now, atMs);
  if (isEvicted(now)) for (const budget of budgets) checkBudget(history, atMs, before, budget);
  if (owner.kind === "ReplicaSet" && by === "replicaset-controller") {
    checkAvailability(history, atMs, before, owner as ReplicaSet);
  }
  if (owner.kind === "StatefulSet" && by === "statefulset-controller") {
    checkStatefulDeletion(history, atMs, before, owner as StatefulSet);
  }
  if (owner.kind === "DaemonSet" && by === "daemonset-controller") {
    checkDaemonDeletion(history, atMs, before, owner as DaemonSet);
  }
}

function checkNewPod(history: History, atMs: number, pod: Pod, owner: KubeObject): void {
  const siblings = history.podsOf(owner.metadata.uid ?? "");
  const active = siblings.filter(isActive);
  if (owner.kind === "ReplicaSet") {
    const most = Math.max(...history.lately(owner as ReplicaSet, atMs).map(({ spec }) => spec?.replicas ?? 1));
    demand(active.length <= most, () => `${told(owner)} has ${active.length} pods and wanted ${most} at most`);
  }
  if (owner.kind === "Job") {
    const most = Math.max(...history.lately(owner as Job, atMs).map(({ spec }) => spec?.parallelism ?? 1));
    demand(active.length <= most, () => `${told(owner)} runs ${active.length} pods and wanted ${most} at most`);
    const index = indexOf(pod);
    const same = active.filter((other) => index !== undefined && indexOf(other) === index);
    demand(same.length <= 1, () => `${told(owner)} runs index ${index} twice`);
  }
  if (owner.kind === "DaemonSet") {
    const surge = history
      .lately(owner as DaemonSet, atMs)
      .some(({ spec }) => spec?.updateStrategy?.rollingUpdate?.maxSurge);
    const same = active.filter((other) => nodeOf(other) === nodeOf(pod));
    demand(same.length <= (surge ? 2 : 1), () => `${told(owner)} runs ${same.length} pods on ${nodeOf(pod)}`);
  }
  if (owner.kind === "StatefulSet") checkNewStatefulPod(history, atMs, pod, owner as StatefulSet);
}

function checkNewStatefulPod(history: History, atMs: number, pod: Pod, set: StatefulSet): void {
  const ordinal = ordinalOf(pod);
  const start = set.spec?.ordinals?.start ?? 0;
  const most = Math.max(...history.lately(set, atMs).map(({ spec }) => start + (spec?.replicas ?? 1)));
  demand(ordinal < most, () => `${told(pod)} is beyond the ${most} that ${told(set)} wanted`);
  if (set.spec?.podManagementPolicy === "Parallel") return;
  const siblings = history.podsOf(set.metadata.uid ?? "");
  for (let before = start; before < ordinal; before++) {
    const other = siblings.find((candidate) => ordinalOf(candidate) === before);
    const wasLost = history.lostToOthers("", atMs, (lost) => lost.metadata.name === `${set.metadata.name}-${before}`);
    demand(
      (other !== undefined && isReady(other)) || wasLost > 0,
      () => `${told(pod)} came before ${before} was ready`,
    );
  }
}

/** The deployment controller shares out what it may; pods that replica sets have too many are on their way out. */
function checkReplicaSet(history: History, atMs: number, now: ReplicaSet, before: ReplicaSet | undefined): void {
  const owner = history.objects.get(controllerOf(now)?.uid ?? "") as Deployment | undefined;
  if (owner?.kind !== "Deployment" || (now.spec?.replicas ?? 0) <= (before?.spec?.replicas ?? 0)) return;
  const sets = replicaSetsOf(history, owner);
  const total = sets.reduce((sum, { spec }) => sum + (spec?.replicas ?? 0), 0);
  const most = Math.max(
    ...history.lately(owner, atMs).map((then) => (then.spec?.replicas ?? 1) + fencepost(then, "maxSurge")),
  );
  demand(total <= most, () => `${told(owner)} wants ${total} pods of its replica sets, may have ${most}`);
}

/** What is available may fall below the allowed by the fault of others, but not by an available pod being taken away. */
function checkAvailability(history: History, atMs: number, pod: Pod, set: ReplicaSet): void {
  const deployment = history.objects.get(controllerOf(set)?.uid ?? "") as Deployment | undefined;
  if (deployment?.kind !== "Deployment") return;
  const lately = history.lately(deployment, atMs);
  const sizes = new Set(lately.map(({ spec }) => spec?.replicas));
  const recreates = lately.some(({ spec }) => spec?.strategy?.type === "Recreate");
  // While it is scaled in the middle of a rollout, pods are taken in proportion, available or not.
  // Of a new one, whose replica sets were another's, it is scaled first; so it is with an availability that is told late.
  const isNew = atMs - parseTime(deployment.metadata.creationTimestamp ?? "") <= momentMs;
  // A rollback counts what the former rollout is still taking away.
  const templates = new Set(lately.map(({ spec }) => JSON.stringify(spec?.template)));
  if (sizes.size > 1 || templates.size > 1 || recreates || isNew) return;
  const { minReadySeconds = 0 } = deployment.spec ?? {};
  if (!history.isAvailable(pod, atMs, minReadySeconds)) return;
  const pods = replicaSetsOf(history, deployment).flatMap(({ metadata }) => history.podsOf(metadata.uid ?? ""));
  const available = pods.filter((other) => history.isAvailable(other, atMs, minReadySeconds)).length;
  const least = Math.min(...lately.map((then) => (then.spec?.replicas ?? 1) - fencepost(then, "maxUnavailable")));
  const app = deployment.spec?.template?.metadata?.labels?.app;
  const lost = history.lostToOthers("replicaset-controller", atMs, ({ metadata }) => metadata.labels?.app === app);
  demand(
    available + lost >= least,
    () => `${told(deployment)} has ${available} available pods after ${told(pod)} was taken away, needs ${least}`,
  );
}

function checkBudget(history: History, atMs: number, pod: Pod, budget: PodDisruptionBudget): void {
  const { spec } = budget;
  const selector = labelSelectorAsSelector(spec?.selector);
  const covers = (candidate: Pod) => matches(selector, candidate.metadata.labels ?? {});
  if (!covers(pod) || !isReady(pod)) return;
  const owners = [...history.objects.values()].filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet");
  const expected = owners
    .filter(({ metadata }) => metadata.name === spec?.selector?.matchLabels?.app)
    .map((owner) => Math.min(...history.lately(owner as Deployment, atMs).map((then) => then.spec?.replicas ?? 1)));
  const [size] = expected;
  const least = spec?.minAvailable ?? (size === undefined ? 0 : size - Number(spec?.maxUnavailable ?? 0));
  const healthy = history
    .of(resources.pods)
    .filter((other) => covers(other) && isActive(other) && isReady(other)).length;
  // Evictions are counted at once; of other losses the budget learns later.
  const lost = history.losses.filter(
    (loss) => atMs - loss.atMs <= momentMs && covers(loss.pod) && !isEvicted(loss.pod),
  ).length;
  demand(healthy + lost >= Number(least), () => `${healthy} pods are left of ${told(budget)}, which demands ${least}`);
}

function checkStatefulDeletion(history: History, atMs: number, pod: Pod, set: StatefulSet): void {
  if (!isActive(pod) || set.spec?.podManagementPolicy === "Parallel") return;
  const siblings = history.podsOf(set.metadata.uid ?? "");
  const above = siblings.filter((other) => ordinalOf(other) > ordinalOf(pod));
  const start = set.spec?.ordinals?.start ?? 0;
  const lately = history.lately(set, atMs);
  const isTooMany = ({ spec }: StatefulSet) => ordinalOf(pod) >= start + (spec?.replicas ?? 1);
  if (lately.some(isTooMany)) {
    if (!isTooMany(set)) return;
    const first = above.find(({ metadata }) => metadata.deletionTimestamp === undefined);
    demand(first === undefined, () => `${told(pod)} was taken away before ${first && told(first)}`);
    return;
  }
  const partition = Math.min(...lately.map(({ spec }) => spec?.updateStrategy?.rollingUpdate?.partition ?? 0));
  demand(ordinalOf(pod) >= partition, () => `${told(pod)} was taken away below the partition ${partition}`);
  const onDelete = lately.every(({ spec }) => spec?.updateStrategy?.type === "OnDelete");
  demand(!onDelete, () => `${told(pod)} was taken away though ${told(set)} updates OnDelete`);
  const unready = above.find((other) => !isReady(other) || !isActive(other));
  const lost = history.lostToOthers(
    "statefulset-controller",
    atMs,
    (other) => controllerOf(other)?.uid === set.metadata.uid,
  );
  demand(
    unready === undefined || lost > 0,
    () => `${told(pod)} was taken away before ${unready && told(unready)} was ready`,
  );
}

function checkDaemonDeletion(history: History, atMs: number, pod: Pod, set: DaemonSet): void {
  const nodes = history.of(resources.nodes);
  const stayed = nodes.every((node) =>
    history.lately(node, atMs).every(({ metadata }) => metadata.uid === node.metadata.uid),
  );
  const lately = history.lately(set, atMs);
  const { minReadySeconds = 0 } = set.spec ?? {};
  if (
    !stayed ||
    !nodes.some(({ metadata }) => metadata.name === nodeOf(pod)) ||
    !history.isAvailable(pod, atMs, minReadySeconds)
  )
    return;
  const onDelete = lately.every(({ spec }) => spec?.updateStrategy?.type === "OnDelete");
  const pods = history.podsOf(set.metadata.uid ?? "");
  const isDouble = pods.some(
    (other) =>
      other !== pod && isActive(other) && nodeOf(other) === nodeOf(pod) && other.metadata.uid !== pod.metadata.uid,
  );
  demand(!onDelete || isDouble, () => `${told(pod)} was taken away though ${told(set)} updates OnDelete`);
  if (isDouble) return;
  const bared = history.bared.get(set.metadata.uid ?? "") ?? new Set();
  history.bared.set(set.metadata.uid ?? "", bared.add(nodeOf(pod) ?? ""));
  const most = Math.max(...lately.map(({ spec }) => Number(spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1)));
  const own = (other: Pod) => controllerOf(other)?.uid === set.metadata.uid;
  const lost = history.lostToOthers("daemonset-controller", atMs, own);
  const untainted = nodes.filter(({ spec }) => (spec?.taints ?? []).length === 0).map(({ metadata }) => metadata.name);
  const bare = untainted.filter((name) => bared.has(name ?? "")).length;
  demand(
    bare <= most + lost,
    () => `${told(set)} took pods away on ${[...bared].join(" and ")}, ${most} may be without`,
  );
}

function checkJob(history: History, now: Job, before: Job | undefined): void {
  const uid = now.metadata.uid ?? "";
  const [succeeded, failed] = [now.status?.succeeded ?? 0, now.status?.failed ?? 0];
  demand(
    succeeded >= (before?.status?.succeeded ?? 0),
    () => `${told(now)} counts fewer successes than before: ${succeeded}`,
  );
  demand(failed >= (before?.status?.failed ?? 0), () => `${told(now)} counts fewer failures than before: ${failed}`);
  const [allEnded, allSucceeded] = [history.ended.get(uid)?.size ?? 0, history.succeeded.get(uid)?.size ?? 0];
  demand(succeeded <= allSucceeded, () => `${told(now)} counts ${succeeded} successes of ${allSucceeded}`);
  demand(
    succeeded + failed <= allEnded,
    () => `${told(now)} counts ${succeeded} + ${failed} pods, ${allEnded} have ended`,
  );
}

export function replicaSetsOf(history: History, { metadata }: Deployment): ReplicaSet[] {
  return history.of(resources.replicasets).filter((set) => controllerOf(set)?.uid === metadata.uid);
}

function fencepost({ spec }: Deployment, which: "maxSurge" | "maxUnavailable"): number {
  const { strategy, replicas = 1 } = spec ?? {};
  if (strategy?.type === "Recreate") return which === "maxSurge" ? 0 : replicas;
  return scaledValue(strategy?.rollingUpdate?.[which] ?? 0, replicas, which === "maxSurge");
}

function isEvicted(pod: KubeObject | undefined): boolean {
  const { conditions = [] } = (pod as Pod | undefined)?.status ?? {};
  return conditions.some(({ type, reason }) => type === "DisruptionTarget" && reason === "EvictionByEvictionAPI");
}

const ordinalOf = ({ metadata }: Pod) => Number(/\d+$/.exec(metadata.name ?? "")?.[0]);
const indexOf = ({ metadata }: Pod) => metadata.annotations?.["batch.kubernetes.io/job-completion-index"];
const nodeOf = ({ spec }: Pod): string | undefined =>
  spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]
    ?.values?.[0];

export function told({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`;
}
