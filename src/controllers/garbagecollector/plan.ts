import type { KubeObject, OwnerReference } from "../../api/meta/index.ts";
import {
  foregroundFinalizer,
  hasFinalizer,
  isBeingDeleted,
  isDeletingDependents,
  isOrphaningDependents,
  orphanFinalizer,
  ownersOf,
} from "./graph.ts";

/** What is known of an owner: it is there; it waits for its dependents to go; or it is gone (or never was). */
export type OwnerState = "solid" | "waiting" | "absent";

export type Propagation = "Background" | "Foreground" | "Orphan";

export type CollectPlan =
  | { readonly kind: "none" }
  | { readonly kind: "delete"; readonly propagation: Propagation; readonly unblockOwners: boolean }
  /** References to owners that are gone, while others are there. */
  | { readonly kind: "dropOwners"; readonly owners: readonly OwnerReference[] }
  /** Dependents that hold the object back are to be deleted first. */
  | { readonly kind: "deleteDependents" }
  | { readonly kind: "finishForeground" }
  | { readonly kind: "orphanDependents" };

export interface CollectObserved {
  readonly object: KubeObject;
  readonly owners: readonly { readonly reference: OwnerReference; readonly state: OwnerState }[];
  readonly blockingDependents: number;
  readonly dependents: readonly KubeObject[];
}

/** What has to happen to one object for its owners' sake, or for its own deletion. */
export function planCollection({ object, owners, blockingDependents, dependents }: CollectObserved): CollectPlan {
  if (isOrphaningDependents(object)) return { kind: "orphanDependents" };
  if (isDeletingDependents(object)) {
    return blockingDependents === 0 ? { kind: "finishForeground" } : { kind: "deleteDependents" };
  }
  if (isBeingDeleted(object) || ownersOf(object).length === 0) return { kind: "none" };
  const solid = owners.filter(({ state }) => state === "solid");
  const others = owners.filter(({ state }) => state !== "solid");
  if (solid.length > 0) {
    return others.length === 0
      ? { kind: "none" }
      : { kind: "dropOwners", owners: others.map(({ reference }) => reference) };
  }
  const ownerWaits = owners.some(({ state }) => state === "waiting");
  if (ownerWaits && dependents.length > 0) {
    // In a circle each would wait for the other for ever: the owners go on without it.
    return { kind: "delete", propagation: "Foreground", unblockOwners: dependents.some(isDeletingDependents) };
  }
  return { kind: "delete", propagation: propagationOf(object), unblockOwners: false };
}

function propagationOf(object: KubeObject): Propagation {
  if (hasFinalizer(object, orphanFinalizer)) return "Orphan";
  return hasFinalizer(object, foregroundFinalizer) ? "Foreground" : "Background";
}
