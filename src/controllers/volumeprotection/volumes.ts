import { isReason } from "../../api/meta/index.ts";
import type { PersistentVolume } from "../../api/types/index.ts";
import { done, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { planProtection } from "./plan.ts";

const finalizer = "kubernetes.io/pv-protection";

/** The finalizer of a volume leaves when it is not bound any more. */
export const startPvProtectionController: StartController = ({ client, host, informers }) => {
  const volumes = informers.informer(resources.persistentvolumes);
  const controller = runController({
    name: "persistentvolume-protection-controller",
    host,
    synced: [volumes],
    reconcile: async ({ name }) => {
      const volume = volumes.store.get(name);
      if (volume === undefined) return done;
      const finalizers = planProtection(volume, finalizer, isBound(volume));
      if (finalizers === undefined) return done;
      const { metadata } = volume;
      await client
        .resource(resources.persistentvolumes)
        .update({ ...volume, metadata: { ...metadata, finalizers } })
        .catch((error) => {
          if (!isReason(error, "NotFound")) throw error;
        });
      return done;
    },
  });
  const seen = (volume: PersistentVolume): void => {
    if (planProtection(volume, finalizer, isBound(volume)) !== undefined) controller.enqueue(volume);
  };
  volumes.addHandlers({ add: seen, update: (_, volume) => seen(volume) });
  return controller;
};

function isBound({ status }: PersistentVolume): boolean {
  return status?.phase === "Bound";
}
