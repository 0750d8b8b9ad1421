import { createHash } from "node:crypto";
import type { CSIDriver, Pod } from "../../../api/types/index.ts";
import type { VolumeRequest } from "../volume-kind.ts";

/** What a driver is asked for, from a persistent volume or from the pod itself. Pure. */
export interface CsiSource {
  readonly driver: string;
  readonly handle: string;
  readonly fsType: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly accessModes: readonly string[];
  readonly mountOptions: readonly string[];
  readonly readOnly: boolean;
  /** The volume is the pod's own, and made and ended by mounting it. */
  readonly isEphemeral: boolean;
  readonly publishSecret?: { readonly name?: string; readonly namespace?: string };
}

export function csiSource({ pod, volume, persistent, specName, readOnly }: VolumeRequest): CsiSource {
  const behind = persistent?.spec?.csi;
  if (behind !== undefined) {
    return {
      driver: behind.driver,
      handle: behind.volumeHandle,
      fsType: behind.fsType ?? "",
      attributes: behind.volumeAttributes ?? {},
      accessModes: persistent?.spec?.accessModes ?? [],
      mountOptions: persistent?.spec?.mountOptions ?? [],
      readOnly: readOnly || behind.readOnly === true,
      isEphemeral: false,
      publishSecret: behind.nodePublishSecretRef,
    };
  }
  const { driver = "", fsType = "", volumeAttributes = {}, nodePublishSecretRef } = volume.csi ?? {};
  const { uid = "", namespace } = pod.metadata;
  return {
    driver,
    handle: `csi-${createHash("sha256").update(`${uid}${specName}`).digest("hex")}`,
    fsType,
    attributes: volumeAttributes,
    accessModes: ["ReadWriteOnce"],
    mountOptions: [],
    readOnly: volume.csi?.readOnly === true,
    isEphemeral: true,
    publishSecret: nodePublishSecretRef === undefined ? undefined : { name: nodePublishSecretRef.name, namespace },
  };
}

/** The first mode counts. @param tellsWriters the driver tells one writer from several on one node */
export function accessModeOf([mode]: readonly string[], tellsWriters: boolean): string {
  switch (mode) {
    case "ReadWriteOnce":
      return tellsWriters ? "SINGLE_NODE_MULTI_WRITER" : "SINGLE_NODE_WRITER";
    case "ReadWriteOncePod":
      return tellsWriters ? "SINGLE_NODE_SINGLE_WRITER" : "SINGLE_NODE_WRITER";
    case "ReadOnlyMany":
      return "MULTI_NODE_READER_ONLY";
    case "ReadWriteMany":
      return "MULTI_NODE_MULTI_WRITER";
    default:
      return "UNKNOWN";
  }
}

/** The group that the volume's files are to be given to, by the driver's policy; undefined for none. */
export function groupPolicy(
  pod: Pod,
  { fsType, accessModes }: CsiSource,
  object: CSIDriver | undefined,
): number | undefined {
  const gid = pod.spec?.securityContext?.fsGroup;
  const policy = object?.spec.fsGroupPolicy ?? "ReadWriteOnceWithFSType";
  if (policy === "None") return undefined;
  if (policy === "File") return gid;
  const isSingle = accessModes.some((mode) => mode === "ReadWriteOnce" || mode === "ReadWriteOncePod");
  return fsType !== "" && isSingle ? gid : undefined;
}

/** What drivers that ask for it are told of the pod. */
export function podContext(pod: Pod, object: CSIDriver | undefined, isEphemeral: boolean): Record<string, string> {
  if (object?.spec.podInfoOnMount !== true) return {};
  const { name = "", namespace = "", uid = "" } = pod.metadata;
  return {
    "csi.storage.k8s.io/pod.name": name,
    "csi.storage.k8s.io/pod.namespace": namespace,
    "csi.storage.k8s.io/pod.uid": uid,
    "csi.storage.k8s.io/serviceAccount.name": pod.spec?.serviceAccountName ?? "",
    "csi.storage.k8s.io/ephemeral": String(isEphemeral),
  };
}

/** @throws Error when the driver does not offer this kind of volume */
export function checkLifecycle({ driver, isEphemeral }: CsiSource, object: CSIDriver | undefined): void {
  const mode = isEphemeral ? "Ephemeral" : "Persistent";
  const modes = object?.spec.volumeLifecycleModes ?? ["Persistent"];
  if (modes.includes(mode)) return;
  const why = object === undefined ? "no CSIDriver object" : `only supports ${JSON.stringify(modes)}`;
  throw new Error(`volume mode ${JSON.stringify(mode)} not supported by driver ${driver} (${why})`);
}
