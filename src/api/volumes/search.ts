import { compareQuantity, labelSelectorAsSelector, matches, parseQuantity } from "../meta/index.ts";
import type { PlacedNode } from "../placement/index.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../types/index.ts";
import { claimClass, isBoundTo, reachesNode, volumeClass } from "./relation.ts";

export interface VolumeSearch {
  /** Only volumes that the node can reach: the scheduler's question. */
  readonly node?: PlacedNode;
  /** Only a volume that already names the claim: the class waits for the first consumer. */
  readonly boundOnly?: boolean;
  /** Volumes that are about to be taken by others. */
  isTaken?(volume: PersistentVolume): boolean;
}

/**
 * The volume for a claim: one that already names it, else of the available ones that fit the one with the fewest access
 * modes, then the smallest, then the first by name.
 */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  search: VolumeSearch = {},
): PersistentVolume | undefined {
  const { node, boundOnly = false } = search;
  const selector = claim.spec.selector === undefined ? undefined : labelSelectorAsSelector(claim.spec.selector);
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (search.isTaken?.(volume) || volume.metadata.deletionTimestamp !== undefined) continue;
    if (!isLargeEnough(volume, claim) || modeOf(volume) !== modeOf(claim)) continue;
    const isReachable = node === undefined || reachesNode(volume, node);
    if (isBoundTo(volume, claim)) return isReachable ? volume : undefined;
    if (boundOnly || !isReachable || volume.spec.claimRef !== undefined) continue;
    if (volume.status?.phase !== "Available" || !isOfClass(volume, claim) || !hasAccessModes(volume, claim)) continue;
    if (selector !== undefined && !matches(selector, volume.metadata.labels)) continue;
    if (best === undefined || isBetter(volume, best)) best = volume;
  }
  return best;
}

/** Why a claim cannot have the volume that it asks for by name. */
export function whyUnfit(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (!isLargeEnough(volume, claim)) return "requested PV is too small";
  if (volumeClass(volume) !== claimClass(claim)) return "storageClassName does not match";
  if (!isOfClass(volume, claim)) return "volumeAttributesClassName does not match";
  if (modeOf(volume) !== modeOf(claim)) return "incompatible volumeMode";
  if (!hasAccessModes(volume, claim)) return "incompatible accessMode";
  return undefined;
}

function isBetter(volume: PersistentVolume, than: PersistentVolume): boolean {
  const modes = (volume.spec.accessModes?.length ?? 0) - (than.spec.accessModes?.length ?? 0);
  const size = compareQuantity(capacityOf(volume), capacityOf(than));
  return (modes || size || ((volume.metadata.name ?? "") < (than.metadata.name ?? "") ? -1 : 1)) < 0;
}

function capacityOf({ spec }: PersistentVolume) {
  return parseQuantity(spec.capacity?.storage ?? "0");
}

function isLargeEnough(volume: PersistentVolume, { spec }: PersistentVolumeClaim): boolean {
  return compareQuantity(capacityOf(volume), parseQuantity(spec.resources?.requests?.storage ?? "0")) >= 0;
}

function isOfClass(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const attributes = (of: PersistentVolume | PersistentVolumeClaim) => of.spec.volumeAttributesClassName ?? "";
  return volumeClass(volume) === claimClass(claim) && attributes(volume) === attributes(claim);
}

function hasAccessModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode));
}

function modeOf({ spec }: PersistentVolume | PersistentVolumeClaim): string {
  return spec.volumeMode ?? "Filesystem";
}
