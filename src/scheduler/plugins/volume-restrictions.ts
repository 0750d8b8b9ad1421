import { keyOf, keyString } from "../../api/meta/index.ts";
import type { Volume } from "../../api/types/index.ts";
import type { FilterPlugin, Rejection } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { type PodInfo, podInfoOf } from "../pod-info.ts";

const name = "VolumeRestrictions";
const inUse: Rejection = {
  plugin: name,
  reasons: ["node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"],
  resolvable: true,
};
const diskConflict: Rejection = { plugin: name, reasons: ["node(s) had no available disk"], resolvable: true };

/** A claim that only one pod may use, and disks that only one pod may mount. */
export const volumeRestrictions: FilterPlugin = {
  name,
  wakesOn: {
    "assigned-pod/deleted": (info, { pod }) => sharesVolume(info, podInfoOf(pod)),
    "node/added": true,
    "claim/changed": (info, { object }) => info.claimKeys.includes(keyString(keyOf(object))),
  },
  prepareFilter: ({ pod, claimKeys }, cluster) => {
    const single = claimKeys.filter((key) => {
      return cluster.reader.volumes.claim(key)?.spec.accessModes?.includes("ReadWriteOncePod");
    });
    const disks = pod.spec?.volumes?.filter(isExclusiveDisk) ?? [];
    if (single.length === 0 && disks.length === 0) return undefined;
    return (node) => {
      if (single.some((key) => cluster.isClaimInUse(key))) return inUse;
      return disks.some((disk) => isMounted(disk, node)) ? diskConflict : undefined;
    };
  },
};

/** Whether the other pod may have held what this one waits for. */
function sharesVolume({ pod, claimKeys }: PodInfo, other: PodInfo): boolean {
  if (claimKeys.some((key) => other.claimKeys.includes(key))) return true;
  const disks = pod.spec?.volumes?.filter(isExclusiveDisk) ?? [];
  return disks.some((disk) => other.pod.spec?.volumes?.some((held) => areInConflict(disk, held)));
}

function isExclusiveDisk({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }: Volume): boolean {
  return (gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd) !== undefined;
}

function isMounted(disk: Volume, { pods }: NodeInfo): boolean {
  for (const { pod } of pods.values()) {
    if (pod.spec?.volumes?.some((other) => areInConflict(disk, other))) return true;
  }
  return false;
}

function areInConflict(a: Volume, b: Volume): boolean {
  if (a.gcePersistentDisk && b.gcePersistentDisk) {
    const readOnly = a.gcePersistentDisk.readOnly && b.gcePersistentDisk.readOnly;
    return a.gcePersistentDisk.pdName === b.gcePersistentDisk.pdName && !readOnly;
  }
  if (a.awsElasticBlockStore && b.awsElasticBlockStore) {
    return a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore.volumeID;
  }
  if (a.iscsi && b.iscsi) return a.iscsi.iqn === b.iscsi.iqn && !(a.iscsi.readOnly && b.iscsi.readOnly);
  if (!a.rbd || !b.rbd) return false;
  const { monitors, pool = "rbd", image, readOnly } = a.rbd;
  const isSame = (b.rbd.pool ?? "rbd") === pool && b.rbd.image === image;
  return isSame && b.rbd.monitors.some((monitor) => monitors.includes(monitor)) && !(readOnly && b.rbd.readOnly);
}
