import type { KubeObject, OwnerReference } from "./object.ts";

type HasMetadata = Pick<KubeObject, "metadata">;

/** The one owner that manages the object, if it has one. */
export function controllerOf(obj: HasMetadata): OwnerReference | undefined {
  return obj.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

export function isControlledBy(obj: HasMetadata, owner: HasMetadata): boolean {
  const controller = controllerOf(obj);
  return controller !== undefined && controller.uid === owner.metadata.uid;
}

export function ownerReference(
  of: KubeObject,
  options: { controller?: boolean; blockOwnerDeletion?: boolean } = {},
): OwnerReference {
  const reference: OwnerReference = {
    apiVersion: of.apiVersion,
    kind: of.kind,
    name: of.metadata.name ?? "",
    uid: of.metadata.uid ?? "",
  };
  if (options.controller !== undefined) reference.controller = options.controller;
  if (options.blockOwnerDeletion !== undefined) reference.blockOwnerDeletion = options.blockOwnerDeletion;
  return reference;
}

/** What a controller puts on the objects that it makes. */
export function controllerReference(of: KubeObject): OwnerReference {
  return ownerReference(of, { controller: true, blockOwnerDeletion: true });
}
