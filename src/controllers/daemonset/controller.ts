import { keyString, labelSelectorAsSelector, semanticEqual } from "../../api/meta/index.ts";
import type { DaemonSet, Node, Pod } from "../../api/types/index.ts";
import { again, type Draft, done, type Outcome, resources, runController } from "../../client/index.ts";
import { claim } from "../claims.ts";
import { addForOneOf } from "../coalescing.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { Expectations } from "../expectations.ts";
import { byController, controllerKey, indexByController } from "../owners.ts";
import { availableInMs, isNamespaceTerminating, PodControl, podFromTemplate } from "../pods/index.ts";
import { hashOf, revisionHashLabel, syncHistory, truncateHistory } from "../revisions/index.ts";
import { slowStart } from "../slow-start.ts";
import { affinityTo, daemonTolerations } from "./placement.ts";
import { type DaemonPlan, daemonStatus, planDaemons } from "./plan.ts";

const component = "daemonset-controller";
const templateGenerationAnnotation = "deprecated.daemonset.template.generation";
const burst = 250;

/** Keeps one pod on every node that a daemon set is meant for. */
export function startDaemonSetController(context: ControllerContext): RunningController {
  const { client, host, informers } = context;
  const sets = informers.informer(resources.daemonsets);
  const nodes = informers.informer(resources.nodes);
  const pods = informers.informer(resources.pods, { indexers: { [byController]: indexByController } });
  const revisions = informers.informer(resources.controllerrevisions, {
    indexers: { [byController]: indexByController },
  });
  const events = context.recorder(component);
  const podControl = new PodControl(client, events);
  const expectations = new Expectations(host);
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
    const nowMs = host.clock.now();
    const observed = { set, nodes: nodes.store.list(), pods: held, hash: hashOf(history.current), nowMs };
    const error = mayAct ? await act(key, set, planDaemons(observed), observed.hash) : undefined;
    const status = daemonStatus(observed);
    if (!semanticEqual(set.status, status))
      await client.resource(resources.daemonsets).updateStatus({ ...set, status });
    if (error !== undefined) throw error;
    const used = new Set(held.map(({ metadata }) => metadata.labels?.[revisionHashLabel]));
    await truncateHistory(client, set, history, (revision) => used.has(hashOf(revision)));
    const waits = held
      .map((pod) => availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) ?? 0)
      .filter((wait) => wait > 0);
    return waits.length === 0 ? done : again(Math.min(...waits));
  }

  async function act(key: string, set: DaemonSet, plan: DaemonPlan, hash: string): Promise<unknown> {
    for (const pod of plan.failed) {
      const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
      const message = `Found failed daemon pod ${name} on node ${pod.spec.nodeName}, will try to kill it`;
      events.event(set, "Warning", "FailedDaemonPod", message);
    }
    if (plan.remove.length > 0) {
      expectations.expectDeletions(
        key,
        plan.remove.map(({ metadata }) => metadata.uid ?? ""),
      );
      for (const pod of plan.remove) {
        try {
          if (!(await podControl.delete(pod, set))) expectations.deleted(key, pod.metadata.uid ?? "");
        } catch (error) {
          expectations.forget(key);
          return error;
        }
      }
      // What is to be made comes when what goes has been seen to go.
      return undefined;
    }
    const count = Math.min(plan.create.length, burst);
    if (count === 0) return undefined;
    expectations.expectCreations(key, count);
    const { succeeded, error } = await slowStart(host.clock, count, async (index) => {
      try {
        await podControl.create(podOf(set, plan.create[index] ?? "", hash), set);
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
        expectations.created(key);
      }
    });
    if (succeeded < count) expectations.created(key, count - succeeded);
    return error;
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
    },
    update: (_, pod) => {
      if (pod.metadata.deletionTimestamp !== undefined) gone(pod);
      enqueueOwner(pod);
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
  if (generation !== undefined) labels["pod-template-generation"] = generation;
  const spec = { ...pod.spec, affinity: affinityTo(nodeName, pod.spec.affinity), tolerations: daemonTolerations(set) };
  return { ...pod, metadata: { ...pod.metadata, labels }, spec };
}
