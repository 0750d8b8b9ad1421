import { matchesNodeSelectorTerm, type PlacedNode } from "../placement/index.ts";
import type { PersistentVolume, PersistentVolumeClaim, StorageClass, TopologySelectorTerm } from "../types/index.ts";
import { annotationsOfBinding } from "./annotations.ts";

/** Empty for none, said or unsaid. */
export function claimClass({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.[annotationsOfBinding.classBeta] ?? spec.storageClassName ?? "";
}

export function volumeClass({ metadata, spec }: PersistentVolume): string {
  return metadata.annotations?.[annotationsOfBinding.classBeta] ?? spec.storageClassName ?? "";
}

/** Whether the volume names this claim; one that a user bound beforehand names it without its uid. */
export function isBoundTo({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (claimRef === undefined) return false;
  if (claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false;
  return !claimRef.uid || claimRef.uid === metadata.uid;
}

/** Whether both sides agreed on the binding. */
export function isFullyBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return Boolean(spec.volumeName) && metadata.annotations?.[annotationsOfBinding.bindCompleted] !== undefined;
}

/** Whether claims of the class wait until the scheduler has chosen a node for a pod that uses them. */
export function isDelayed(klass: StorageClass | undefined): boolean {
  return klass?.volumeBindingMode === "WaitForFirstConsumer";
}

export function reachesNode({ spec }: PersistentVolume, node: PlacedNode): boolean {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => matchesNodeSelectorTerm(term, node));
}

/** Whether a class may provision for nodes with these labels. */
export function topologyAllows(
  terms: readonly TopologySelectorTerm[] | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (!terms?.length) return true;
  return terms.some(({ matchLabelExpressions = [] }) => {
    if (matchLabelExpressions.length === 0) return false;
    return matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? ""));
  });
}
