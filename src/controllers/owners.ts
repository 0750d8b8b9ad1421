import { controllerOf, type KubeObject, keyString, type ObjectKey, type OwnerReference } from "../api/meta/index.ts";

/** An index of what is controlled, by the uid of its controller; objects without one are under `orphansOf(namespace)`. */
export const byController = "controller";

export function indexByController(object: KubeObject): string[] {
  const owner = controllerOf(object);
  return [owner === undefined ? orphansOf(object.metadata.namespace) : owner.uid];
}

export function orphansOf(namespace: string | undefined): string {
  return `orphans of ${namespace ?? ""}`;
}

export const byNamespace = "namespace";

export function indexByNamespace(object: KubeObject): string[] {
  return [object.metadata.namespace ?? ""];
}

/** The key of the controller of this kind and group, if the object has one. */
export function controllerKey(object: KubeObject, kind: string, group: string): string | undefined {
  const owner = controllerOf(object);
  if (owner === undefined || owner.kind !== kind || groupOf(owner) !== group) return undefined;
  return keyString({ namespace: object.metadata.namespace, name: owner.name });
}

function groupOf(owner: OwnerReference): string {
  const slash = owner.apiVersion.indexOf("/");
  return slash < 0 ? "" : owner.apiVersion.slice(0, slash);
}

export function objectKey(object: Pick<KubeObject, "metadata">): ObjectKey {
  return { namespace: object.metadata.namespace, name: object.metadata.name ?? "" };
}

export function byCreation(a: KubeObject, b: KubeObject): number {
  return (
    compareText(a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? "") ||
    compareText(a.metadata.name ?? "", b.metadata.name ?? "")
  );
}

/** By code units: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
