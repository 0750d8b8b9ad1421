import type { KubeObject, OwnerReference } from "../../api/meta/index.ts";
import type { DiscoveredResource } from "../../client/index.ts";

export const foregroundFinalizer = "foregroundDeletion";
export const orphanFinalizer = "orphan";

/** An object as the graph knows it: the version the cache holds, and its resource. */
export interface GraphNode {
  readonly type: DiscoveredResource;
  readonly object: KubeObject;
}

/** Who owns whom, over all resources, by uid. Owners that nobody has seen have dependents all the same. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): GraphNode[] {
    const found: GraphNode[] = [];
    for (const dependent of this.#dependents.get(uid) ?? []) {
      const node = this.#nodes.get(dependent);
      if (node !== undefined) found.push(node);
    }
    return found;
  }

  /** Dependents whose existence holds back the foreground deletion of the owner. */
  blockingDependentsOf(uid: string): GraphNode[] {
    return this.dependentsOf(uid).filter(({ object }) =>
      ownersOf(object).some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true),
    );
  }

  /** Gives the version that was known before. */
  put(node: GraphNode): GraphNode | undefined {
    const uid = uidOf(node.object);
    const before = this.#nodes.get(uid);
    this.#nodes.set(uid, node);
    if (before?.object.metadata.ownerReferences === node.object.metadata.ownerReferences) return before;
    if (before !== undefined) this.#unlink(before.object);
    for (const owner of ownersOf(node.object)) {
      const dependents = this.#dependents.get(owner.uid);
      if (dependents === undefined) this.#dependents.set(owner.uid, new Set([uid]));
      else dependents.add(uid);
    }
    return before;
  }

  remove(uid: string): void {
    const node = this.#nodes.get(uid);
    if (node === undefined) return;
    this.#nodes.delete(uid);
    this.#unlink(node.object);
  }

  #unlink(object: KubeObject): void {
    const uid = uidOf(object);
    for (const owner of ownersOf(object)) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}

export function uidOf(object: KubeObject): string {
  return object.metadata.uid ?? "";
}

export function ownersOf(object: KubeObject): readonly OwnerReference[] {
  return object.metadata.ownerReferences ?? [];
}

export function isBeingDeleted(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Deleted in the foreground: waits for its dependents to go first. */
export function isDeletingDependents(object: KubeObject): boolean {
  return isBeingDeleted(object) && hasFinalizer(object, foregroundFinalizer);
}

export function isOrphaningDependents(object: KubeObject): boolean {
  return isBeingDeleted(object) && hasFinalizer(object, orphanFinalizer);
}
