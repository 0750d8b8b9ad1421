import { controllerOf, isReason, keyString, labelSelectorAsSelector, semanticEqual } from "../../api/meta/index.ts";
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from "../../api/types/index.ts";
import { again, done, type Outcome, resources, runController } from "../../client/index.ts";
import { type Adopters, enqueueAdopters, enqueueNewAdopters } from "../adopters.ts";
import { claim } from "../claims.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { Expectations } from "../expectations.ts";
import { byController, byNamespace, controllerKey, indexByController, indexByNamespace, objectKey } from "../owners.ts";
import { availableInMs, hasEnded, isNamespaceTerminating, messageOf } from "../pods/index.ts";
import { type History, syncHistory, templateOf, truncateHistory } from "../revisions/index.ts";
import { goesWithEarlierPod, planClaimOwners } from "./claim-owners.ts";
import { claimsOf, identityLabels, ordinalOf, podName, podOf, revisionOf } from "./identity.ts";
import { planStatefulSet, type StatefulAction, statefulStatus } from "./plan.ts";

const component = "statefulset-controller";
/** A pod that its node refuses fails at once and would be made anew without end: so many milliseconds lie between. */
const recreateEveryMs = 1000;

/** Keeps numbered pods with names, host names and claims of their own. */
export function startStatefulSetController(context: ControllerContext): RunningController {
  const { client, host, informers } = context;
  const sets = informers.informer(resources.statefulsets, { indexers: { [byNamespace]: indexByNamespace } });
  const pods = informers.informer(resources.pods, { indexers: { [byController]: indexByController } });
  const revisions = informers.informer(resources.controllerrevisions, {
    indexers: { [byController]: indexByController },
  });
  const claims = informers.informer(resources.persistentvolumeclaims);
  const events = context.recorder(component);
  const expectations = new Expectations(host);
  /** When a failed pod of a set was last removed. */
  const recreatedAt = new Map<string, number>();
  const controller = runController({
    name: component,
    host,
    workers: context.workers(component, 5),
    synced: [sets, pods, revisions, claims],
    reconcile: (key) => reconcile(keyString(key)),
  });

  async function reconcile(key: string): Promise<Outcome> {
    const set = sets.store.get(key);
    if (set === undefined) {
      expectations.forget(key);
      recreatedAt.delete(key);
      return done;
    }
    const mayAct = expectations.satisfied(key);
    const hashLabel = "controller.kubernetes.io/hash";
    const history = await syncHistory({
      client,
      owner: set,
      ownerType: resources.statefulsets,
      store: revisions.store,
      hashLabel,
    });
    const held = await claim({
      client,
      owner: set,
      ownerType: resources.statefulsets,
      selector: labelSelectorAsSelector(set.spec.selector),
      type: resources.pods,
      store: pods.store,
    });
    const nowMs = host.clock.now();
    const updateRevision = history.current.metadata.name ?? "";
    const currentRevision = set.status?.currentRevision || updateRevision;
    const observed = { set, pods: held, currentRevision, updateRevision, nowMs };
    const status = statefulStatus(observed);
    if (!semanticEqual(set.status, status))
      await client.resource(resources.statefulsets).updateStatus({ ...set, status });
    // What belongs to a set that is being deleted goes with it: only the status is kept.
    if (set.metadata.deletionTimestamp !== undefined) return done;
    for (const pod of held) await keepIdentity(set, pod);
    if (set.spec.volumeClaimTemplates?.length) for (const pod of held) await retainClaims(set, pod);
    let recreateInMs = 0;
    for (const action of mayAct ? planStatefulSet(observed) : []) {
      if (action.kind === "remove" && action.hasFailed) {
        recreateInMs = (recreatedAt.get(key) ?? 0) + recreateEveryMs - nowMs;
        if (recreateInMs > 0) break;
        recreatedAt.set(key, nowMs);
      }
      await act(key, set, history, action);
    }
    const used = new Set([currentRevision, updateRevision, ...held.map((pod) => revisionOf(pod) ?? "")]);
    await truncateHistory(client, set, history, (revision) => used.has(revision.metadata.name ?? ""));
    const waits = held
      .map((pod) => availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) ?? 0)
      .concat(recreateInMs)
      .filter((wait) => wait > 0);
    return waits.length === 0 ? done : again(Math.min(...waits));
  }

  function act(key: string, set: StatefulSet, history: History, action: StatefulAction): Promise<void> {
    if (action.kind === "remove") return remove(key, set, action.pod);
    return create(set, history.all, action.ordinal, action.revision);
  }

  async function create(
    set: StatefulSet,
    all: readonly ControllerRevision[],
    ordinal: number,
    revision: string,
  ): Promise<void> {
    const kept = all.find(({ metadata }) => metadata.name === revision);
    const template = (kept === undefined ? undefined : templateOf(kept)) ?? set.spec.template;
    const what = `Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`;
    try {
      if (claimsInStore(set, ordinal).some((claim) => goesWithEarlierPod(claim, podName(set, ordinal)))) return;
      await createClaims(set, ordinal);
      await client.resource(resources.pods).create(podOf(set, template, revision, ordinal));
      events.event(set, "Normal", "SuccessfulCreate", `Create ${what} successful`);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      // Ours, made a moment ago and not seen yet; or another's, then the next turn sees that it does not go away.
      if (isReason(error, "AlreadyExists")) return;
      events.event(set, "Warning", "FailedCreate", `Create ${what} failed error: ${messageOf(error)}`);
      throw error;
    }
  }

  /** Owners of claims follow the retention policy, before a pod that is scaled away goes. */
  async function retainClaims(set: StatefulSet, pod: Pod): Promise<void> {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined || pod.metadata.deletionTimestamp !== undefined) return;
    const first = set.spec.ordinals?.start ?? 0;
    const isScaledAway = ordinal < first || ordinal >= first + (set.spec.replicas ?? 1);
    for (const held of claimsInStore(set, ordinal)) {
      const ownerReferences = planClaimOwners(held, set, pod, isScaledAway);
      if (ownerReferences === undefined || held.metadata.deletionTimestamp !== undefined) continue;
      const metadata = { ...held.metadata, ownerReferences };
      await client.resource(resources.persistentvolumeclaims).update({ ...held, metadata });
    }
  }

  function claimsInStore(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
    return claimsOf(set, ordinal).flatMap(({ metadata: { namespace, name = "" } }) => {
      return claims.store.get(keyString({ namespace, name })) ?? [];
    });
  }

  async function createClaims(set: StatefulSet, ordinal: number): Promise<void> {
    for (const draft of claimsOf(set, ordinal)) {
      const { name = "", namespace } = draft.metadata;
      if (claims.store.get(keyString({ namespace, name })) !== undefined) continue;
      try {
        await client.resource(resources.persistentvolumeclaims).create(draft);
      } catch (error) {
        if (isReason(error, "AlreadyExists")) continue;
        if (!isNamespaceTerminating(error)) {
          const what = `Claim ${name} for Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`;
          events.event(set, "Warning", "FailedCreate", `Create ${what} failed error: ${messageOf(error)}`);
        }
        throw error;
      }
      const message = `Create Claim ${name} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name} success`;
      events.event(set, "Normal", "SuccessfulCreate", message);
    }
  }

  /** What makes a pod that of its ordinal is given back to it when somebody took it away. */
  async function keepIdentity(set: StatefulSet, pod: Pod): Promise<void> {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined || hasEnded(pod) || pod.metadata.deletionTimestamp !== undefined) return;
    if (pod.status?.phase === "Pending") await createClaims(set, ordinal);
    const labels = { ...pod.metadata.labels, ...identityLabels(set, ordinal) };
    if (semanticEqual(labels, pod.metadata.labels)) return;
    const what = `Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
    try {
      await client.resource(resources.pods).update({ ...pod, metadata: { ...pod.metadata, labels } });
      events.event(set, "Normal", "SuccessfulUpdate", `Update ${what} successful`);
    } catch (error) {
      if (isReason(error, "NotFound")) return;
      events.event(set, "Warning", "FailedUpdate", `Update ${what} failed error: ${messageOf(error)}`);
      throw error;
    }
  }

  async function remove(key: string, set: StatefulSet, pod: Pod): Promise<void> {
    const { name, uid } = pod.metadata;
    expectations.expectDeletions(key, [uid ?? ""]);
    const what = `Pod ${name} in StatefulSet ${set.metadata.name}`;
    try {
      await client.resource(resources.pods).delete(objectKey(pod), { preconditions: { uid } });
      events.event(set, "Normal", "SuccessfulDelete", `Delete ${what} successful`);
    } catch (error) {
      expectations.forget(key);
      if (isReason(error, "NotFound")) return;
      events.event(set, "Warning", "FailedDelete", `Delete ${what} failed error: ${messageOf(error)}`);
      throw error;
    }
  }

  const enqueueOwner = (pod: Pod): void => {
    const key = controllerKey(pod, "StatefulSet", "apps");
    if (key === undefined) return;
    if (pod.metadata.deletionTimestamp !== undefined) expectations.deleted(key, pod.metadata.uid ?? "");
    controller.queue.add(key);
  };
  const adopters: Adopters<StatefulSet> = {
    store: sets.store,
    selector: ({ spec }) => labelSelectorAsSelector(spec.selector),
    enqueue: (set) => controller.enqueue(set),
  };
  sets.addHandlers({
    add: (set) => controller.enqueue(set),
    update: (_, set) => controller.enqueue(set),
    delete: (set) => controller.enqueue(set),
  });
  // A name that waited for a claim of an earlier pod to go may be used again.
  claims.addHandlers({
    delete: ({ metadata }) => {
      const owner = metadata.ownerReferences?.find(({ kind }) => kind === "Pod");
      if (owner === undefined) return;
      const setName = owner.name.replace(/-\d+$/, "");
      controller.queue.add(keyString({ namespace: metadata.namespace, name: setName }));
    },
  });
  pods.addHandlers({
    add: (pod) => {
      enqueueOwner(pod);
      enqueueAdopters(pod, adopters);
    },
    update: (old, pod) => {
      if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) enqueueOwner(old);
      enqueueOwner(pod);
      enqueueNewAdopters(old, pod, adopters);
    },
    delete: (pod) => {
      const key = controllerKey(pod, "StatefulSet", "apps");
      if (key !== undefined) expectations.deleted(key, pod.metadata.uid ?? "");
      enqueueOwner(pod);
      // A name that a pod of somebody else held may be free now.
      for (const set of key === undefined ? sets.store.values() : []) {
        if (set.metadata.namespace === pod.metadata.namespace && ordinalOf(set, pod) !== undefined)
          controller.enqueue(set);
      }
    },
  });
  return controller;
}
