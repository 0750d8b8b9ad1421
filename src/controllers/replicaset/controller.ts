import { controllerOf, isReason, keyOf, keyString, semanticEqual } from "../../api/meta/index.ts";
import type { Pod } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import { type Adopters, enqueueAdopters, enqueueNewAdopters } from "../adopters.ts";
import { claim } from "../claims.ts";
import { addForOneOf } from "../coalescing.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { Expectations } from "../expectations.ts";
import { byController, byNamespace, controllerKey, indexByController, indexByNamespace } from "../owners.ts";
import { isActive, isNamespaceTerminating, messageOf, PodControl, podFromTemplate } from "../pods/index.ts";
import { settleInTurns, slowStart } from "../slow-start.ts";
import {
  nextAvailabilityMs,
  planReplicas,
  type ReplicaFailure,
  type ReplicaObserved,
  type ReplicaPlan,
  replicaStatus,
} from "./plan.ts";
import type { ReplicaKind, ReplicaOwner } from "./replica-owner.ts";

/** Keeps as many pods as each owner of the kind asks for. */
export function startReplicaController<T extends ReplicaOwner>(
  context: ControllerContext,
  kind: ReplicaKind<T>,
): RunningController {
  const { client, host, informers } = context;
  const owners = informers.informer(kind.type, {
    indexers: { [byController]: indexByController, [byNamespace]: indexByNamespace },
  });
  const pods = informers.informer(resources.pods, { indexers: { [byController]: indexByController } });
  const podControl = new PodControl(client, context.recorder(kind.component));
  const expectations = new Expectations(host);

  const controller = runController({
    name: kind.controller,
    host,
    workers: context.workers(kind.controller, 5),
    synced: [owners, pods],
    reconcile: async (key) => reconcile(keyString(key)),
  });

  async function reconcile(key: string): Promise<Outcome> {
    const owner = owners.store.get(key);
    if (owner === undefined) {
      expectations.forget(key);
      return done;
    }
    const mayAct = expectations.satisfied(key);
    const held = await claim({
      client,
      owner,
      ownerType: kind.type,
      selector: kind.selector(owner),
      type: resources.pods,
      store: pods.store,
    });
    const observed: ReplicaObserved = { owner, pods: held, crowdOnNode: crowdAround(owner), nowMs: host.clock.now() };
    const plan: ReplicaPlan =
      mayAct && owner.metadata.deletionTimestamp === undefined ? planReplicas(observed) : { kind: "none" };
    const error = await act(key, owner, plan);
    await writeStatus(owner, observed, error === undefined ? undefined : failureOf(plan, error));
    if (error !== undefined) throw error;
    const next = nextAvailabilityMs(observed);
    return next === undefined ? done : again(next);
  }

  async function act(key: string, owner: T, plan: ReplicaPlan): Promise<unknown> {
    switch (plan.kind) {
      case "none":
        return undefined;
      case "create":
        return create(key, owner, plan.count);
      case "delete":
        return remove(key, owner, plan.pods);
      default:
        return plan satisfies never;
    }
  }

  async function create(key: string, owner: T, count: number): Promise<unknown> {
    const { template } = owner.spec;
    if (template === undefined) return undefined;
    const pod = podFromTemplate(template, owner);
    expectations.expectCreations(key, count);
    const { succeeded, error } = await slowStart(host.clock, count, async () => {
      try {
        await podControl.create(pod, owner);
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
        expectations.created(key);
      }
    });
    if (succeeded < count) expectations.created(key, count - succeeded);
    return error;
  }

  async function remove(key: string, owner: T, surplus: readonly Pod[]): Promise<unknown> {
    expectations.expectDeletions(key, surplus.map(uidOf));
    const results = await settleInTurns(host.clock, surplus, async (pod) => {
      let deleted = false;
      try {
        deleted = await podControl.delete(pod, owner);
      } finally {
        if (!deleted) expectations.deleted(key, uidOf(pod));
      }
    });
    return results.find((result) => result.status === "rejected")?.reason;
  }

  async function writeStatus(owner: T, observed: ReplicaObserved, failure: ReplicaFailure | undefined): Promise<void> {
    const status = replicaStatus(observed, failure);
    if (semanticEqual(owner.status, status)) return;
    try {
      await client.resource(kind.type).updateStatus({ ...owner, status });
    } catch (error) {
      // A conflict is no reason to wait: the newer object is on its way and brings its own turn.
      if (!isReason(error, "NotFound")) throw error;
    }
  }

  /** Pods of all owners that belong to the same Deployment, counted by node. Counted only when something is deleted. */
  function crowdAround(owner: T): (pod: Pod) => number {
    let byNode: Map<string, number> | undefined;
    const count = (): Map<string, number> => {
      const deployment = controllerOf(owner);
      const related = deployment === undefined ? [owner] : owners.store.byIndex(byController, deployment.uid);
      const counts = new Map<string, number>();
      for (const { metadata } of related) {
        for (const { spec } of pods.store.byIndex(byController, metadata.uid ?? "").filter(isActive)) {
          if (spec.nodeName) counts.set(spec.nodeName, (counts.get(spec.nodeName) ?? 0) + 1);
        }
      }
      return counts;
    };
    return (pod) => {
      byNode ??= count();
      return byNode.get(pod.spec.nodeName ?? "") ?? 0;
    };
  }

  const keyOfOwner = (pod: Pod) => controllerKey(pod, kind.type.kind, kind.type.group);
  const sawCreation = (pod: Pod) => expectations.created(keyOfOwner(pod) ?? "");
  const sawDeletion = (pod: Pod) => expectations.deleted(keyOfOwner(pod) ?? "", uidOf(pod));
  /** @param mayGoOn whether all that the owner waited for has come: the next step of a rollout waits for nothing */
  const enqueueOwner = (pod: Pod, mayGoOn = false): void => {
    const key = keyOfOwner(pod);
    if (key === undefined) return;
    if (mayGoOn) {
      controller.queue.add(key);
      return;
    }
    const siblings = pods.store.countByIndex(byController, controllerOf(pod)?.uid ?? "");
    addForOneOf(controller.queue, key, siblings);
  };
  const adopters: Adopters<T> = {
    store: owners.store,
    selector: (owner) => kind.selector(owner),
    enqueue: (owner) => controller.enqueue(owner),
  };

  owners.addHandlers({
    add: (owner) => controller.enqueue(owner),
    update: (_, owner) => controller.enqueue(owner),
    delete: (owner) => {
      expectations.forget(keyString(keyOf(owner)));
      controller.enqueue(owner);
    },
  });
  pods.addHandlers({
    add: (pod) => {
      enqueueOwner(pod, pod.metadata.deletionTimestamp === undefined ? sawCreation(pod) : sawDeletion(pod));
      enqueueAdopters(pod, adopters);
    },
    update: (old, pod) => {
      if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) enqueueOwner(old);
      enqueueOwner(pod, pod.metadata.deletionTimestamp !== undefined && sawDeletion(pod));
      enqueueNewAdopters(old, pod, adopters);
    },
    delete: (pod) => enqueueOwner(pod, sawDeletion(pod)),
  });

  return controller;
}

function failureOf(plan: ReplicaPlan, error: unknown): ReplicaFailure {
  return { reason: plan.kind === "delete" ? "FailedDelete" : "FailedCreate", message: messageOf(error) };
}

function uidOf(pod: Pod): string {
  return pod.metadata.uid ?? "";
}
