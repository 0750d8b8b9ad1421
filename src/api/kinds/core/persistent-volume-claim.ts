import type { FieldError } from "../../meta/index.ts";
import { compareQuantity, fieldError, isConditionTrue, parseQuantity, root, semanticEqual } from "../../meta/index.ts";
import { givenValue } from "../../schema/index.ts";
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../../types/index.ts";
import { checkImmutable, goStruct } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkClaimSpec } from "../podspec/claim-spec.ts";
import { defaultClaimSpec } from "../podspec/volume-defaults.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";
import { jsonDiff } from "../text-diff.ts";
import { accessModesText, classAnnotation, unsetText } from "./storage-text.ts";

export const persistentVolumeClaimStrategy: KindStrategy = {
  applyDefaults(claim: PersistentVolumeClaim) {
    claim.status ??= {};
    claim.status.phase ||= "Pending";
    claim.spec ??= {};
    defaultClaimSpec(claim.spec);
    copyDataSource(claim.spec);
  },
  prepareForCreate(claim: PersistentVolumeClaim) {
    claim.status = { phase: "Pending" };
  },
  validate: (claim: PersistentVolumeClaim) => checkClaim(claim),
  validateUpdate: (claim: PersistentVolumeClaim, old: PersistentVolumeClaim) => [
    ...checkClaim(claim),
    ...checkUpdate(claim, old),
  ],
  table: {
    columns: [
      nameColumn,
      text("Status"),
      text("Volume"),
      text("Capacity"),
      text("Access Modes"),
      text("StorageClass"),
      text("VolumeAttributesClass"),
      ageColumn,
      text("VolumeMode", 1),
    ],
    cells(claim: PersistentVolumeClaim, now) {
      const { spec = {}, status = {}, metadata } = claim;
      const bound = !!spec.volumeName;
      return [
        nameOf(claim),
        metadata.deletionTimestamp ? "Terminating" : (status.phase ?? ""),
        spec.volumeName ?? "",
        bound ? (status.capacity?.storage ?? "0") : "",
        bound ? accessModesText(status.accessModes) : "",
        metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? "",
        spec.volumeAttributesClassName ?? unsetText,
        ageOf(claim, now),
        spec.volumeMode ?? unsetText,
      ];
    },
  },
};

/** The two fields for a source are one, where both can hold it. */
function copyDataSource(spec: PersistentVolumeClaimSpec): void {
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { apiGroup, kind, name } = spec.dataSourceRef;
    const known = apiGroup === "snapshot.storage.k8s.io" ? kind === "VolumeSnapshot" : kind === "PersistentVolumeClaim";
    if (known) spec.dataSource = apiGroup === undefined ? { kind, name } : { apiGroup, kind, name };
  }
}

function checkClaim(claim: PersistentVolumeClaim): FieldError[] {
  const out: FieldError[] = [];
  checkClaimSpec(claim.spec ?? {}, root("spec"), out);
  return out;
}

const frozenDetail =
  "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n";

function checkUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const out: FieldError[] = [];
  const path = root("spec");
  const spec = claim.spec ?? {};
  const before = old.spec ?? {};
  // Binding is the one time that the volume's name appears.
  const same: PersistentVolumeClaimSpec = { ...before };
  if (!before.volumeName) same.volumeName = spec.volumeName;
  if (before.storageClassName === undefined) same.storageClassName = spec.storageClassName;
  if (old.status?.phase === "Bound" || isConditionTrue(claim.status?.conditions, "Resizing")) {
    if (spec.resources?.requests && before.resources) {
      same.resources = { ...before.resources, requests: spec.resources.requests };
    }
    same.volumeAttributesClassName = spec.volumeAttributesClassName;
  }
  if (!semanticEqual(same, spec)) {
    out.push(fieldError.forbidden(path, frozenDetail + jsonDiff(shownSpec(same), shownSpec(spec))));
  }
  const asked = spec.resources?.requests?.storage;
  const askedBefore = before.resources?.requests?.storage;
  const capacity = old.status?.capacity?.storage;
  if (lessThan(asked, askedBefore) && (capacity === undefined || lessThan(asked, capacity))) {
    const detail = "field can not be less than status.capacity";
    out.push(fieldError.forbidden(path.child("resources", "requests", "storage"), detail));
  }
  checkImmutable(spec.volumeMode, before.volumeMode, root("volumeMode"), out);
  return out;
}

/** The spec as the original's internal type prints. */
function shownSpec(spec: PersistentVolumeClaimSpec): Record<string, unknown> {
  const { dataSource, dataSourceRef } = spec;
  return goStruct([
    ["AccessModes", givenValue(spec, "accessModes")],
    ["Selector", spec.selector],
    [
      "Resources",
      goStruct([
        ["Limits", givenValue(spec.resources, "limits")],
        ["Requests", givenValue(spec.resources, "requests")],
      ]),
    ],
    ["VolumeName", spec.volumeName ?? ""],
    ["StorageClassName", spec.storageClassName],
    ["VolumeMode", spec.volumeMode],
    ["DataSource", dataSource && goStruct(sourceFields(dataSource))],
    [
      "DataSourceRef",
      dataSourceRef && goStruct([...sourceFields(dataSourceRef), ["Namespace", dataSourceRef.namespace]]),
    ],
    ["VolumeAttributesClassName", spec.volumeAttributesClassName],
  ]);
}

function sourceFields(source: { apiGroup?: string; kind: string; name: string }): [string, unknown][] {
  return [
    ["APIGroup", source.apiGroup],
    ["Kind", source.kind],
    ["Name", source.name],
  ];
}

function lessThan(a: string | undefined, b: string | undefined): boolean {
  if (b === undefined) return false;
  return compareQuantity(parseQuantity(a ?? "0"), parseQuantity(b)) < 0;
}
