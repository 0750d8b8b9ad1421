import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1123Subdomain, parseQuantity, quantitySign, root, semanticEqual } from "../../meta/index.ts";
import { givenValue } from "../../schema/index.ts";
import type { PersistentVolume, PersistentVolumeSpec } from "../../types/index.ts";
import { checkImmutable, checkSupported, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { checkAccessModes, volumeModes } from "../podspec/claim-spec.ts";
import { checkNodeSelector } from "../podspec/node-selector.ts";
import { checkOneSource, persistentVolumeChecks } from "../podspec/volume-sources.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";
import { jsonDiff } from "../text-diff.ts";
import { shownSource, sourceFields } from "./persistent-volume-source.ts";
import { accessModesText, classAnnotation, unsetText } from "./storage-text.ts";

const specPath = root("spec");
const reclaimPolicies = ["Delete", "Recycle", "Retain"];

export const persistentVolumeStrategy: KindStrategy = {
  applyDefaults(volume: PersistentVolume) {
    volume.spec ??= {};
    volume.status ??= {};
    volume.status.phase ||= "Pending";
    volume.spec.persistentVolumeReclaimPolicy ||= "Retain";
    volume.spec.volumeMode ??= "Filesystem";
    if (volume.spec.hostPath) volume.spec.hostPath.type ??= "";
  },
  prepareForCreate(volume: PersistentVolume) {
    volume.status = { phase: "Pending", lastPhaseTransitionTime: volume.metadata.creationTimestamp ?? undefined };
  },
  validate: (volume: PersistentVolume) => checkVolume(volume),
  validateUpdate: (volume: PersistentVolume, old: PersistentVolume) => [
    ...checkVolume(volume), // the original says it twice
    ...checkVolume(volume),
    ...checkUpdate(volume, old),
  ],
  table: {
    columns: [
      nameColumn,
      text("Capacity"),
      text("Access Modes"),
      text("Reclaim Policy"),
      text("Status"),
      text("Claim"),
      text("StorageClass"),
      text("VolumeAttributesClass"),
      text("Reason"),
      ageColumn,
      text("VolumeMode", 1),
    ],
    cells(volume: PersistentVolume, now) {
      const { spec = {}, status = {}, metadata } = volume;
      const claim = spec.claimRef;
      return [
        nameOf(volume),
        spec.capacity?.storage ?? "0",
        accessModesText(spec.accessModes),
        spec.persistentVolumeReclaimPolicy ?? "",
        metadata.deletionTimestamp ? "Terminating" : (status.phase ?? ""),
        claim ? `${claim.namespace ?? ""}/${claim.name ?? ""}` : "",
        metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? "",
        spec.volumeAttributesClassName ?? unsetText,
        status.reason ?? "",
        ageOf(volume, now),
        spec.volumeMode ?? unsetText,
      ];
    },
  },
};

function checkVolume(volume: PersistentVolume): FieldError[] {
  const out: FieldError[] = [];
  const spec = volume.spec ?? {};
  const modes = spec.accessModes ?? [];
  if (modes.length === 0) out.push(fieldError.required(specPath.child("accessModes"), ""));
  checkAccessModes(modes, specPath.child("accessModes"), out);
  checkCapacity(spec, out);
  if (spec.persistentVolumeReclaimPolicy) {
    const path = specPath.child("persistentVolumeReclaimPolicy");
    checkSupported(spec.persistentVolumeReclaimPolicy, reclaimPolicies, path, out);
  }
  checkNodeAffinity(spec, specPath.child("nodeAffinity"), out);
  const count = checkOneSource(spec, persistentVolumeChecks, specPath, out);
  if (count === 0 && !hasOtherSource(spec)) out.push(fieldError.required(specPath, "must specify a volume type"));
  if (spec.hostPath?.path === "/" && spec.persistentVolumeReclaimPolicy === "Recycle") {
    const detail = "may not be 'recycle' for a hostPath mount of '/'";
    out.push(fieldError.forbidden(specPath.child("persistentVolumeReclaimPolicy"), detail));
  }
  if (spec.storageClassName) {
    const name = spec.storageClassName;
    checkWith(isDNS1123Subdomain(name), name, specPath.child("storageClassName"), out);
  }
  if (spec.volumeMode !== undefined) checkSupported(spec.volumeMode, volumeModes, specPath.child("volumeMode"), out);
  return out;
}

function checkCapacity(spec: PersistentVolumeSpec, out: FieldError[]): void {
  const path = specPath.child("capacity");
  const capacity = spec.capacity ?? {};
  const names = Object.keys(capacity);
  if (names.length === 0) out.push(fieldError.required(path, ""));
  if (names.length !== 1 || capacity.storage === undefined) {
    out.push(fieldError.notSupported(path, givenValue(spec, "capacity"), ["storage"]));
  }
  for (const [name, quantity] of Object.entries(capacity)) {
    if (quantitySign(parseQuantity(quantity)) > 0) continue;
    out.push(fieldError.invalid(path.key(name), quantity, "must be greater than zero"));
  }
}

function checkNodeAffinity(spec: PersistentVolumeSpec, path: FieldPath, out: FieldError[]): void {
  const affinity = spec.nodeAffinity;
  if (!affinity) {
    if (spec.local) out.push(fieldError.required(path, "Local volume requires node affinity"));
    return;
  }
  if (affinity.required) checkNodeSelector(affinity.required, path.child("required"), out);
  else out.push(fieldError.required(path.child("required"), "must specify required node constraints"));
}

const otherSources = [
  "glusterfs",
  "rbd",
  "iscsi",
  "cinder",
  "cephfs",
  "flocker",
  "flexVolume",
  "azureFile",
  "vsphereVolume",
  "quobyte",
  "azureDisk",
  "portworxVolume",
  "scaleIO",
  "storageos",
] as const;

function hasOtherSource(spec: PersistentVolumeSpec): boolean {
  return otherSources.some((field) => spec[field]);
}

function checkUpdate(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  const out: FieldError[] = [];
  const spec = volume.spec ?? {};
  const before = old.spec ?? {};
  if (sourceFields.some((field) => !semanticEqual(spec[field], before[field]))) {
    const detail = "spec.persistentvolumesource is immutable after creation\n";
    const difference = jsonDiff(shownSource(before), shownSource(spec));
    out.push(fieldError.forbidden(specPath.child("persistentvolumesource"), detail + difference));
  }
  checkImmutable(spec.volumeMode, before.volumeMode, root("volumeMode"), out);
  if (before.nodeAffinity && !semanticEqual(spec.nodeAffinity, before.nodeAffinity)) {
    const detail = "field is immutable, except for updating from beta label to GA";
    out.push(
      fieldError.invalid(
        root("nodeAffinity"),
        goValue(spec.nodeAffinity, "io.k8s.api.core.v1.VolumeNodeAffinity"),
        detail,
      ),
    );
  }
  return out;
}
