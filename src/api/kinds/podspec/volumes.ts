import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Subdomain } from "../../meta/index.ts";
import type { Container, EphemeralContainer, Volume, VolumeDevice, VolumeMount } from "../../types/index.ts";
import { checkSupported } from "../field-checks.ts";
import { checkDescendingPath, checkNoBacksteps } from "./paths.ts";
import { checkOneSource, checkVolumeName, podVolumeChecks } from "./volume-sources.ts";

/** Volumes that containers may mount: the well-formed ones, by name. */
export type Volumes = ReadonlyMap<string, Volume>;

export function checkVolumes(
  volumes: readonly Volume[] | undefined,
  podName: string,
  path: FieldPath,
  out: FieldError[],
): Volumes {
  const known = new Map<string, Volume>();
  for (const [i, volume] of (volumes ?? []).entries()) {
    const before = out.length;
    const at = path.index(i);
    checkSource(volume, podName, at, out);
    checkVolumeName(volume.name, at.child("name"), out);
    if (known.has(volume.name)) out.push(fieldError.duplicate(at.child("name"), volume.name));
    if (out.length === before) known.set(volume.name, volume);
  }
  return known;
}

function checkSource(volume: Volume, podName: string, path: FieldPath, out: FieldError[]): void {
  const count = checkOneSource(volume, podVolumeChecks, path, out);
  if (count === 0) out.push(fieldError.required(path, "must specify a volume type"));
  if (volume.ephemeral && podName) {
    const claim = `${podName}-${volume.name}`;
    for (const message of isDNS1123Subdomain(claim)) {
      const detail = `PVC name "${claim}": ${message}`;
      out.push(fieldError.invalid(path.child("name"), volume.name, detail));
    }
  }
}

const propagations = ["Bidirectional", "HostToContainer", "None"];

export function checkVolumeMounts(
  container: Container | EphemeralContainer,
  volumes: Volumes,
  path: FieldPath,
  out: FieldError[],
): void {
  const devices = container.volumeDevices ?? [];
  const mounted = new Set<string>();
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    const at = path.index(i);
    if (!mount.name) out.push(fieldError.required(at.child("name"), ""));
    if (!volumes.has(mount.name)) out.push(fieldError.notFound(at.child("name"), mount.name ?? ""));
    if (!mount.mountPath) out.push(fieldError.required(at.child("mountPath"), ""));
    if (mounted.has(mount.mountPath)) {
      out.push(fieldError.invalid(at.child("mountPath"), mount.mountPath, "must be unique"));
    }
    mounted.add(mount.mountPath);
    checkAgainstDevices(mount, devices, at, out);
    checkSubPaths(mount, path, at, out);
    checkPropagation(mount, container, at, out);
  }
}

function checkAgainstDevices(
  mount: VolumeMount,
  devices: readonly VolumeDevice[],
  path: FieldPath,
  out: FieldError[],
): void {
  if (devices.some((device) => device.name === mount.name)) {
    out.push(fieldError.invalid(path.child("name"), mount.name, "must not already exist in volumeDevices"));
  }
  if (devices.some((device) => device.devicePath === mount.mountPath)) {
    const detail = "must not already exist as a path in volumeDevices";
    out.push(fieldError.invalid(path.child("mountPath"), mount.mountPath, detail));
  }
}

/** Ill-formed paths are told of the list of mounts, not of the mount: so does the original. */
function checkSubPaths(mount: VolumeMount, path: FieldPath, at: FieldPath, out: FieldError[]): void {
  if (mount.subPath) checkDescendingPath(mount.subPath, path.child("subPath"), out);
  if (!mount.subPathExpr) return;
  if (mount.subPath) {
    const detail = "subPathExpr and subPath are mutually exclusive";
    out.push(fieldError.invalid(at.child("subPathExpr"), mount.subPathExpr, detail));
  }
  checkDescendingPath(mount.subPathExpr, path.child("subPathExpr"), out);
}

function checkPropagation(
  mount: VolumeMount,
  container: Container | EphemeralContainer,
  path: FieldPath,
  out: FieldError[],
): void {
  const propagation = mount.mountPropagation;
  if (propagation !== undefined) {
    const at = path.child("mountPropagation");
    checkSupported(propagation, propagations, at, out);
    if (propagation === "Bidirectional" && !container.securityContext?.privileged) {
      out.push(fieldError.forbidden(at, "Bidirectional mount propagation is available only to privileged containers"));
    }
  }
  const recursive = mount.recursiveReadOnly;
  if (recursive === undefined || recursive === "Disabled") return;
  const at = path.child("recursiveReadOnly");
  if (!mount.readOnly) out.push(fieldError.forbidden(at, "may only be specified when readOnly is true"));
  if (propagation !== undefined && propagation !== "None") {
    out.push(fieldError.forbidden(at, "may only be specified when mountPropagation is None or not specified"));
  }
  checkSupported(recursive, ["Disabled", "IfPossible", "Enabled"], at, out);
}

export function checkVolumeDevices(
  container: Container | EphemeralContainer,
  volumes: Volumes,
  path: FieldPath,
  out: FieldError[],
): void {
  const paths = new Set<string>();
  const names = new Set<string>();
  for (const [i, device] of (container.volumeDevices ?? []).entries()) {
    const at = path.index(i);
    checkDeviceName(device, volumes, names, at, out);
    if (!device.devicePath) out.push(fieldError.required(at.child("devicePath"), ""));
    else {
      if (paths.has(device.devicePath)) {
        out.push(fieldError.invalid(at.child("devicePath"), device.devicePath, "must be unique"));
      }
      checkNoBacksteps(device.devicePath, at.child("devicePath"), out);
      paths.add(device.devicePath);
    }
    names.add(device.name);
  }
}

function checkDeviceName(
  device: VolumeDevice,
  volumes: Volumes,
  names: ReadonlySet<string>,
  path: FieldPath,
  out: FieldError[],
): void {
  const at = path.child("name");
  if (!device.name) out.push(fieldError.required(at, ""));
  if (names.has(device.name)) out.push(fieldError.invalid(at, device.name, "must be unique"));
  const volume = volumes.get(device.name);
  if (!volume) out.push(fieldError.notFound(at, device.name ?? ""));
  else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
    const detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
    out.push(fieldError.invalid(at, device.name, detail));
  }
}
