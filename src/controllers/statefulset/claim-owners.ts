import { controllerOf, controllerReference, deepEqual, type OwnerReference } from "../../api/meta/index.ts";
import type { PersistentVolumeClaim, Pod, StatefulSet } from "../../api/types/index.ts";

/**
 * Who shall own a claim, so that it goes when the retention policy says so: with the set, with the pod that is being
 * scaled away, or with nobody. Undefined when it is owned so already, or by somebody who has nothing to do with either.
 */
export function planClaimOwners(
  claim: PersistentVolumeClaim,
  set: StatefulSet,
  pod: Pod,
  isScaledAway: boolean,
): OwnerReference[] | undefined {
  const present = claim.metadata.ownerReferences ?? [];
  const isOurs = ({ kind, name }: OwnerReference) =>
    (kind === "StatefulSet" && name === set.metadata.name) || (kind === "Pod" && name === pod.metadata.name);
  const controller = controllerOf(claim);
  if (controller !== undefined && !isOurs(controller)) return undefined;
  const owner = ownerOf(set, pod, isScaledAway);
  const wanted = [...present.filter((reference) => !isOurs(reference)), ...(owner === undefined ? [] : [owner])];
  return deepEqual(wanted, present) ? undefined : wanted;
}

function ownerOf(set: StatefulSet, pod: Pod, isScaledAway: boolean): OwnerReference | undefined {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  if (isScaledAway && whenScaled === "Delete") return controllerReference(pod);
  return whenDeleted === "Delete" ? controllerReference(set) : undefined;
}

/** Whether the claim goes with an earlier pod of that name: a new pod must not take it. */
export function goesWithEarlierPod({ metadata }: PersistentVolumeClaim, podName: string): boolean {
  return metadata.ownerReferences?.some(({ kind, name }) => kind === "Pod" && name === podName) ?? false;
}
