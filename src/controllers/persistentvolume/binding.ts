import { deepEqual } from "../../api/meta/index.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../../api/types/index.ts";
import { annotated, annotationsOfBinding } from "../../api/volumes/index.ts";

/** The claim as it names the volume and says that all is done. The same object when it does already. */
export function claimBoundTo(claim: PersistentVolumeClaim, volumeName: string): PersistentVolumeClaim {
  const { bindCompleted, boundByController } = annotationsOfBinding;
  if (claim.spec.volumeName === volumeName) return annotated(claim, { [bindCompleted]: "yes" });
  const spec = { ...claim.spec, volumeName };
  return { ...annotated(claim, { [bindCompleted]: "yes", [boundByController]: "yes" }), spec };
}

/** The volume without its claim; a name that a user wrote stays, for the next claim of that name. */
export function releasedVolume(volume: PersistentVolume): PersistentVolume {
  const { [annotationsOfBinding.boundByController]: chosenHere, ...annotations } = volume.metadata.annotations ?? {};
  const { claimRef, ...spec } = volume.spec;
  if (chosenHere !== undefined) return { ...volume, metadata: { ...volume.metadata, annotations }, spec };
  const { uid: _, ...named } = claimRef ?? {};
  return { ...volume, spec: { ...spec, claimRef: named } };
}

/** The status of a claim in this phase, or undefined when it is so already. */
export function claimStatus(
  claim: PersistentVolumeClaim,
  phase: "Pending" | "Bound" | "Lost",
  volume?: PersistentVolume,
): PersistentVolumeClaim["status"] | undefined {
  const { accessModes, capacity, currentVolumeAttributesClassName, ...rest } = claim.status ?? {};
  if (volume === undefined) {
    const isSame = claim.status?.phase === phase && accessModes === undefined && capacity === undefined;
    return isSame ? undefined : { ...rest, phase };
  }
  // What a resize reported of a bound claim is the resizer's.
  const isResized = claim.status?.phase === phase && capacity?.storage !== undefined;
  const attributesClass = currentVolumeAttributesClassName ?? volume.spec.volumeAttributesClassName;
  const status = {
    ...rest,
    phase,
    accessModes: volume.spec.accessModes,
    capacity: isResized ? capacity : { ...capacity, storage: volume.spec.capacity?.storage ?? "0" },
    ...(attributesClass === undefined ? {} : { currentVolumeAttributesClassName: attributesClass }),
  };
  return deepEqual(status, claim.status) ? undefined : status;
}
