import { controllerOf, isControlledBy, isReason, keyString } from "../../api/meta/index.ts";
import type { Pod, ResourceClaimResourceV1 as ResourceClaim } from "../../api/types/index.ts";
import { done, type Outcome, resources, runController } from "../../client/index.ts";
import type { ControllerContext, RunningController } from "../context.ts";
import { byController, indexByController, objectKey } from "../owners.ts";
import { messageOf } from "../pods/index.ts";
import {
  allocationFinalizer,
  claimFromTemplate,
  claimNameOf,
  consumerOf,
  isDone,
  isReservedFor,
  type PodClaim,
  podClaimAnnotation,
  reservedForMax,
} from "./plan.ts";

const name = "resourceclaim-controller";
const component = "resource_claim";
const byClaim = "claim";
const byTemplate = "claim template";
const ofPod = "pod";
const ofClaim = "claim";

/** Keys are `pod/namespace%2Fname` and `claim/...`: both in one queue, so that a claim and its pod are not worked on as two. */
export function startResourceClaimController(context: ControllerContext): RunningController {
  const { client, host, informers } = context;
  const pods = informers.informer(resources.pods, {
    indexers: { [byClaim]: claimKeysOf, [byTemplate]: templateKeysOf },
  });
  const claims = informers.informer(resources.resourceclaims, { indexers: { [byController]: indexByController } });
  const templates = informers.informer(resources.resourceclaimtemplates);
  const writer = client.resource(resources.resourceclaims);
  const events = context.recorder(component);
  const creates = host.metrics.counter({
    name: "resourceclaim_controller_creates_total",
    help: "Claims made from templates, by how it ended.",
    labels: ["status", "admin_access"],
  });
  const controller = runController({
    name,
    host,
    workers: context.workers(name, 50),
    synced: [pods, claims, templates],
    reconcile: ({ namespace: what, name: text }) => {
      const key = decodeURIComponent(text);
      return what === ofPod ? reconcilePod(key) : reconcileClaim(key);
    },
  });

  async function reconcilePod(key: string): Promise<Outcome> {
    const pod = pods.store.get(key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isDone(pod)) return done;
    let made: Map<string, string> | undefined;
    for (const entry of pod.spec.resourceClaims ?? []) {
      if (entry.resourceClaimTemplateName === undefined || claimNameOf(pod, entry) !== undefined) continue;
      try {
        made = (made ?? new Map()).set(entry.name, await claimFor(pod, entry, entry.resourceClaimTemplateName));
      } catch (error) {
        const message = `PodResourceClaim ${entry.name}: ${messageOf(error)}`;
        events.event(pod, "Warning", "FailedResourceClaimCreation", message);
        throw error;
      }
    }
    if (made !== undefined) await tellPod(pod, made);
    // Who names its node itself is not reserved for by the scheduler.
    else if (pod.spec.nodeName) for (const entry of pod.spec.resourceClaims ?? []) await reserve(pod, entry);
    return done;
  }

  async function claimFor(pod: Pod, entry: PodClaim, templateName: string): Promise<string> {
    const { namespace, uid = "" } = pod.metadata;
    const own = claims.store
      .byIndex(byController, uid)
      .find(({ metadata }) => metadata.annotations?.[podClaimAnnotation] === entry.name);
    if (own !== undefined) return own.metadata.name ?? "";
    const template = templates.store.get(keyString({ namespace, name: templateName }));
    if (template === undefined) {
      throw new Error(
        `resource claim template "${templateName}": resourceclaimtemplate.resource.k8s.io "${templateName}" not found`,
      );
    }
    try {
      const created = await writer.create(claimFromTemplate(pod, entry, template));
      creates.labels("success", "false").inc();
      return created.metadata.name ?? "";
    } catch (error) {
      creates.labels("failure", "false").inc();
      throw error;
    }
  }

  async function tellPod(pod: Pod, made: ReadonlyMap<string, string>): Promise<void> {
    const known = (pod.status?.resourceClaimStatuses ?? []).filter((one) => !made.has(one.name));
    const added = [...made].map(([entry, resourceClaimName]) => ({ name: entry, resourceClaimName }));
    const { uid } = pod.metadata;
    const patch = { metadata: { uid }, status: { resourceClaimStatuses: [...known, ...added] } };
    await client.resource(resources.pods).patchStatus(objectKey(pod), "strategic", patch);
  }

  async function reserve(pod: Pod, entry: PodClaim): Promise<void> {
    const claimName = claimNameOf(pod, entry);
    const claim = claims.store.get(keyString({ namespace: pod.metadata.namespace, name: claimName ?? "" }));
    const { allocation, reservedFor = [] } = claim?.status ?? {};
    if (claim === undefined || allocation === undefined || isReservedFor(claim, pod)) return;
    if (reservedFor.length >= reservedForMax) return;
    await writer.updateStatus({
      ...claim,
      status: { ...claim.status, reservedFor: [...reservedFor, consumerOf(pod)] },
    });
  }

  async function reconcileClaim(key: string): Promise<Outcome> {
    const claim = claims.store.get(key);
    if (claim === undefined) return done;
    const { reservedFor = [] } = claim.status ?? {};
    const valid = [];
    for (const consumer of reservedFor) if (await isStillUsed(claim, consumer)) valid.push(consumer);
    if (valid.length > 0) {
      const status = { ...claim.status, reservedFor: valid };
      if (valid.length < reservedFor.length) await writer.updateStatus({ ...claim, status });
      return done;
    }
    const isLeaving = claim.metadata.deletionTimestamp !== undefined;
    let freed = claim;
    // The scheduler puts the finalizer on before it allocates: one without an allocation may be about to get it.
    if (reservedFor.length > 0 || isLeaving) {
      if (claim.status?.allocation !== undefined || reservedFor.length > 0) freed = await free(claim);
      await withoutFinalizer(freed);
    }
    if (!isLeaving) await removeWithPod(freed);
    return done;
  }

  /** Other consumers than pods look after themselves. */
  async function isStillUsed(
    claim: ResourceClaim,
    consumer: { resource: string; name: string; uid: string; apiGroup?: string },
  ): Promise<boolean> {
    if (consumer.resource !== "pods" || consumer.apiGroup) return true;
    const key = { namespace: claim.metadata.namespace, name: consumer.name };
    // The view may be behind: what is not in it may be on its way.
    const pod = pods.store.get(keyString(key)) ?? (await client.resource(resources.pods).find(key));
    return pod !== undefined && pod.metadata.uid === consumer.uid && !isDone(pod);
  }

  async function free(claim: ResourceClaim): Promise<ResourceClaim> {
    const { allocation: _, reservedFor: __, ...status } = claim.status ?? {};
    return writer.updateStatus({ ...claim, status });
  }

  async function withoutFinalizer(claim: ResourceClaim): Promise<void> {
    const { finalizers = [] } = claim.metadata;
    if (!finalizers.includes(allocationFinalizer)) return;
    const left = finalizers.filter((one) => one !== allocationFinalizer);
    await writer.update({ ...claim, metadata: { ...claim.metadata, finalizers: left } });
  }

  /** One that was made for a pod which runs no more is of no use to others. */
  async function removeWithPod(claim: ResourceClaim): Promise<void> {
    const owner = controllerOf(claim);
    if (owner?.kind !== "Pod" || owner.apiVersion !== "v1") return;
    const pod = pods.store.get(keyString({ namespace: claim.metadata.namespace, name: owner.name }));
    if (pod === undefined || !isControlledBy(claim, pod) || !isDone(pod)) return;
    const { uid } = claim.metadata;
    await writer.delete(objectKey(claim), { preconditions: { uid } }).catch((error) => {
      if (!isReason(error, "NotFound")) throw error;
    });
  }

  const add = (what: string, key: string): void => controller.queue.add(`${what}/${encodeURIComponent(key)}`);
  const podSeen = (pod: Pod): void => {
    if ((pod.spec.resourceClaims ?? []).length === 0) return;
    add(ofPod, keyString(objectKey(pod)));
    if (isDone(pod)) claimsOf(pod);
  };
  const claimsOf = (pod: Pod): void => {
    for (const key of claimKeysOf(pod)) add(ofClaim, key);
  };
  pods.addHandlers({ add: podSeen, update: (_, pod) => podSeen(pod), delete: claimsOf });
  const claimSeen = (claim: ResourceClaim): void => {
    const key = keyString(objectKey(claim));
    add(ofClaim, key);
    for (const pod of pods.store.byIndex(byClaim, key)) if (pod.spec.nodeName) podSeen(pod);
  };
  claims.addHandlers({
    add: claimSeen,
    update: (_, claim) => claimSeen(claim),
    delete: (claim) => {
      for (const pod of pods.store.byIndex(byClaim, keyString(objectKey(claim)))) podSeen(pod);
    },
  });
  templates.addHandlers({
    add: (template) => {
      for (const pod of pods.store.byIndex(byTemplate, keyString(objectKey(template)))) podSeen(pod);
    },
  });
  return controller;
}

function claimKeysOf(pod: Pod): string[] {
  return (pod.spec.resourceClaims ?? []).flatMap((entry) => {
    const claim = claimNameOf(pod, entry);
    return claim === undefined ? [] : [keyString({ namespace: pod.metadata.namespace, name: claim })];
  });
}

function templateKeysOf(pod: Pod): string[] {
  return (pod.spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: template }) =>
    template === undefined ? [] : [keyString({ namespace: pod.metadata.namespace, name: template })],
  );
}
