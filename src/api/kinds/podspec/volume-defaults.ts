import type { PersistentVolumeClaimSpec, Volume, VolumeProjection } from "../../types/index.ts";
import { defaultPullPolicy } from "./image-pull-policy.ts";

const fileMode = 0o644;
const tokenSeconds = 3600;

/** A volume without a source is an empty directory. */
export function defaultVolume(volume: Volume): void {
  if (volume.secret) volume.secret.defaultMode ??= fileMode;
  else if (volume.configMap) volume.configMap.defaultMode ??= fileMode;
  else if (volume.projected) {
    volume.projected.defaultMode ??= fileMode;
    for (const source of volume.projected.sources ?? []) defaultProjection(source);
  } else if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= fileMode;
    for (const item of volume.downwardAPI.items ?? []) defaultDownwardItem(item);
  } else if (volume.hostPath) volume.hostPath.type ??= "";
  else if (volume.ephemeral) defaultClaimSpec(volume.ephemeral.volumeClaimTemplate?.spec);
  else if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference);
  else if (volume.iscsi) volume.iscsi.iscsiInterface ||= "default";
  else if (volume.rbd) {
    volume.rbd.pool ||= "rbd";
    volume.rbd.user ||= "admin";
    volume.rbd.keyring ||= "/etc/ceph/keyring";
  } else if (volume.azureDisk) {
    volume.azureDisk.cachingMode ??= "ReadWrite";
    volume.azureDisk.kind ??= "Shared";
    volume.azureDisk.fsType ??= "ext4";
    volume.azureDisk.readOnly ??= false;
  } else if (volume.scaleIO) {
    volume.scaleIO.storageMode ||= "ThinProvisioned";
    volume.scaleIO.fsType ||= "xfs";
  } else if (!hasSource(volume)) volume.emptyDir = {};
}

function hasSource(volume: Volume): boolean {
  for (const [field, value] of Object.entries(volume)) {
    if (field !== "name" && value !== undefined && value !== null) return true;
  }
  return false;
}

function defaultProjection(source: VolumeProjection): void {
  for (const item of source.downwardAPI?.items ?? []) defaultDownwardItem(item);
  if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= tokenSeconds;
}

function defaultDownwardItem(item: {
  fieldRef?: { apiVersion?: string };
  resourceFieldRef?: { divisor?: string };
}): void {
  if (item.fieldRef) item.fieldRef.apiVersion ||= "v1";
  if (item.resourceFieldRef) item.resourceFieldRef.divisor ||= "0";
}

export function defaultClaimSpec(spec: PersistentVolumeClaimSpec | undefined): void {
  if (spec) spec.volumeMode ??= "Filesystem";
}
