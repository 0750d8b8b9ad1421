/**
 * Deletes pods that nobody else will: of nodes that are gone or out of service, deleted before they had a node, and too
 * many ended ones.
 */
import { formatTime, isConditionTrue, isReason, keyOf, keyString, setCondition } from "../../api/meta/index.ts";
import type { Node, Pod, PodCondition } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { byCreation, objectKey } from "../owners.ts";
import { byNode, hasEnded, indexByNode } from "../pods/index.ts";

const defaultEndedPodsMax = 12_500;
/** A node that is not there may be about to come. */
const quarantineMs = 40_000;
const ended = "ended";
const lookAgainMs = 20_000;
const outOfServiceTaint = "node.kubernetes.io/out-of-service";

/** Why a pod was collected, as the metrics count it. */
type Reason = "orphaned" | "out-of-service" | "unscheduled" | "terminated";

export const startPodGarbageCollector: StartController = ({ client, host, informers, config }) => {
  const nodes = informers.informer(resources.nodes);
  const pods = informers.informer(resources.pods, {
    indexers: { [byNode]: indexByNode, [ended]: (pod) => (hasEnded(pod) ? [ended] : []) },
  });
  const endedPodsMax = config.terminatedPodThreshold ?? defaultEndedPodsMax;
  let endedCount = 0;
  const tooMany = () => endedPodsMax > 0 && endedCount > endedPodsMax;
  const labels = ["namespace", "reason"];
  const collected = host.metrics.counter({
    name: "pod_gc_collector_force_delete_pods_total",
    help: "Pods that were deleted by force.",
    labels,
  });
  const failed = host.metrics.counter({
    name: "pod_gc_collector_force_delete_pod_errors_total",
    help: "Pods that could not be deleted by force.",
    labels,
  });
  const missingSince = new Map<string, number>();
  const controller = runController({
    name: "pod-garbage-collector-controller",
    host,
    workers: 2,
    synced: [nodes, pods],
    reconcile: async ({ namespace: what, name }) => {
      if (what === "node") return collectOfNode(name);
      if (what === "ended") return collectEnded();
      return collectUnscheduled(decodeURIComponent(name));
    },
  });
  const nodeKey = (name: string): string => `node/${name}`;

  async function collectOfNode(name: string): Promise<Outcome> {
    const node = nodes.store.get(name);
    if (node === undefined) return collectOrphans(name);
    missingSince.delete(name);
    if (!isOutOfService(node)) return done;
    for (const pod of pods.store.byIndex(byNode, name)) {
      if (pod.metadata.deletionTimestamp !== undefined) await end(pod, "out-of-service");
    }
    return done;
  }

  async function collectOrphans(name: string): Promise<Outcome> {
    const orphans = pods.store.byIndex(byNode, name);
    if (orphans.length === 0) {
      missingSince.delete(name);
      return done;
    }
    const since = missingSince.get(name) ?? host.clock.now();
    missingSince.set(name, since);
    const left = since + quarantineMs - host.clock.now();
    if (left > 0) return again(left);
    if ((await client.resource(resources.nodes).find({ name })) !== undefined) return again(lookAgainMs);
    for (const pod of orphans) await end(pod, "orphaned", "PodGC: node no longer exists");
    return done;
  }

  async function collectUnscheduled(key: string): Promise<Outcome> {
    const pod = pods.store.get(key);
    if (pod !== undefined && pod.metadata.deletionTimestamp !== undefined && !pod.spec.nodeName) {
      await end(pod, "unscheduled");
    }
    return done;
  }

  async function collectEnded(): Promise<Outcome> {
    const all = pods.store.byIndex(ended, ended);
    const surplus = all.length - endedPodsMax;
    if (endedPodsMax <= 0 || surplus <= 0) return done;
    const oldestFirst = all.sort((a, b) => Number(isEvicted(b)) - Number(isEvicted(a)) || byCreation(a, b));
    for (const pod of oldestFirst.slice(0, surplus)) await end(pod, "terminated");
    return done;
  }

  /** A pod that cannot report any more is said to have failed before it goes. */
  async function end(pod: Pod, reason: Reason, disruption?: string): Promise<void> {
    const counted = { namespace: pod.metadata.namespace ?? "", reason };
    try {
      if (!hasEnded(pod)) await markFailed(pod, disruption);
      const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
      await client.resource(resources.pods).delete(objectKey(pod), options).catch(ignoreNotFound);
      collected.inc(counted);
    } catch (error) {
      failed.inc(counted);
      throw error;
    }
  }

  async function markFailed(pod: Pod, disruption: string | undefined): Promise<void> {
    const conditions = (pod.status?.conditions ?? []) as Timed[];
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByPodGC",
      message: disruption,
      observedGeneration: pod.metadata.generation,
    };
    const now = formatTime(host.clock.now());
    const next = disruption === undefined ? conditions : setCondition<Timed>(conditions, condition, now);
    const status = { ...pod.status, phase: "Failed", conditions: next };
    await client
      .resource(resources.pods)
      .updateStatus({ ...pod, status })
      .catch(ignoreNotFound);
  }

  const consider = (pod: Pod): void => {
    const { nodeName } = pod.spec;
    const node = nodeName ? nodes.store.get(nodeName) : undefined;
    const isLeaving = node !== undefined && pod.metadata.deletionTimestamp !== undefined && isOutOfService(node);
    if (nodeName && nodes.hasSynced() && (node === undefined || isLeaving)) controller.queue.add(nodeKey(nodeName));
    if (!nodeName && pod.metadata.deletionTimestamp !== undefined) {
      controller.queue.add(`pod/${encodeURIComponent(keyString(keyOf(pod)))}`);
    }
  };
  pods.addHandlers({
    add: (pod) => {
      consider(pod);
      if (hasEnded(pod)) endedCount++;
      if (tooMany()) controller.queue.addAfter("ended/", lookAgainMs);
    },
    update: (old, pod) => {
      consider(pod);
      endedCount += Number(hasEnded(pod)) - Number(hasEnded(old));
      if (tooMany()) controller.queue.addAfter("ended/", lookAgainMs);
    },
    delete: (pod) => {
      if (hasEnded(pod)) endedCount--;
    },
  });
  nodes.addHandlers({
    update: (old, node) => {
      if (isOutOfService(node) && !isOutOfService(old)) controller.queue.add(nodeKey(node.metadata.name ?? ""));
    },
    delete: ({ metadata }) => controller.queue.add(nodeKey(metadata.name ?? "")),
  });
  // Nodes that were gone before we came: known when both lists are there.
  void Promise.all([nodes.whenSynced(), pods.whenSynced()]).then(() => {
    for (const name of pods.store.indexValues(byNode)) {
      const node = nodes.store.get(name);
      if (node === undefined || isOutOfService(node)) controller.queue.add(nodeKey(name));
    }
  });
  return controller;
};

type Timed = Omit<PodCondition, "lastTransitionTime"> & { lastTransitionTime?: string };

/** Somebody has said that the node does not come back as it is: its pods may go without its word. */
function isOutOfService({ spec, status }: Node): boolean {
  const isTainted = spec?.taints?.some(({ key }) => key === outOfServiceTaint) ?? false;
  return isTainted && !isConditionTrue(status?.conditions, "Ready");
}

function isEvicted({ status }: Pod): boolean {
  return status?.phase === "Failed" && status.reason === "Evicted";
}

function ignoreNotFound(error: unknown): void {
  if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
}
