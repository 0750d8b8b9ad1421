/** Makes the claims of pods' ephemeral volumes; each is owned by its pod and goes with it. */
import { controllerReference, isControlledBy, isReason, keyOf, keyString } from "../../api/meta/index.ts";
import type { PersistentVolumeClaim, Pod, Volume } from "../../api/types/index.ts";
import { claimedVolumes } from "../../api/volumes/index.ts";
import { done, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { hasEnded } from "../pods/index.ts";

const byEphemeralClaim = "ephemeral claim";

export const startEphemeralVolumeController: StartController = ({ client, host, informers, recorder, workers }) => {
  const events = recorder("ephemeral_volume");
  const claims = informers.informer(resources.persistentvolumeclaims);
  const pods = informers.informer(resources.pods, { indexers: { [byEphemeralClaim]: ephemeralClaimKeys } });
  const controller = runController({
    name: "ephemeral-volume-controller",
    host,
    workers: workers("ephemeral-volume-controller", 5),
    synced: [claims, pods],
    reconcile: async (key) => {
      const pod = pods.store.get(keyString(key));
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || hasEnded(pod)) return done;
      for (const volume of pod.spec.volumes ?? []) if (volume.ephemeral !== undefined) await provide(pod, volume);
      return done;
    },
  });

  async function provide(pod: Pod, volume: Volume): Promise<void> {
    const wanted = claimFor(pod, volume);
    const found = claims.store.get(keyString(keyOf(wanted)));
    try {
      if (found === undefined) await client.resource(resources.persistentvolumeclaims).create(wanted);
      else if (!isControlledBy(found, pod)) throw new Error(notOurs(found, pod));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // Made already, only not seen here yet.
      if (isReason(error, "AlreadyExists")) throw error;
      events.event(pod, "Warning", "FailedBinding", `ephemeral volume ${volume.name}: ${message}`);
      throw error;
    }
  }

  pods.addHandlers({
    add: (pod) => {
      if (ephemeralClaimKeys(pod).length > 0) controller.enqueue(pod);
    },
  });
  claims.addHandlers({
    delete: (claim) => {
      for (const pod of pods.store.byIndex(byEphemeralClaim, keyString(keyOf(claim)))) controller.enqueue(pod);
    },
  });
  return controller;
};

/** The claim of a pod's ephemeral volume. */
export function claimFor(pod: Pod, { name, ephemeral }: Volume): PersistentVolumeClaim {
  const template = ephemeral?.volumeClaimTemplate;
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: `${pod.metadata.name}-${name}`,
      namespace: pod.metadata.namespace,
      labels: template?.metadata?.labels,
      annotations: template?.metadata?.annotations,
      ownerReferences: [controllerReference(pod)],
    },
    spec: template?.spec ?? {},
  };
}

function notOurs({ metadata }: PersistentVolumeClaim, pod: Pod): string {
  const claim = `${metadata.namespace}/${metadata.name}`;
  return `PVC ${claim} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`;
}

function ephemeralClaimKeys(pod: Pod): string[] {
  const { namespace } = pod.metadata;
  const claimed = claimedVolumes(pod);
  if (claimed.length === 0) return [];
  return claimed
    .filter(({ isEphemeral }) => isEphemeral)
    .map(({ claimName }) => keyString({ namespace, name: claimName }));
}
