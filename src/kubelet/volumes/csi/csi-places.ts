import { createHash } from "node:crypto";
import { join } from "node:path";
import type { VolumeLayout } from "../layout.ts";
import type { VolumeRequest } from "../volume-kind.ts";
import type { CsiSource } from "./csi-request.ts";

export const csiPlugin = "kubernetes.io/csi";

/** Where a driver's volume is on the disk, and where is noted what it is: the original's places. */
export interface CsiPlaces {
  /** Staged for the node. */
  readonly stagingTarget: string;
  readonly stagingData: string;
  /** Published for one pod: a folder to be mounted, or the name of a device that the driver makes. */
  readonly target: string;
  readonly data: string;
}

export function csiPlaces({ node: { layout }, pod, specName, isBlock }: VolumeRequest, source: CsiSource): CsiPlaces {
  const { uid = "" } = pod.metadata;
  if (isBlock) {
    const devices = new CsiDevicePlaces(layout, specName);
    const { staging: stagingTarget, data } = devices;
    return { stagingTarget, stagingData: data, target: devices.published(uid), data };
  }
  const stagingData = csiStagingFolder(layout, source.driver, source.handle);
  const data = layout.volume(uid, csiPlugin, specName);
  return { stagingTarget: join(stagingData, "globalmount"), stagingData, target: join(data, "mount"), data };
}

export function csiStagingFolder(layout: VolumeLayout, driver: string, handle: string): string {
  const hash = createHash("sha256").update(handle).digest("hex");
  return join(layout.plugin(csiPlugin), driver, hash);
}

/** Of a volume that pods have as a device. */
export class CsiDevicePlaces {
  readonly staging: string;
  readonly data: string;
  /** The devices of pods, by their uid. */
  readonly publishFolder: string;

  constructor(layout: VolumeLayout, specName: string) {
    const devices = join(layout.plugin(csiPlugin), "volumeDevices");
    this.staging = join(devices, "staging", specName);
    this.data = join(devices, specName, "data");
    this.publishFolder = join(devices, "publish", specName);
  }

  published(podUid: string): string {
    return join(this.publishFolder, podUid);
  }
}
