/** Keeps the status of pod disruption budgets: how many of their pods may be evicted now. */
import {
  isReason,
  type KubeObject,
  keyString,
  labelSelectorAsSelector,
  matches,
  semanticEqual,
} from "../../api/meta/index.ts";
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import { addForOneOf } from "../coalescing.ts";
import type { StartController } from "../context.ts";
import { byNamespace, indexByNamespace } from "../owners.ts";
import { messageOf } from "../pods/index.ts";
import { Controllers } from "./expected-pods.ts";
import { formatLabelSelector } from "./format-selector.ts";
import { countsInParts, failedStatus, planBudget } from "./plan.ts";
import { watchStaleDisruptions } from "./stale-disruptions.ts";

export const startDisruptionController: StartController = (context) => {
  const { client, host, informers, recorder } = context;
  const budgets = informers.informer(resources.poddisruptionbudgets, { indexers: { [byNamespace]: indexByNamespace } });
  const pods = informers.informer(resources.pods, { indexers: { [byNamespace]: indexByNamespace } });
  const controllers = new Controllers(context);
  const events = recorder("controllermanager");
  const staleDisruptions = watchStaleDisruptions(context);
  const controller = runController({
    name: "disruption-controller",
    host,
    synced: [budgets, pods, ...controllers.informers],
    reconcile: (key) => reconcile(keyString(key), key.namespace ?? ""),
  });

  async function reconcile(key: string, namespace: string): Promise<Outcome> {
    const budget = budgets.store.get(key);
    if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return done;
    const selector = labelSelectorAsSelector(budget.spec?.selector);
    const selected = pods.store.byIndex(byNamespace, namespace).filter((pod) => matches(selector, pod.metadata.labels));
    if (selected.length === 0) events.event(budget, "Normal", "NoPods", "No matching pods found");
    let expected: number;
    try {
      expected = countsInParts(budget) ? await expectedOf(budget, selected) : selected.length;
    } catch (error) {
      if (isReason(error, "Conflict")) throw error;
      const message = messageOf(error);
      const told = `Failed to calculate the number of expected pods: ${message}`;
      events.event(budget, "Warning", "CalculateExpectedPodCountFailed", told);
      // Nothing may be evicted as long as nobody knows how much is missing.
      await write(budget, failedStatus(budget, message, host.clock.now()));
      return done;
    }
    const plan = planBudget({ budget, pods: selected, expected, nowMs: host.clock.now() });
    for (const pod of plan.notDeleted) {
      // The original names the namespace twice, and the budget not at all.
      const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`;
      events.event(pod, "Warning", "NotDeleted", message);
    }
    await write(budget, plan.status);
    return plan.againAfterMs === undefined ? done : again(plan.againAfterMs);
  }

  async function expectedOf(budget: PodDisruptionBudget, selected: readonly Pod[]): Promise<number> {
    const { count, hasUnmanaged } = await controllers.expectedOf(selected);
    if (hasUnmanaged) {
      const message = `Pods selected by this PodDisruptionBudget (selector: ${formatLabelSelector(budget.spec?.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
      events.event(budget, "Warning", "UnmanagedPods", message);
    }
    return count;
  }

  async function write(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Promise<void> {
    if (semanticEqual(budget.status, status)) return;
    await client.resource(resources.poddisruptionbudgets).updateStatus({ ...budget, status });
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
  for (const scaled of controllers.informers) scaled.addHandlers({ update: enqueueNamespace });
  return {
    stop: async () => {
      await Promise.all([controller.stop(), staleDisruptions.stop()]);
    },
  };
};

type Scaled = KubeObject & { spec?: { replicas?: number } };
