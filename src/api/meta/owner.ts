import type { KubeObject, OwnerReference } from "./object.ts";
export declare function controllerOf(obj: Pick<KubeObject, "metadata">): OwnerReference | undefined;
export declare function isControlledBy(obj: Pick<KubeObject, "metadata">, owner: Pick<KubeObject, "metadata">): boolean;
export declare function ownerReference(
  of: KubeObject,
  options?: { controller?: boolean; blockOwnerDeletion?: boolean },
): OwnerReference;
/** What a controller puts on what it makes: controller and blockOwnerDeletion true. */
export declare function controllerReference(of: KubeObject): OwnerReference;
