import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Label, isDNS1123Subdomain, parseQuantity, quantitySign } from "../../meta/index.ts";
import type {
  CSIVolumeSource,
  HostPathVolumeSource,
  NFSVolumeSource,
  PersistentVolumeSpec,
  Volume,
} from "../../types/index.ts";
import { checkRequiredSupported, checkSupported, checkWith } from "../field-checks.ts";
import { checkFileMode, checkNoBacksteps } from "./paths.ts";
import { checkDownwardFile, checkKeyToPath, checkProjected } from "./projected.ts";

type Check<S> = (source: S, path: FieldPath, out: FieldError[]) => void;
type Sources = Omit<Volume, "name">;
export type Checks<T> = { readonly [Field in keyof T]?: Check<NonNullable<T[Field]>> };

const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

const checkHostPath: Check<HostPathVolumeSource> = (source, path, out) => {
  if (!source.path) return void out.push(fieldError.required(path.child("path"), ""));
  checkNoBacksteps(source.path, path.child("path"), out);
  checkSupported(source.type ?? "", hostPathTypes, path.child("type"), out);
};

const checkNFS: Check<NFSVolumeSource> = (source, path, out) => {
  if (!source.server) out.push(fieldError.required(path.child("server"), ""));
  if (!source.path) out.push(fieldError.required(path.child("path"), ""));
  if (!(source.path ?? "").startsWith("/")) {
    out.push(fieldError.invalid(path.child("path"), source.path ?? "", "must be an absolute path"));
  }
};

/** The name that a driver of container storage goes by. */
export function checkDriverName(driver: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!driver) out.push(fieldError.required(path, ""));
  else {
    if (driver.length > 63) out.push(fieldError.tooLong(path, driver, 63));
    checkWith(isDNS1123Subdomain(driver.toLowerCase()), driver, path, out);
  }
}

const checkCSI: Check<CSIVolumeSource> = (source, path, out) => {
  checkDriverName(source.driver, path.child("driver"), out);
  if (source.nodePublishSecretRef && !source.nodePublishSecretRef.name) {
    out.push(fieldError.required(path.child("nodePublishSecretRef", "name"), ""));
  }
};

/** A field of a source that must not be empty. */
function requireField(value: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!value) out.push(fieldError.required(path, ""));
}

function checkPartition(partition: number | undefined, path: FieldPath, out: FieldError[]): void {
  if (partition !== undefined && (partition < 0 || partition > 255)) {
    const detail = "must be between 0 and 255, inclusive";
    out.push(fieldError.invalid(path.child("partition"), partition, detail));
  }
}

const shared = {
  hostPath: checkHostPath,
  gcePersistentDisk: (source, path, out) => {
    requireField(source.pdName, path.child("pdName"), out);
    checkPartition(source.partition, path, out);
  },
  awsElasticBlockStore: (source, path, out) => {
    requireField(source.volumeID, path.child("volumeID"), out);
    checkPartition(source.partition, path, out);
  },
  nfs: checkNFS,
  glusterfs: (source, path, out) => {
    requireField(source.endpoints, path.child("endpoints"), out);
    requireField(source.path, path.child("path"), out);
  },
  flexVolume: (source, path, out) => requireField(source.driver, path.child("driver"), out),
  rbd: (source, path, out) => {
    if ((source.monitors ?? []).length === 0) out.push(fieldError.required(path.child("monitors"), ""));
    requireField(source.image, path.child("image"), out);
  },
  cinder: (source, path, out) => requireField(source.volumeID, path.child("volumeID"), out),
  cephfs: (source, path, out) => {
    if ((source.monitors ?? []).length === 0) out.push(fieldError.required(path.child("monitors"), ""));
  },
  fc: (source, path, out) => {
    if ((source.targetWWNs ?? []).length === 0 && (source.wwids ?? []).length === 0) {
      const detail = "must specify either targetWWNs or wwids, but not both";
      out.push(fieldError.required(path.child("targetWWNs"), detail));
    }
  },
  azureFile: (source, path, out) => {
    requireField(source.secretName, path.child("secretName"), out);
    requireField(source.shareName, path.child("shareName"), out);
  },
  vsphereVolume: (source, path, out) => requireField(source.volumePath, path.child("volumePath"), out),
  photonPersistentDisk: (source, path, out) => requireField(source.pdID, path.child("pdID"), out),
  portworxVolume: (source, path, out) => requireField(source.volumeID, path.child("volumeID"), out),
  azureDisk: (source, path, out) => {
    requireField(source.diskName, path.child("diskName"), out);
    requireField(source.diskURI, path.child("diskURI"), out);
  },
  iscsi: (source, path, out) => {
    requireField(source.targetPortal, path.child("targetPortal"), out);
    requireField(source.iqn, path.child("iqn"), out);
    if (source.lun < 0 || source.lun > 255) {
      out.push(fieldError.invalid(path.child("lun"), source.lun, "must be between 0 and 255, inclusive"));
    }
  },
} satisfies Checks<Sources>;

/** The kinds of volumes of a pod, in the order in which the original looks at them. */
export const podVolumeChecks: Checks<Sources> = {
  emptyDir: (source, path, out) => {
    if (source.sizeLimit !== undefined && quantitySign(parseQuantity(source.sizeLimit)) < 0) {
      out.push(fieldError.forbidden(path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity"));
    }
  },
  hostPath: shared.hostPath,
  gitRepo: (source, path, out) => requireField(source.repository, path.child("repository"), out),
  gcePersistentDisk: shared.gcePersistentDisk,
  awsElasticBlockStore: shared.awsElasticBlockStore,
  secret: (source, path, out) => {
    requireField(source.secretName, path.child("secretName"), out);
    checkFileMode(source.defaultMode, path.child("defaultMode"), out);
    for (const [i, item] of (source.items ?? []).entries()) checkKeyToPath(item, path.child("items").index(i), out);
  },
  nfs: shared.nfs,
  iscsi: shared.iscsi,
  glusterfs: shared.glusterfs,
  flexVolume: shared.flexVolume,
  configMap: (source, path, out) => {
    requireField(source.name, path.child("name"), out);
    checkFileMode(source.defaultMode, path.child("defaultMode"), out);
    for (const [i, item] of (source.items ?? []).entries()) checkKeyToPath(item, path.child("items").index(i), out);
  },
  persistentVolumeClaim: (source, path, out) => requireField(source.claimName, path.child("claimName"), out),
  rbd: shared.rbd,
  cinder: shared.cinder,
  cephfs: shared.cephfs,
  downwardAPI: (source, path, out) => {
    checkFileMode(source.defaultMode, path.child("defaultMode"), out);
    for (const item of source.items ?? []) checkDownwardFile(item, path, out);
  },
  fc: shared.fc,
  azureFile: shared.azureFile,
  vsphereVolume: shared.vsphereVolume,
  photonPersistentDisk: shared.photonPersistentDisk,
  portworxVolume: shared.portworxVolume,
  azureDisk: shared.azureDisk,
  projected: checkProjected,
  csi: checkCSI,
  ephemeral: (source, path, out) => {
    if (!source.volumeClaimTemplate) out.push(fieldError.required(path.child("volumeClaimTemplate"), ""));
  },
  image: (source, path, out) => {
    requireField(source.reference, path.child("reference"), out);
    const policies = ["Always", "IfNotPresent", "Never"];
    checkRequiredSupported(source.pullPolicy, policies, path.child("pullPolicy"), out);
  },
};

type PersistentSources = Pick<
  PersistentVolumeSpec,
  "hostPath" | "gcePersistentDisk" | "awsElasticBlockStore" | "nfs" | "fc" | "csi" | "local" | "photonPersistentDisk"
>;

/** The kinds of persistent volumes. */
export const persistentVolumeChecks: Checks<PersistentSources> = {
  hostPath: shared.hostPath,
  gcePersistentDisk: shared.gcePersistentDisk,
  awsElasticBlockStore: shared.awsElasticBlockStore,
  nfs: shared.nfs,
  fc: shared.fc,
  photonPersistentDisk: shared.photonPersistentDisk,
  local: (source, path, out) => {
    if (!source.path) return void out.push(fieldError.required(path.child("path"), ""));
    checkNoBacksteps(source.path, path.child("path"), out);
  },
  csi: (source, path, out) => {
    checkDriverName(source.driver, path.child("driver"), out);
    requireField(source.volumeHandle, path.child("volumeHandle"), out);
  },
};

/** Checks the one source that is set, refuses a second; says whether there is any. */
export function checkOneSource<T extends object>(
  holder: T,
  checks: Checks<T>,
  path: FieldPath,
  out: FieldError[],
): number {
  let count = 0;
  for (const [field, check] of Object.entries(checks) as [keyof T & string, Check<unknown>][]) {
    const source = holder[field];
    if (source === undefined || source === null) continue;
    if (count > 0) out.push(fieldError.forbidden(path.child(field), "may not specify more than 1 volume type"));
    else check(source, path.child(field), out);
    count++;
  }
  return count;
}

export function checkVolumeName(name: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!name) out.push(fieldError.required(path, ""));
  else checkWith(isDNS1123Label(name), name, path, out);
}
