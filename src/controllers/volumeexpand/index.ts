/** Claims that ask for more than their volume has: says that whoever made the volume has to make it larger. */
import { compareQuantity, keyString, parseQuantity } from "../../api/meta/index.ts";
import type { PersistentVolumeClaim } from "../../api/types/index.ts";
import { done, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";

const name = "persistentvolume-expander-controller";

/** No volume is made larger by Kubernetes itself any more: all that can be, are by their driver's resizer. */
export const startVolumeExpander: StartController = ({ client: _, host, informers, recorder, workers }) => {
  const claims = informers.informer(resources.persistentvolumeclaims);
  const events = recorder("volume_expand");
  const controller = runController({
    name,
    host,
    workers: workers(name, 1),
    synced: [claims],
    reconcile: async (key) => {
      const claim = claims.store.get(keyString(key));
      if (claim !== undefined && wantsMore(claim)) {
        const message = "waiting for an external controller to expand this PVC";
        events.event(claim, "Normal", "ExternalExpanding", message);
      }
      return done;
    },
  });
  claims.addHandlers({
    update: (old, claim) => {
      if (wantsMore(claim) && requestOf(old) !== requestOf(claim)) controller.enqueue(claim);
    },
  });
  return controller;
};

const requestOf = ({ spec }: PersistentVolumeClaim): string | undefined => spec.resources?.requests?.storage;

/** Whether a bound claim asks for more than it was given. */
export function wantsMore(claim: PersistentVolumeClaim): boolean {
  const asked = requestOf(claim);
  const given = claim.status?.capacity?.storage;
  if (claim.status?.phase !== "Bound" || asked === undefined || given === undefined) return false;
  return compareQuantity(parseQuantity(asked), parseQuantity(given)) > 0;
}
