import { isReason } from "../../api/meta/index.ts";
import type { PersistentVolume, PersistentVolumeClaim, VolumeAttributesClass } from "../../api/types/index.ts";
import { done, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { planProtection } from "./plan.ts";

const finalizer = "kubernetes.io/vac-protection";
const byClass = "volume attributes class";

/** The finalizer of a class of volume attributes leaves when no claim or volume names it any more. */
export const startVacProtectionController: StartController = ({ client, host, informers }) => {
  const classes = informers.informer(resources.volumeattributesclasses);
  const claims = informers.informer(resources.persistentvolumeclaims, { indexers: { [byClass]: classesOfClaim } });
  const volumes = informers.informer(resources.persistentvolumes, { indexers: { [byClass]: classesOfVolume } });
  const controller = runController({
    name: "volumeattributesclass-protection-controller",
    host,
    synced: [classes, claims, volumes],
    reconcile: async ({ name }) => {
      const found = classes.store.get(name);
      if (found === undefined) return done;
      const users = claims.store.countByIndex(byClass, name) + volumes.store.countByIndex(byClass, name);
      const finalizers = planProtection(found, finalizer, users > 0);
      if (finalizers === undefined) return done;
      const { metadata } = found;
      await client
        .resource(resources.volumeattributesclasses)
        .update({ ...found, metadata: { ...metadata, finalizers } })
        .catch((error) => {
          if (!isReason(error, "NotFound")) throw error;
        });
      return done;
    },
  });
  const seen = (one: VolumeAttributesClass) => controller.enqueue(one);
  classes.addHandlers({ add: seen, update: (_, one) => seen(one) });
  const left = (before: readonly string[], after: readonly string[]): void => {
    for (const name of before) if (!after.includes(name)) controller.queue.add(name);
  };
  claims.addHandlers({
    update: (old, claim) => left(classesOfClaim(old), classesOfClaim(claim)),
    delete: (claim) => left(classesOfClaim(claim), []),
  });
  volumes.addHandlers({
    update: (old, volume) => left(classesOfVolume(old), classesOfVolume(volume)),
    delete: (volume) => left(classesOfVolume(volume), []),
  });
  return controller;
};

/** The class that is wanted, the one in effect, and the one that it is being changed to. */
function classesOfClaim({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names.flatMap((name) => (name ? [name] : [])))];
}

function classesOfVolume({ spec }: PersistentVolume): string[] {
  return spec.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];
}
