import { compareQuantity, keyString, parseQuantity } from "../../api/meta/index.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../../api/types/index.ts";
import { annotationsOfBinding } from "../../api/volumes/index.ts";
import { simulatedProvisioner } from "./plan.ts";

/** What a larger claim needs; each step is one write, and the next look sees what it did. */
export type ResizeStep =
  | { readonly kind: "nothing" }
  | { readonly kind: "growVolume"; readonly volume: PersistentVolume }
  | { readonly kind: "tellClaim"; readonly claim: PersistentVolumeClaim };

const nothing: ResizeStep = { kind: "nothing" };
const conditionsOfResizing: ReadonlySet<string> = new Set(["Resizing", "FileSystemResizePending"]);

/** Whether a claim that is bound asks for more than it was given. */
export function isToGrow({ spec, status }: PersistentVolumeClaim): boolean {
  const asked = spec.resources?.requests?.storage;
  const given = status?.capacity?.storage;
  if (status?.phase !== "Bound" || asked === undefined || given === undefined) return false;
  return isLess(given, asked);
}

/** Volumes of simulated nodes have no file system that would have to grow: the volume first, then the claim says so. */
export function planResize(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): ResizeStep {
  const asked = claim.spec.resources?.requests?.storage;
  if (volume === undefined || asked === undefined || !isToGrow(claim) || !isOwn(volume, claim)) return nothing;
  const capacity = volume.spec.capacity?.storage ?? "0";
  if (isLess(capacity, asked)) {
    const spec = { ...volume.spec, capacity: { ...volume.spec.capacity, storage: asked } };
    return { kind: "growVolume", volume: { ...volume, spec } };
  }
  const { allocatedResourceStatuses: _, allocatedResources: __, ...status } = claim.status ?? {};
  const conditions = (status.conditions ?? []).filter(({ type }) => !conditionsOfResizing.has(type));
  const next = { ...status, capacity: { ...status.capacity, storage: asked }, conditions };
  return { kind: "tellClaim", claim: { ...claim, status: next } };
}

function isOwn({ metadata, spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { namespace, name } = spec.claimRef ?? {};
  return (
    metadata.annotations?.[annotationsOfBinding.provisionedBy] === simulatedProvisioner &&
    keyString({ namespace, name: name ?? "" }) ===
      keyString({ namespace: claim.metadata.namespace, name: claim.metadata.name ?? "" })
  );
}

function isLess(a: string, b: string): boolean {
  return compareQuantity(parseQuantity(a), parseQuantity(b)) < 0;
}
