import type { ObjectReference, PersistentVolume, PersistentVolumeClaim } from "../types/index.ts";
import { annotationsOfBinding } from "./annotations.ts";
import { isBoundTo } from "./relation.ts";

/** The volume as it names the claim. The same object when it does already. */
export function volumeBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { claimRef } = volume.spec;
  if (claimRef?.uid === claim.metadata.uid && isBoundTo(volume, claim)) return volume;
  const spec = { ...volume.spec, claimRef: claimReference(claim) };
  // Who was named by a user, though without its uid, was not chosen here.
  if (isBoundTo(volume, claim)) return { ...volume, spec };
  return { ...annotated(volume, { [annotationsOfBinding.boundByController]: "yes" }), spec };
}

/** The object with these annotations too. The same object when it has them. */
export function annotated<T extends PersistentVolume | PersistentVolumeClaim>(
  object: T,
  annotations: Readonly<Record<string, string>>,
): T {
  const present = object.metadata.annotations;
  if (Object.entries(annotations).every(([name, value]) => present?.[name] === value)) return object;
  return { ...object, metadata: { ...object.metadata, annotations: { ...present, ...annotations } } };
}

export function claimReference({ metadata }: PersistentVolumeClaim): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid, resourceVersion };
}
