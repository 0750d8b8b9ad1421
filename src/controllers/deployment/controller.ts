import {
  controllerOf,
  isEmptySelector,
  isReason,
  keyString,
  labelSelectorAsSelector,
  semanticEqual,
} from "../../api/meta/index.ts";
import type { Deployment, DeploymentStatus, ReplicaSet } from "../../api/types/index.ts";
import { again, type Draft, done, type Outcome, resources, runController } from "../../client/index.ts";
import { type Adopters, enqueueAdopters } from "../adopters.ts";
import { claim } from "../claims.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { byController, byNamespace, controllerKey, indexByController, indexByNamespace, objectKey } from "../owners.ts";
import { hasEnded, isNamespaceTerminating, messageOf } from "../pods/index.ts";
import { revisionAnnotation } from "./annotations.ts";
import { condition, hasDeadline, withCondition } from "./conditions.ts";
import { type Action, planDeployment } from "./plan.ts";
import { planRollback, wantedRollback } from "./rollback.ts";
import { replicasOf } from "./rolling.ts";
import { sameTemplate } from "./template-hash.ts";

const component = "deployment-controller";

/** Rolls deployments out over replica sets. */
export function startDeploymentController(context: ControllerContext): RunningController {
  const { client, host, informers } = context;
  const events = context.recorder(component);
  const deployments = informers.informer(resources.deployments, { indexers: { [byNamespace]: indexByNamespace } });
  const replicaSets = informers.informer(resources.replicasets, { indexers: { [byController]: indexByController } });
  const pods = informers.informer(resources.pods, { indexers: { [byController]: indexByController } });
  const controller = runController({
    name: component,
    host,
    workers: context.workers(component, 5),
    synced: [deployments, replicaSets, pods],
    reconcile: async (key) => reconcile(keyString(key)),
  });

  async function reconcile(key: string): Promise<Outcome> {
    const deployment = deployments.store.get(key);
    if (deployment === undefined) return done;
    const selector = labelSelectorAsSelector(deployment.spec.selector);
    if (isEmptySelector(selector)) return refuseToSelectAll(deployment);
    const owned = await claim({
      client,
      owner: deployment,
      ownerType: resources.deployments,
      selector,
      type: resources.replicasets,
      store: replicaSets.store,
    });
    const rollback = paused(deployment) ? undefined : wantedRollback(deployment);
    const isRolledOut = owned.some(({ spec }) => sameTemplate(spec.template, deployment.spec.template));
    // What is rolled back must be a revision itself, so that one can come back to it.
    if (rollback !== undefined && isRolledOut) return rollBack(deployment, owned, rollback);
    const plan = planDeployment({ deployment, replicaSets: owned, hasPods, nowMs: host.clock.now() });
    for (const action of plan.actions) await act(deployment, action);
    await writeStatus(deployment, plan.status, plan.revision);
    return plan.againAfterMs === undefined ? done : again(plan.againAfterMs);
  }

  async function rollBack(deployment: Deployment, owned: readonly ReplicaSet[], wanted: bigint): Promise<Outcome> {
    const { deployment: next, event } = planRollback(deployment, owned, wanted);
    await client.resource(resources.deployments).update(next);
    events.event(deployment, event.type, event.reason, event.message);
    return done;
  }

  async function refuseToSelectAll(deployment: Deployment): Promise<Outcome> {
    const message = "This deployment is selecting all pods. A non-empty selector is required.";
    events.event(deployment, "Warning", "SelectingAll", message);
    const { generation } = deployment.metadata;
    if ((deployment.status?.observedGeneration ?? 0) < (generation ?? 0)) {
      await writeStatus(deployment, { ...deployment.status, observedGeneration: generation }, undefined);
    }
    return done;
  }

  function hasPods(replicaSet: ReplicaSet): boolean {
    return pods.store.byIndex(byController, replicaSet.metadata.uid ?? "").some((pod) => !hasEnded(pod));
  }

  async function act(deployment: Deployment, action: Action): Promise<void> {
    const writer = client.resource(resources.replicasets);
    switch (action.kind) {
      case "create":
        return create(deployment, action.replicaSet);
      case "update": {
        await writer.update(action.replicaSet);
        tellScaling(deployment, action.replicaSet, action.from);
        return;
      }
      case "delete":
        await writer.delete(objectKey(action.replicaSet)).catch(ignoreNotFound);
        return;
      default:
        action satisfies never;
    }
  }

  async function create(deployment: Deployment, draft: Draft<ReplicaSet>): Promise<void> {
    try {
      await client.resource(resources.replicasets).create(draft);
      tellScaling(deployment, draft, 0);
    } catch (error) {
      if (isReason(error, "AlreadyExists")) return settleCollision(deployment, draft, error);
      if (isNamespaceTerminating(error)) return;
      const message = `Failed to create new replica set "${draft.metadata.name}": ${messageOf(error)}`;
      if (hasDeadline(deployment)) {
        const failed = condition("Progressing", "False", "ReplicaSetCreateError", message, host.clock.now());
        const conditions = withCondition(deployment.status?.conditions ?? [], failed);
        await writeStatus(deployment, { ...deployment.status, conditions: [...conditions] }, undefined);
      }
      events.event(deployment, "Warning", "FailedCreate", message);
      throw error;
    }
  }

  /** Made by an earlier try that is not in the cache yet; else another template has this hash: the next try gets another. */
  async function settleCollision(deployment: Deployment, draft: Draft<ReplicaSet>, error: unknown): Promise<void> {
    const present = await client.resource(resources.replicasets).find(objectKey(draft));
    if (present === undefined) throw error;
    const mine = controllerOf(present)?.uid === deployment.metadata.uid;
    if (mine && sameTemplate(present.spec.template, draft.spec.template)) return;
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await writeStatus(deployment, { ...deployment.status, collisionCount }, undefined);
    throw error;
  }

  function tellScaling(deployment: Deployment, replicaSet: Draft<ReplicaSet>, from: number): void {
    const to = replicasOf(replicaSet);
    if (from === to) return;
    const direction = to > from ? "up" : "down";
    const message = `Scaled ${direction} replica set ${replicaSet.metadata.name} from ${from} to ${to}`;
    events.event(deployment, "Normal", "ScalingReplicaSet", message);
  }

  async function writeStatus(deployment: Deployment, status: DeploymentStatus, revision?: string): Promise<void> {
    if (revision === undefined && semanticEqual(deployment.status, status)) return;
    const { metadata } = deployment;
    const annotated =
      revision === undefined
        ? metadata
        : { ...metadata, annotations: { ...metadata.annotations, [revisionAnnotation]: revision } };
    await client.resource(resources.deployments).updateStatus({ ...deployment, metadata: annotated, status });
  }

  const enqueueOwner = (object: ReplicaSet): void => {
    const key = controllerKey(object, "Deployment", "apps");
    if (key !== undefined) controller.queue.add(key);
  };
  const adopters: Adopters<Deployment> = {
    store: deployments.store,
    selector: ({ spec }) => labelSelectorAsSelector(spec.selector),
    enqueue: (deployment) => controller.enqueue(deployment),
  };
  deployments.addHandlers({
    add: (deployment) => controller.enqueue(deployment),
    update: (_, deployment) => controller.enqueue(deployment),
  });
  replicaSets.addHandlers({
    add: (replicaSet) => {
      enqueueOwner(replicaSet);
      enqueueAdopters(replicaSet, adopters);
    },
    update: (old, replicaSet) => {
      if (controllerOf(old)?.uid !== controllerOf(replicaSet)?.uid) enqueueOwner(old);
      enqueueOwner(replicaSet);
      enqueueAdopters(replicaSet, adopters);
    },
    delete: enqueueOwner,
  });
  pods.addHandlers({
    // Recreate waits for the last old pod to be gone, which no replica set's status tells.
    delete: (pod) => {
      const owner = controllerKey(pod, "ReplicaSet", "apps");
      const replicaSet = owner === undefined ? undefined : replicaSets.store.get(owner);
      if (replicaSet === undefined) return;
      const key = controllerKey(replicaSet, "Deployment", "apps");
      if (key !== undefined && deployments.store.get(key)?.spec.strategy?.type === "Recreate")
        controller.queue.add(key);
    },
  });
  return controller;
}

/** One that is being deleted rolls nothing back, either. */
function paused({ metadata, spec }: Deployment): boolean {
  return spec.paused === true || metadata.deletionTimestamp !== undefined;
}

function ignoreNotFound(error: unknown): void {
  if (!isReason(error, "NotFound")) throw error;
}
