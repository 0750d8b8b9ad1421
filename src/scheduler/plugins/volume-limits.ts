import { keyOf, keyString } from "../../api/meta/index.ts";
import { claimClass, claimedVolumes } from "../../api/volumes/index.ts";
import type { VolumeReader } from "../cluster-state.ts";
import type { FilterPlugin, Rejection } from "../framework.ts";
import type { PodInfo } from "../pod-info.ts";

const name = "NodeVolumeLimits";
const rejection: Rejection = { plugin: name, reasons: ["node(s) exceed max volume count"], resolvable: true };

/** Nodes take as many volumes of a CSI driver as their CSINode says. */
export const nodeVolumeLimits: FilterPlugin = {
  name,
  wakesOn: {
    "claim/changed": (info, { object }) => info.claimKeys.includes(keyString(keyOf(object))),
    "volume/changed": true,
    "node/added": true,
    "assigned-pod/deleted": (_, { pod }) => claimedVolumes(pod).length > 0,
  },
  prepareFilter: (info, { reader: { volumes } }) => {
    const wanted = csiVolumes(info, volumes);
    if (wanted.size === 0) return undefined;
    return (node) => {
      const limits = new Map<string, number>();
      for (const { name: driver, allocatable } of volumes.csiNode(node.name)?.spec.drivers ?? []) {
        if (allocatable?.count !== undefined) limits.set(driver, allocatable.count);
      }
      if (![...wanted.values()].some((driver) => limits.has(driver))) return undefined;
      const attached = new Map<string, string>();
      for (const other of node.pods.values()) {
        for (const [handle, driver] of csiVolumes(other, volumes)) attached.set(handle, driver);
      }
      for (const [driver, limit] of limits) {
        const isOfDriver = (of: string) => of === driver;
        const added = [...wanted].filter(([handle, of]) => of === driver && !attached.has(handle)).length;
        if (added > 0 && [...attached.values()].filter(isOfDriver).length + added > limit) return rejection;
      }
      return undefined;
    };
  },
};

const none: ReadonlyMap<string, string> = new Map();

/** The CSI volumes of a pod: what tells one from another, with its driver. Claims without a volume yet count as one. */
function csiVolumes({ claimKeys }: PodInfo, volumes: VolumeReader): ReadonlyMap<string, string> {
  if (claimKeys.length === 0) return none;
  const found = new Map<string, string>();
  for (const key of claimKeys) {
    const claim = volumes.claim(key);
    if (claim === undefined) continue;
    const csi = claim.spec.volumeName ? volumes.volume(claim.spec.volumeName)?.spec.csi : undefined;
    if (csi !== undefined) found.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver);
    else if (!claim.spec.volumeName) {
      const provisioner = volumes.storageClass(claimClass(claim))?.provisioner;
      if (provisioner !== undefined) found.set(`claim ${key}`, provisioner);
    }
  }
  return found;
}
