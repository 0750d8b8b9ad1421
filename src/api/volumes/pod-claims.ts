import type { Pod } from "../types/index.ts";

/** A volume of a pod that comes from a claim. */
export interface ClaimedVolume {
  readonly volumeName: string;
  readonly claimName: string;
  /** The claim is made for the pod, and goes with it. */
  readonly isEphemeral: boolean;
}

const none: readonly ClaimedVolume[] = [];

export function claimedVolumes(pod: Pod): readonly ClaimedVolume[] {
  let found: ClaimedVolume[] | undefined;
  for (const { name, persistentVolumeClaim, ephemeral } of pod.spec?.volumes ?? []) {
    if (persistentVolumeClaim !== undefined) {
      found ??= [];
      found.push({ volumeName: name, claimName: persistentVolumeClaim.claimName, isEphemeral: false });
    } else if (ephemeral !== undefined) {
      found ??= [];
      found.push({ volumeName: name, claimName: `${pod.metadata.name}-${name}`, isEphemeral: true });
    }
  }
  return found ?? none;
}
