import type { PersistentVolume, PersistentVolumeClaim } from "../../api/types/index.ts";
import { annotationsOfBinding } from "../../api/volumes/index.ts";
import type { PlannedEvent } from "./plan-claim.ts";

export interface VolumePlan {
  /** Absent: stays as it is. */
  readonly phase?: "Available" | "Bound" | "Released" | "Failed";
  /** Of the status, with a phase. */
  readonly message?: string;
  /** The claim that the volume names does not hold it: it is given up, or what a user wrote is kept for the next one. */
  readonly release?: boolean;
  /** The claim is to be looked at: binding is done from its side. */
  readonly claimNext?: boolean;
  readonly event?: PlannedEvent;
}

/** @param claim the one that the volume names, by name and uid; undefined when there is none. */
export function planVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumePlan {
  const { claimRef } = volume.spec;
  if (!claimRef?.uid) return { phase: "Available", claimNext: claimRef !== undefined };
  if (claim === undefined) return planReclaim(volume);
  if (!claim.spec.volumeName) return planUnconfirmed(volume, claim);
  if (claim.spec.volumeName === volume.metadata.name) return { phase: "Bound" };
  const { annotations } = volume.metadata;
  // The claim got another volume: one that was made for it is of no use to anybody.
  const wasMadeForIt = annotations?.[annotationsOfBinding.provisionedBy] !== undefined;
  if (wasMadeForIt && volume.spec.persistentVolumeReclaimPolicy === "Delete") return planReclaim(volume);
  return { release: true };
}

function planUnconfirmed(volume: PersistentVolume, claim: PersistentVolumeClaim): VolumePlan {
  const mode = (of: PersistentVolume | PersistentVolumeClaim) => of.spec.volumeMode ?? "Filesystem";
  if (mode(volume) === mode(claim)) return { claimNext: true };
  const message =
    `Cannot bind PersistentVolume "${volume.metadata.name}" to requested PersistentVolumeClaim ` +
    `"${claim.metadata.name}" due to incompatible volumeMode.`;
  return { event: { type: "Warning", reason: "VolumeMismatch", message } };
}

/** Nobody claims it any more. Deleting what a provisioner made is the provisioner's, which sees it Released. */
function planReclaim(volume: PersistentVolume): VolumePlan {
  const { phase } = volume.status ?? {};
  if (phase === "Failed") return {};
  const { name, annotations } = volume.metadata;
  const isMade = annotations?.[annotationsOfBinding.provisionedBy] !== undefined;
  const policy = volume.spec.persistentVolumeReclaimPolicy ?? "Retain";
  if (policy === "Retain" || (policy === "Delete" && (isMade || volume.spec.csi !== undefined))) {
    return { phase: "Released" };
  }
  if (policy === "Recycle") return failed("VolumeFailedRecycle", "No recycler plugin found for the volume!");
  const message = `error getting deleter volume plugin for volume "${name}": no deletable volume plugin matched`;
  return failed("VolumeFailedDelete", message);
}

function failed(reason: string, message: string): VolumePlan {
  return { phase: "Failed", message, event: { type: "Warning", reason, message } };
}
