import { controllerOf, keyString, labelSelectorAsSelector, semanticEqual } from "../../api/meta/index.ts";
import type { DaemonSet, Node, Pod } from "../../api/types/index.ts";
import { again, type Draft, done, type Outcome, resources, runController } from "../../client/index.ts";
import { type Adopters, enqueueAdopters, enqueueNewAdopters } from "../adopters.ts";
import { claim } from "../claims.ts";
import { addForOneOf } from "../coalescing.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { Expectations } from "../expectations.ts";
import { byController, byNamespace, controllerKey, indexByController, indexByNamespace } from "../owners.ts";
import { availableInMs, isNamespaceTerminating, PodControl, podFromTemplate } from "../pods/index.ts";
import { hashOf, revisionHashLabel, syncHistory, truncateHistory } from "../revisions/index.ts";
import { settleInTurns, slowStart } from "../slow-start.ts";
import { FailedPods } from "./failed-pods.ts";
import { joinHistories } from "./join-histories.ts";
import { affinityTo, daemonTolerations } from "./placement.ts";
import { templateGenerationAnnotation, templateGenerationLabel } from "./places.ts";
import { type DaemonPlan, daemonStatus, planDaemons } from "./plan.ts";

const component = "daemonset-controller";
const burst = 250;

/** Keeps one pod on every node that a daemon set is meant for. */
export function startDaemonSetController(context: ControllerContext): RunningController {
  const { client, host, informers } = context;
  const sets = informers.informer(resources.daemonsets, { indexers: { [byNamespace]: indexByNamespace } });
  const nodes = informers.informer(resources.nodes);
  const pods = informers.informer(resources.pods, { indexers: { [byController]: indexByController } });
  const revisions = informers.informer(resources.controllerrevisions, {
    indexers: { [byController]: indexByController },
  });
  const events = context.recorder(component);
  const podControl = new PodControl(client, events);
  const expectations = new Expectations(host);
  const failedPods = new FailedPods(host.clock);
  const controller = runController({
    name: component,
    host,
    workers: context.workers(component, 2),
    synced: [sets, nodes, pods, revisions],
    reconcile: (key) => reconcile(keyString(key)),
  });

  async function reconcile(key: string): Promise<Outcome> {
    const set = sets.store.get(key);
    if (set === undefined) {
      expectations.forget(key);
      return done;
    }
    if (set.metadata.deletionTimestamp !== undefined) return done;
    const mayAct = expectations.satisfied(key);
    const history = await syncHistory({ client, owner: set, ownerType: resources.daemonsets, store: revisions.store });
    const held = await claim({
      client,
      owner: set,
      ownerType: resources.daemonsets,
      selector: labelSelectorAsSelector(set.spec.selector),
      type: resources.pods,
      store: pods.store,
    });
    // Pods that were given another label come with a turn of their own.
    if ((await joinHistories(client, history, held)) > 0) return done;
    const nowMs = host.clock.now();
    const observed = { set, nodes: nodes.store.list(), pods: held, hash: hashOf(history.current), nowMs };
    // Of the status, too: what a failed pod waits for starts anew with every generation.
    const placeOn = (node: string) => `${set.metadata.uid}/${set.status?.observedGeneration ?? 0}/${node}`;
    const plan = mayAct ? planDaemons(observed, (node) => failedPods.waitMs(placeOn(node))) : undefined;
    for (const { type, reason, message } of plan?.events ?? []) events.event(set, type, reason, message);
    for (const node of plan?.failedOn ?? []) failedPods.removed(placeOn(node));
    failedPods.sweep();
    const error = plan === undefined ? undefined : await act(key, set, plan, observed.hash);
    const status = daemonStatus(observed, mayAct);
    if (!semanticEqual(set.status, status))
      await client.resource(resources.daemonsets).updateStatus({ ...set, status });
    if (error !== undefined) throw error;
    const used = new Set(held.map(({ metadata }) => metadata.labels?.[revisionHashLabel]));
    await truncateHistory(client, set, history, (revision) => used.has(hashOf(revision)));
    const waits = held
      .map((pod) => availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) ?? 0)
      .concat(plan?.againAfterMs ?? 0)
      .filter((wait) => wait > 0);
    return waits.length === 0 ? done : again(Math.min(...waits));
  }

  /** Gives the first error instead of throwing it: the status is written anyway. */
  async function act(key: string, set: DaemonSet, plan: DaemonPlan, hash: string): Promise<unknown> {
    const create = plan.create.slice(0, burst);
    const remove = plan.remove.slice(0, burst);
    if (create.length + remove.length === 0) return undefined;
    expectations.expect(
      key,
      create.length,
      remove.map(({ metadata }) => metadata.uid ?? ""),
    );
    const { succeeded, error } = await slowStart(host.clock, create.length, async (index) => {
      try {
        await podControl.create(podOf(set, create[index] ?? "", hash), set);
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
        expectations.created(key);
      }
    });
    if (succeeded < create.length) expectations.created(key, create.length - succeeded);
    const removals = await settleInTurns(host.clock, remove, async (pod) => {
      let deleted = false;
      try {
        deleted = await podControl.delete(pod, set);
      } finally {
        if (!deleted) expectations.deleted(key, pod.metadata.uid ?? "");
      }
    });
    return error ?? removals.find((result) => result.status === "rejected")?.reason;
  }

  const enqueueOwner = (pod: Pod): void => {
    const key = controllerKey(pod, "DaemonSet", "apps");
    if (key !== undefined) addForOneOf(controller.queue, key, nodes.store.size);
  };
  const enqueueAll = (): void => {
    for (const key of sets.store.keys()) addForOneOf(controller.queue, key, nodes.store.size);
  };
  const gone = (pod: Pod): void => {
    const key = controllerKey(pod, "DaemonSet", "apps");
    if (key !== undefined) expectations.deleted(key, pod.metadata.uid ?? "");
  };
  const adopters: Adopters<DaemonSet> = {
    store: sets.store,
    selector: ({ spec }) => labelSelectorAsSelector(spec.selector),
    enqueue: (set) => controller.enqueue(set),
  };
  sets.addHandlers({
    add: (set) => controller.enqueue(set),
    update: (_, set) => controller.enqueue(set),
    delete: (set) => controller.enqueue(set),
  });
  pods.addHandlers({
    add: (pod) => {
      const key = controllerKey(pod, "DaemonSet", "apps");
      if (key !== undefined) expectations.created(key);
      enqueueOwner(pod);
      enqueueAdopters(pod, adopters);
    },
    update: (old, pod) => {
      if (pod.metadata.deletionTimestamp !== undefined) gone(pod);
      if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) enqueueOwner(old);
      enqueueOwner(pod);
      enqueueNewAdopters(old, pod, adopters);
    },
    delete: (pod) => {
      gone(pod);
      enqueueOwner(pod);
    },
  });
  nodes.addHandlers({
    add: enqueueAll,
    update: (old, node) => {
      if (placementMayDiffer(old, node)) enqueueAll();
    },
    delete: enqueueAll,
  });
  return controller;
}

function placementMayDiffer(old: Node, node: Node): boolean {
  return (
    !semanticEqual(old.metadata.labels, node.metadata.labels) || !semanticEqual(old.spec?.taints, node.spec?.taints)
  );
}

function podOf(set: DaemonSet, nodeName: string, hash: string): Draft<Pod> {
  const pod = podFromTemplate(set.spec.template, set);
  const generation = set.metadata.annotations?.[templateGenerationAnnotation];
  const labels: Record<string, string> = { ...pod.metadata.labels, [revisionHashLabel]: hash };
  if (generation !== undefined) labels[templateGenerationLabel] = generation;
  const spec = { ...pod.spec, affinity: affinityTo(nodeName, pod.spec.affinity), tolerations: daemonTolerations(set) };
  return { ...pod, metadata: { ...pod.metadata, labels }, spec };
}
