/** Makes, resizes and deletes the volumes of simulated clusters, as a local provisioner does on real ones. Off unless it is named. */
import { isReason, keyString, type ObjectKey } from "../../api/meta/index.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../../api/types/index.ts";
import { annotationsOfBinding, claimClass } from "../../api/volumes/index.ts";
import { done, type Outcome, resources, runController } from "../../client/index.ts";
import type { StartController } from "../context.ts";
import { isToBeDeleted, planProvisioning, simulatedProvisioner, volumeNameFor } from "./plan.ts";
import { isToGrow, planResize } from "./resize.ts";

export { simulatedProvisioner } from "./plan.ts";

export const startSimulatedProvisioner: StartController = ({ client, host, informers, recorder }) => {
  const events = recorder(simulatedProvisioner);
  const claims = informers.informer(resources.persistentvolumeclaims);
  const volumes = informers.informer(resources.persistentvolumes);
  const classes = informers.informer(resources.storageclasses);
  const nodes = informers.informer(resources.nodes);
  const controller = runController({
    name: "simulated-provisioner-controller",
    host,
    synced: [claims, volumes, classes, nodes],
    reconcile: (key) => (key.namespace ? provide(key) : remove(key)),
  });

  async function provide(key: ObjectKey): Promise<Outcome> {
    const claim = claims.store.get(keyString(key));
    if (claim !== undefined && isToGrow(claim)) return grow(claim);
    if (claim === undefined || volumes.store.get(volumeNameFor(claim)) !== undefined) return done;
    const plan = planProvisioning(claim, classes.store.get(claimClass(claim)), (name) => nodes.store.get(name));
    if (plan.kind === "create") await create(claim, plan.volume);
    if (plan.kind === "chooseAnew") await chooseAnew(claim);
    return done;
  }

  async function create(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const { namespace, name } = claim.metadata;
    const begun = `External provisioner is provisioning volume for claim "${namespace}/${name}"`;
    events.event(claim, "Normal", "Provisioning", begun);
    try {
      await client.resource(resources.persistentvolumes).create(volume);
    } catch (error) {
      if (isReason(error, "AlreadyExists")) return;
      const storageClass = claimClass(claim);
      const why = error instanceof Error ? error.message : String(error);
      const message = `failed to provision volume with StorageClass "${storageClass}": ${why}`;
      events.event(claim, "Warning", "ProvisioningFailed", message);
      throw error;
    }
    const message = `Successfully provisioned volume ${volume.metadata.name}`;
    events.event(claim, "Normal", "ProvisioningSucceeded", message);
  }

  async function grow(claim: PersistentVolumeClaim): Promise<Outcome> {
    const volume = volumes.store.get(claim.spec.volumeName ?? "");
    const step = planResize(claim, volume);
    if (step.kind === "growVolume") {
      const name = step.volume.metadata.name ?? "";
      events.event(claim, "Normal", "Resizing", `External resizer is resizing volume ${name}`);
      await client.resource(resources.persistentvolumes).update(step.volume);
    }
    if (step.kind === "tellClaim") {
      await client.resource(resources.persistentvolumeclaims).updateStatus(step.claim);
      events.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded");
    }
    return done;
  }

  async function chooseAnew(claim: PersistentVolumeClaim): Promise<void> {
    const { [annotationsOfBinding.selectedNode]: _, ...annotations } = claim.metadata.annotations ?? {};
    await client
      .resource(resources.persistentvolumeclaims)
      .update({ ...claim, metadata: { ...claim.metadata, annotations } });
  }

  async function remove({ name }: ObjectKey): Promise<Outcome> {
    const volume = volumes.store.get(name);
    if (volume === undefined || !isToBeDeleted(volume)) return done;
    const { uid } = volume.metadata;
    try {
      await client.resource(resources.persistentvolumes).delete({ name }, { preconditions: { uid } });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
    return done;
  }

  const claimSeen = (claim: PersistentVolumeClaim): void => {
    if (!claim.spec.volumeName || isToGrow(claim)) controller.enqueue(claim);
  };
  const volumeSeen = (volume: PersistentVolume): void => {
    if (isToBeDeleted(volume)) controller.enqueue(volume);
    // A claim that waits for its volume to grow goes on.
    const { namespace, name = "" } = volume.spec.claimRef ?? {};
    const claim = claims.store.get(keyString({ namespace, name }));
    if (claim !== undefined && isToGrow(claim)) controller.enqueue(claim);
  };
  claims.addHandlers({ add: claimSeen, update: (_, claim) => claimSeen(claim) });
  volumes.addHandlers({ add: volumeSeen, update: (_, volume) => volumeSeen(volume) });
  return controller;
};
