import { isControlledBy, isReason, keyOf, keyString } from "../../api/meta/index.ts";
import type { PersistentVolumeClaim, Pod } from "../../api/types/index.ts";
import { claimedVolumes } from "../../api/volumes/index.ts";
import { done, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { hasEnded } from "../pods/index.ts";
import { planProtection } from "./plan.ts";

const finalizer = "kubernetes.io/pvc-protection";
const byClaim = "claim";

/** The finalizer of a claim leaves when no pod that has a node refers to it. */
export const startPvcProtectionController: StartController = ({ client, host, informers }) => {
  const claims = informers.informer(resources.persistentvolumeclaims);
  const pods = informers.informer(resources.pods, { indexers: { [byClaim]: claimKeys } });
  const controller = runController({
    name: "persistentvolumeclaim-protection-controller",
    host,
    synced: [claims, pods],
    reconcile: async (key) => {
      const text = keyString(key);
      const claim = claims.store.get(text);
      if (claim === undefined) return done;
      const isUsed = pods.store.byIndex(byClaim, text).some((pod) => uses(pod, claim));
      const finalizers = planProtection(claim, finalizer, isUsed);
      if (finalizers === undefined) return done;
      // The view may lag behind: a pod that it lacks must not lose its volume.
      const isLetGo = claim.metadata.deletionTimestamp !== undefined;
      if (isLetGo && (await isUsedNow(claim))) return done;
      const { metadata } = claim;
      await client
        .resource(resources.persistentvolumeclaims)
        .update({ ...claim, metadata: { ...metadata, finalizers } })
        .catch((error) => {
          if (!isReason(error, "NotFound")) throw error;
        });
      return done;
    },
  });

  async function isUsedNow(claim: PersistentVolumeClaim): Promise<boolean> {
    const { items } = await client.resource(resources.pods).list({ namespace: claim.metadata.namespace });
    return items.some((pod) => uses(pod, claim));
  }

  claims.addHandlers({
    add: (claim) => controller.enqueue(claim),
    update: (_, claim) => controller.enqueue(claim),
  });
  // Pods that start to use a claim never free it: those that end, go, or have no node may.
  const freed = (pod: Pod): void => {
    for (const key of claimKeys(pod)) controller.queue.add(key);
  };
  const seen = (pod: Pod): void => {
    if (hasEnded(pod) || !pod.spec.nodeName) freed(pod);
  };
  pods.addHandlers({ add: seen, update: (_, pod) => seen(pod), delete: freed });
  return controller;
};

function claimKeys(pod: Pod): string[] {
  const { namespace } = pod.metadata;
  return claimedVolumes(pod).map(({ claimName }) => keyString({ namespace, name: claimName }));
}

/** A pod without a node cannot start any more: its kubelet refuses claims that are being deleted. */
function uses(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec.nodeName || pod.metadata.namespace !== claim.metadata.namespace) return false;
  const { name } = keyOf(claim);
  return claimedVolumes(pod).some(
    ({ claimName, isEphemeral }) => claimName === name && (!isEphemeral || isControlledBy(claim, pod)),
  );
}
