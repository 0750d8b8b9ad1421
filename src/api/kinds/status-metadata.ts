import type { KubeObject } from "../meta/index.ts";

/** Fields of the metadata that an update of the status leaves as they are, for kinds that hold to it. */
const kept = ["labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp"] as const;

/** Takes what users own of the metadata over from the old object: such updates change status and nothing else. */
export function restoreMetadata(draft: KubeObject, old: KubeObject): void {
  const metadata: Record<string, unknown> = { ...draft.metadata };
  for (const field of kept) {
    const value = old.metadata[field];
    if (value === undefined) delete metadata[field];
    else metadata[field] = value;
  }
  draft.metadata = metadata;
}
