import { createHash } from "node:crypto";
import type { Node, PersistentVolume, Pod, VolumeAttachment } from "../../api/types/index.ts";

/** A volume that its driver has to attach to a node before pods there can use it. */
export interface Wanted {
  readonly volume: PersistentVolume;
  readonly driver: string;
  readonly handle: string;
  /** Pods of the node that use it. */
  readonly pods: readonly Pod[];
}

const managedAnnotation = "volumes.kubernetes.io/controller-managed-attach-detach";

/** A node whose kubelet leaves attaching to the controller. */
export function isManaged({ metadata }: Node): boolean {
  return metadata.annotations?.[managedAnnotation] === "true";
}

/** As nodes name volumes in their status. */
export function uniqueName(driver: string, handle: string): string {
  return `kubernetes.io/csi/${driver}^${handle}`;
}

/** The same for every controller, so that two never ask for one thing twice. */
export function attachmentName(handle: string, driver: string, node: string): string {
  return `csi-${createHash("sha256").update(`${handle}${driver}${node}`).digest("hex")}`;
}

/** What others asked to be attached is theirs to take back. */
function isOwn({ metadata }: VolumeAttachment): boolean {
  return /^csi-[0-9a-f]{64}$/.test(metadata.name ?? "");
}

export interface NodePlan {
  readonly attach: readonly Wanted[];
  readonly detach: readonly VolumeAttachment[];
  /** The surplus attachments that the node's kubelet still uses: they wait for it. */
  readonly waiting: readonly VolumeAttachment[];
}

/** @param isInUse whether the node's kubelet has the volume of an attachment mounted. */
export function planNode(
  wanted: readonly Wanted[],
  present: readonly VolumeAttachment[],
  isInUse: (attachment: VolumeAttachment) => boolean,
): NodePlan {
  const volumes = new Set(wanted.map(({ volume }) => volume.metadata.name));
  const attached = new Set(present.map(({ spec }) => spec.source.persistentVolumeName));
  const surplus = present.filter(
    (one) =>
      isOwn(one) &&
      one.metadata.deletionTimestamp === undefined &&
      !volumes.has(one.spec.source.persistentVolumeName ?? ""),
  );
  return {
    attach: wanted.filter(({ volume }) => !attached.has(volume.metadata.name)),
    detach: surplus.filter((attachment) => !isInUse(attachment)),
    waiting: surplus.filter(isInUse),
  };
}

/** May be used from one node at a time. */
export function isExclusive({ spec }: PersistentVolume): boolean {
  return !(spec.accessModes ?? []).some((mode) => mode === "ReadWriteMany" || mode === "ReadOnlyMany");
}
