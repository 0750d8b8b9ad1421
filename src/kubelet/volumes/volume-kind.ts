import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from "../../api/types/index.ts";
import type { Client } from "../../client/index.ts";
import type { Host } from "../../host/index.ts";
import type { References } from "../references.ts";
import type { ImageSpec } from "../runtime/runtime.ts";
import type { VolumeLayout } from "./layout.ts";
import type { Mounter } from "./mounting/mounter.ts";
import type { VolumeUsage } from "./volume-usage.ts";

/** What the node gives to the making of volumes. */
export interface VolumeNode {
  readonly name: string;
  readonly host: Host;
  readonly client: Pick<Client, "resource">;
  readonly layout: VolumeLayout;
  readonly mounter: Mounter;
  /** Tells an event of a pod whose volume grew. */
  expanded?(pod: Pod, message: string): void;
  /** What pods may use of the node, as its Node object says. */
  allocatable(): Readonly<Record<string, string>>;
}

/** One volume of a pod that is to be made. */
export interface VolumeRequest {
  readonly node: VolumeNode;
  readonly pod: Pod;
  /** As the pod has it. */
  readonly volume: Volume;
  /** Behind a claim, and the claim. */
  readonly persistent?: PersistentVolume;
  readonly claim?: PersistentVolumeClaim;
  /** The name of the persistent volume, or else the one in the pod: folders and messages use it. */
  readonly specName: string;
  /** The pod's claim to it says that it only reads. */
  readonly readOnly: boolean;
  /** Containers get it as a device, not as a folder. */
  readonly isBlock: boolean;
}

export interface MadeVolume {
  /** Where it is on the machine: a folder, or a device; empty for an image. */
  readonly path: string;
  /** Containers may only read, whatever they ask for. */
  readonly readOnly: boolean;
  /** The runtime mounts this image in place of a folder. */
  readonly image?: ImageSpec;
  /** What it holds. @throws when that cannot be told now. Absent for kinds that have no usage of their own. */
  usage?(): Promise<VolumeUsage>;
  /** Brings it up to date with the objects that it is made from. @throws when it cannot: it stays as it was. */
  refresh?(pod: Pod, references: References): Promise<void>;
}

/**
 * Makes one kind of volume; again, if asked again.
 * @throws Error whose message follows `MountVolume.SetUp failed for volume "name" : `, or a StepError
 */
export type MakeVolume = (request: VolumeRequest, references: References) => Promise<MadeVolume>;

/** Making a volume failed at a step of its own: the whole text of the event. */
export class StepError extends Error {
  override readonly name = "StepError";

  constructor(step: string, specName: string, cause: unknown, work: "MountVolume" | "MapVolume" = "MountVolume") {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${work}.${step} failed for volume "${specName}" : ${why}`, { cause });
  }
}

/** The volume is not attached to the node yet: nobody's failure, told only to who waits long. */
export class NotAttached extends Error {
  override readonly name = "NotAttached";
}

/** Kinds of volumes whose making needs more than the request: they hold connections or tokens. */
export interface SharedKinds {
  readonly projected: MakeVolume;
  readonly csi: MakeVolume;
}
