import { shapeByName } from "../../schema/index.ts";
import type { PersistentVolumeSpec } from "../../types/index.ts";
import { goStruct } from "../field-checks.ts";
import { goValue } from "../go-value.ts";

/** The kinds of persistent volumes, under the names and in the order that messages print them. */
const sources: readonly (readonly [name: string, field: keyof PersistentVolumeSpec])[] = [
  ["GCEPersistentDisk", "gcePersistentDisk"],
  ["AWSElasticBlockStore", "awsElasticBlockStore"],
  ["HostPath", "hostPath"],
  ["Glusterfs", "glusterfs"],
  ["NFS", "nfs"],
  ["RBD", "rbd"],
  ["Quobyte", "quobyte"],
  ["ISCSI", "iscsi"],
  ["FlexVolume", "flexVolume"],
  ["Cinder", "cinder"],
  ["CephFS", "cephfs"],
  ["FC", "fc"],
  ["Flocker", "flocker"],
  ["AzureFile", "azureFile"],
  ["VsphereVolume", "vsphereVolume"],
  ["AzureDisk", "azureDisk"],
  ["PhotonPersistentDisk", "photonPersistentDisk"],
  ["PortworxVolume", "portworxVolume"],
  ["ScaleIO", "scaleIO"],
  ["Local", "local"],
  ["StorageOS", "storageos"],
  ["CSI", "csi"],
];

export const sourceFields = sources.map(([, field]) => field);

/** The source of a volume as the original's internal type prints. */
export function shownSource(spec: PersistentVolumeSpec): Record<string, unknown> {
  return goStruct(sources.map(([name, field]) => [name, shown(spec, field)]));
}

function shown(spec: PersistentVolumeSpec, field: keyof PersistentVolumeSpec): unknown {
  const shape = shapeByName("io.k8s.api.core.v1.PersistentVolumeSpec")?.fields.get(field)?.shape;
  return shape?.kind === "object" ? goValue(spec[field], shape.name) : (spec[field] ?? null);
}
