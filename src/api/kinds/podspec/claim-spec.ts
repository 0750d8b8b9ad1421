import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Subdomain, parseQuantity, quantitySign } from "../../meta/index.ts";
import type { PersistentVolumeClaimSpec } from "../../types/index.ts";
import { checkSupported, checkWith } from "../field-checks.ts";
import { checkLabelSelector } from "../label-selector.ts";

const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
export const volumeModes = ["Block", "Filesystem"];

/** Every mode that a volume may be mounted in; one pod's alone goes with no other. */
export function checkAccessModes(modes: readonly string[], path: FieldPath, out: FieldError[]): void {
  for (const mode of modes) {
    if (!accessModes.includes(mode)) out.push(fieldError.notSupported(path, mode, accessModes));
  }
  if (modes.includes("ReadWriteOncePod") && modes.length > 1) {
    out.push(fieldError.forbidden(path, "may not use ReadWriteOncePod with other access modes"));
  }
}

/** The published rules of a claim, for claims and for those that workloads and pods make. */
export function checkClaimSpec(spec: PersistentVolumeClaimSpec, path: FieldPath, out: FieldError[]): void {
  const modes = spec.accessModes ?? [];
  if (modes.length === 0) {
    out.push(fieldError.required(path.child("accessModes"), "at least 1 access mode is required"));
  }
  checkLabelSelector(spec.selector, path.child("selector"), out);
  checkAccessModes(modes, path.child("accessModes"), out);
  const storage = spec.resources?.requests?.storage;
  if (storage === undefined) out.push(fieldError.required(path.child("resources").key("storage"), ""));
  else if (quantitySign(parseQuantity(storage)) <= 0) {
    const at = path.child("resources").key("storage");
    out.push(fieldError.invalid(at, storage, "must be greater than zero"));
  }
  if (spec.storageClassName) {
    const name = spec.storageClassName;
    checkWith(isDNS1123Subdomain(name), name, path.child("storageClassName"), out);
  }
  if (spec.volumeMode !== undefined) checkSupported(spec.volumeMode, volumeModes, path.child("volumeMode"), out);
  if (spec.volumeAttributesClassName) {
    const name = spec.volumeAttributesClassName;
    checkWith(isDNS1123Subdomain(name), name, path.child("volumeAttributesClassName"), out);
  }
  checkDataSources(spec, path, out);
}

function checkDataSources(spec: PersistentVolumeClaimSpec, path: FieldPath, out: FieldError[]): void {
  for (const field of ["dataSource", "dataSourceRef"] as const) {
    const source = spec[field];
    if (!source) continue;
    const at = path.child(field);
    if (!source.name) out.push(fieldError.required(at.child("name"), ""));
    if (!source.kind) out.push(fieldError.required(at.child("kind"), ""));
    if (!source.apiGroup && source.kind !== "PersistentVolumeClaim") {
      const detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
      out.push(fieldError.invalid(at, source.kind, detail));
    }
  }
}
