/** Drives pods off nodes with NoExecute taints when their tolerations, or the time these allow, have run out. */
import { formatTime, isReason, keyOf, keyString, setCondition } from "../../api/meta/index.ts";
import type { Pod, PodCondition } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { objectKey } from "../owners.ts";
import { byNode, indexByNode } from "../pods/index.ts";
import { allowedStay } from "./plan.ts";

const component = "taint-eviction-controller";

export const startTaintEvictionController: StartController = ({ client, host, informers, recorder }) => {
  const nodes = informers.informer(resources.nodes);
  const pods = informers.informer(resources.pods, { indexers: { [byNode]: indexByNode } });
  const events = recorder(component);
  const deletions = host.metrics.counter({
    name: "taint_eviction_controller_pod_deletions_total",
    help: "Pods that were deleted for the taints of their node.",
  });
  /** Since when each pod's time runs. */
  const runningSince = new Map<string, number>();
  const controller = runController({
    name: component,
    host,
    workers: 8,
    synced: [nodes, pods],
    reconcile: (key) => reconcile(keyString(key)),
  });

  async function reconcile(key: string): Promise<Outcome> {
    const pod = pods.store.get(key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) {
      runningSince.delete(key);
      return done;
    }
    const node = nodes.store.get(pod.spec.nodeName ?? "");
    const stay = allowedStay(pod, node?.spec?.taints ?? []);
    if (stay.kind === "forever") {
      if (runningSince.delete(key))
        events.event(pod, "Normal", "TaintManagerEviction", `Cancelling deletion of Pod ${key}`);
      return done;
    }
    const now = host.clock.now();
    const since = runningSince.get(key) ?? now;
    runningSince.set(key, since);
    const left = since + stay.ms - now;
    if (left > 0) return again(left);
    await evict(pod, key);
    return done;
  }

  async function evict(pod: Pod, key: string): Promise<void> {
    events.event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${key}`);
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      observedGeneration: pod.metadata.generation,
      reason: "DeletionByTaintManager",
      message: "Taint manager: deleting due to NoExecute taint",
    };
    const known = (pod.status?.conditions ?? []) as Timed[];
    const conditions = setCondition<Timed>(known, condition, formatTime(host.clock.now()));
    try {
      await client.resource(resources.pods).updateStatus({ ...pod, status: { ...pod.status, conditions } });
      await client.resource(resources.pods).delete(objectKey(pod), { preconditions: { uid: pod.metadata.uid } });
      deletions.inc();
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
  }

  /** Most pods are on nodes without such taints: they cost no turn. */
  const consider = (pod: Pod): void => {
    const key = keyString(keyOf(pod));
    const taints = nodes.store.get(pod.spec.nodeName ?? "")?.spec?.taints ?? [];
    if (runningSince.has(key) || taints.some(({ effect }) => effect === "NoExecute")) controller.queue.add(key);
  };
  pods.addHandlers({
    add: consider,
    update: (old, pod) => {
      if (old.spec !== pod.spec || old.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp) consider(pod);
    },
    delete: (pod) => {
      runningSince.delete(keyString(keyOf(pod)));
    },
  });
  const considerAll = (name: string | undefined): void => {
    for (const pod of pods.store.byIndex(byNode, name ?? "")) consider(pod);
  };
  nodes.addHandlers({
    add: (node) => considerAll(node.metadata.name),
    update: (old, node) => {
      if (old.spec?.taints !== node.spec?.taints) considerAll(node.metadata.name);
    },
  });
  return controller;
};

type Timed = Omit<PodCondition, "lastTransitionTime"> & { lastTransitionTime?: string };
