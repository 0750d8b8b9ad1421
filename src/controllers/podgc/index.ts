/** Deletes pods that nobody else will: of nodes that are gone, deleted before they had a node, and too many ended ones. */
import { formatTime, isReason, keyOf, keyString, setCondition } from "../../api/meta/index.ts";
import type { Pod, PodCondition } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { byCreation, objectKey } from "../owners.ts";
import { byNode, hasEnded, indexByNode } from "../pods/index.ts";

const defaultEndedPodsMax = 12_500;
/** A node that is not there may be about to come. */
const quarantineMs = 40_000;
const ended = "ended";
const lookAgainMs = 20_000;

export const startPodGarbageCollector: StartController = ({ client, host, informers, config }) => {
  const nodes = informers.informer(resources.nodes);
  const pods = informers.informer(resources.pods, {
    indexers: { [byNode]: indexByNode, [ended]: (pod) => (hasEnded(pod) ? [ended] : []) },
  });
  const endedPodsMax = config.terminatedPodThreshold ?? defaultEndedPodsMax;
  let endedCount = 0;
  const missingSince = new Map<string, number>();
  const controller = runController({
    name: "pod-garbage-collector-controller",
    host,
    workers: 2,
    synced: [nodes, pods],
    reconcile: async ({ namespace: what, name }) => {
      if (what === "node") return collectOrphans(name);
      if (what === "ended") return collectEnded();
      return collectUnscheduled(decodeURIComponent(name));
    },
  });
  const nodeKey = (name: string): string => `node/${name}`;

  async function collectOrphans(name: string): Promise<Outcome> {
    if (nodes.store.get(name) !== undefined) {
      missingSince.delete(name);
      return done;
    }
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
    for (const pod of orphans) await end(pod, "PodGC: node no longer exists");
    return done;
  }

  async function collectUnscheduled(key: string): Promise<Outcome> {
    const pod = pods.store.get(key);
    if (pod !== undefined && pod.metadata.deletionTimestamp !== undefined && !pod.spec.nodeName) await remove(pod);
    return done;
  }

  async function collectEnded(): Promise<Outcome> {
    const all = pods.store.byIndex(ended, ended);
    const surplus = all.length - endedPodsMax;
    if (surplus <= 0) return done;
    for (const pod of all.sort(byCreation).slice(0, surplus)) await remove(pod);
    return done;
  }

  /** A pod that cannot report any more is said to have failed before it goes. */
  async function end(pod: Pod, message: string): Promise<void> {
    if (!hasEnded(pod)) {
      const condition = {
        type: "DisruptionTarget",
        status: "True",
        reason: "DeletionByPodGC",
        message,
        observedGeneration: pod.metadata.generation,
      };
      const conditions = setCondition<Timed>(
        (pod.status?.conditions ?? []) as Timed[],
        condition,
        formatTime(host.clock.now()),
      );
      const status = { ...pod.status, phase: "Failed", conditions };
      await client
        .resource(resources.pods)
        .updateStatus({ ...pod, status })
        .catch(ignoreNotFound);
    }
    await remove(pod);
  }

  async function remove(pod: Pod): Promise<void> {
    const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
    await client.resource(resources.pods).delete(objectKey(pod), options).catch(ignoreNotFound);
  }

  const consider = (pod: Pod): void => {
    const { nodeName } = pod.spec;
    if (nodeName && nodes.hasSynced() && nodes.store.get(nodeName) === undefined)
      controller.queue.add(nodeKey(nodeName));
    if (!nodeName && pod.metadata.deletionTimestamp !== undefined) {
      controller.queue.add(`pod/${encodeURIComponent(keyString(keyOf(pod)))}`);
    }
  };
  pods.addHandlers({
    add: (pod) => {
      consider(pod);
      if (hasEnded(pod)) endedCount++;
      if (endedCount > endedPodsMax) controller.queue.addAfter("ended/", lookAgainMs);
    },
    update: (old, pod) => {
      consider(pod);
      endedCount += Number(hasEnded(pod)) - Number(hasEnded(old));
      if (endedCount > endedPodsMax) controller.queue.addAfter("ended/", lookAgainMs);
    },
    delete: (pod) => {
      if (hasEnded(pod)) endedCount--;
    },
  });
  nodes.addHandlers({ delete: ({ metadata }) => controller.queue.add(nodeKey(metadata.name ?? "")) });
  // Nodes that were gone before we came: known when both lists are there.
  void Promise.all([nodes.whenSynced(), pods.whenSynced()]).then(() => {
    for (const name of pods.store.indexValues(byNode))
      if (nodes.store.get(name) === undefined) controller.queue.add(nodeKey(name));
  });
  return controller;
};

type Timed = Omit<PodCondition, "lastTransitionTime"> & { lastTransitionTime?: string };

function ignoreNotFound(error: unknown): void {
  if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
}
