import type { Container, Pod } from "../../api/types/index.ts";
import type { Device, Mount } from "../runtime/runtime.ts";
import type { NamedVolumeUsage } from "./volume-usage.ts";

/** The volumes of one node's pods, as the pod worker needs them. All of it may be asked again at any time. */
export interface VolumeManager {
  /**
   * Makes a pod's volumes, as far as that is not done. Before its back-off is over, a volume that failed is not tried again.
   * Never rejects: what is in the way is told in the answer.
   */
  prepare(pod: Pod): Promise<Preparation>;
  /**
   * What a container sees of its pod's volumes.
   * @param environment the container's own, for `subPathExpr`
   * @throws VolumeError when a volume is not ready, or a path in it cannot be given to the container
   */
  mountsFor(pod: Pod, container: Container, environment: Environment): Promise<readonly Mount[]>;
  /** The devices among its pod's volumes that a container has. @throws VolumeError when one is not ready */
  devicesFor(pod: Pod, container: Container): Promise<readonly Device[]>;
  /** The text of a file in a volume; undefined when it is not there. @throws VolumeError when it cannot be read, or is too large */
  readText(pod: Pod, volumeName: string, path: string): Promise<string | undefined>;
  /** A pod that ran before this kubelet began: its volumes are kept fresh from now on, as after `prepare`. */
  adopt(pod: Pod): void;
  /** A newer version of a pod: volumes that show its labels and annotations follow. Unknown pods are passed over. */
  podSeen(pod: Pod): void;
  /** Nothing of the pod runs any more: takes its volumes away. @throws when that fails; ask again. */
  release(podUid: string): Promise<void>;
  /**
   * Takes away what pods left that are not known any more: called once, when the node has learned of all its pods. What
   * cannot be taken away then is tried again.
   */
  removeOrphans(isKnown: (podUid: string) => boolean): Promise<void>;
  /** Volumes that must stay attached to the node, as its status names them: from before they are mounted until they are not. */
  inUse(): readonly string[];
  /** What the volumes of a pod hold, as far as it is known; measured anew once a minute. */
  usage(pod: Pod): Promise<readonly NamedVolumeUsage[]>;
  /** The kubelet ends; volumes stay for the pods that go on. */
  stop(): void;
}

/** The reason of an event with this message of a volume that failed: the message begins with what was done. */
export function volumeFailure(message: string): "FailedMapVolume" | "VolumeResizeFailed" | "FailedMount" {
  if (message.startsWith("MapVolume.")) return "FailedMapVolume";
  return message.startsWith("MountVolume.NodeExpandVolume ") ? "VolumeResizeFailed" : "FailedMount";
}

export type Environment = readonly { readonly key: string; readonly value: string }[];

export type Preparation =
  | { readonly ready: true }
  | {
      readonly ready: false;
      /** Messages of `FailedMount` events to be told now; none while a back-off runs. */
      readonly problems: readonly string[];
      readonly retryAfterMs: number;
    };

/** A container cannot have its mounts; the message is the one of its waiting state (`CreateContainerConfigError`). */
export class VolumeError extends Error {
  override readonly name = "VolumeError";
}
