/** Keeps the status of pod disruption budgets: how many of their pods may be evicted now. */
import {
  controllerOf,
  type KubeObject,
  keyString,
  labelSelectorAsSelector,
  matches,
  semanticEqual,
} from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import { addForOneOf } from "../coalescing.ts";
import type { StartController } from "../context.ts";
import { byNamespace, indexByNamespace } from "../owners.ts";
import { planBudget } from "./plan.ts";

export const startDisruptionController: StartController = ({ client, host, informers, recorder }) => {
  const budgets = informers.informer(resources.poddisruptionbudgets, { indexers: { [byNamespace]: indexByNamespace } });
  const pods = informers.informer(resources.pods, { indexers: { [byNamespace]: indexByNamespace } });
  const deployments = informers.informer(resources.deployments);
  const replicaSets = informers.informer(resources.replicasets);
  const statefulSets = informers.informer(resources.statefulsets);
  const replicationControllers = informers.informer(resources.replicationcontrollers);
  const events = recorder("controllermanager");
  const controller = runController({
    name: "disruption-controller",
    host,
    synced: [budgets, pods, deployments, replicaSets, statefulSets, replicationControllers],
    reconcile: (key) => reconcile(keyString(key), key.namespace ?? ""),
  });

  async function reconcile(key: string, namespace: string): Promise<Outcome> {
    const budget = budgets.store.get(key);
    if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return done;
    const selector = labelSelectorAsSelector(budget.spec?.selector);
    const selected = pods.store.byIndex(byNamespace, namespace).filter((pod) => matches(selector, pod.metadata.labels));
    if (selected.length === 0) events.event(budget, "Normal", "NoPods", "No matching pods found");
    const plan = planBudget({
      budget,
      pods: selected,
      wantedByControllers: () => wanted(selected),
      nowMs: host.clock.now(),
    });
    if (!semanticEqual(budget.status, plan.status)) {
      await client.resource(resources.poddisruptionbudgets).updateStatus({ ...budget, status: plan.status });
    }
    return plan.againAfterMs === undefined ? done : again(plan.againAfterMs);
  }

  /** What the controllers of these pods want in all, each counted once; pods without one do not count. */
  function wanted(selected: readonly Pod[]): number {
    const scales = new Map<string, number>();
    for (const pod of selected) {
      const scale = scaleOf(pod);
      if (scale !== undefined) scales.set(scale.uid, scale.replicas);
    }
    return [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
  }

  function scaleOf(pod: Pod): { uid: string; replicas: number } | undefined {
    const owner = controllerOf(pod);
    if (owner === undefined) return undefined;
    const key = keyString({ namespace: pod.metadata.namespace, name: owner.name });
    if (owner.kind === "StatefulSet") return scale(statefulSets.store.get(key), owner.uid);
    if (owner.kind === "ReplicationController") return scale(replicationControllers.store.get(key), owner.uid);
    if (owner.kind !== "ReplicaSet") return undefined;
    const replicaSet = replicaSets.store.get(key);
    const above = replicaSet === undefined ? undefined : controllerOf(replicaSet);
    if (above?.kind !== "Deployment") return scale(replicaSet, owner.uid);
    return scale(deployments.store.get(keyString({ namespace: pod.metadata.namespace, name: above.name })), above.uid);
  }

  const enqueueFor = (pod: Pod): void => {
    const namespace = pod.metadata.namespace ?? "";
    for (const budget of budgets.store.byIndex(byNamespace, namespace)) {
      if (!matches(labelSelectorAsSelector(budget.spec?.selector), pod.metadata.labels)) continue;
      addForOneOf(
        controller.queue,
        keyString({ namespace, name: budget.metadata.name ?? "" }),
        pods.store.countByIndex(byNamespace, namespace),
      );
    }
  };
  const enqueueNamespace = (old: Scaled, object: Scaled): void => {
    if (old.spec?.replicas === object.spec?.replicas) return;
    for (const budget of budgets.store.byIndex(byNamespace, object.metadata.namespace ?? ""))
      controller.enqueue(budget);
  };
  budgets.addHandlers({
    add: (budget) => controller.enqueue(budget),
    update: (_, budget) => controller.enqueue(budget),
  });
  pods.addHandlers({
    add: enqueueFor,
    update: (old, pod) => {
      if (old.metadata.labels !== pod.metadata.labels) enqueueFor(old);
      enqueueFor(pod);
    },
    delete: enqueueFor,
  });
  for (const scaled of [deployments, replicaSets, statefulSets, replicationControllers])
    scaled.addHandlers({ update: enqueueNamespace });
  return controller;
};

type Scaled = KubeObject & { spec?: { replicas?: number } };

function scale(object: Scaled | undefined, uid: string): { uid: string; replicas: number } | undefined {
  return object === undefined || object.metadata.uid !== uid
    ? undefined
    : { uid, replicas: object.spec?.replicas ?? 1 };
}
