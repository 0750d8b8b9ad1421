import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import { givenValue } from "../../schema/index.ts";
import type { StorageClass, TopologySelectorTerm } from "../../types/index.ts";
import { checkImmutable, checkQualifiedName, checkSupported } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkParameters } from "./parameters.ts";

const defaultAnnotations = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

export const storageClassStrategy: KindStrategy = {
  applyDefaults(storageClass: StorageClass) {
    storageClass.reclaimPolicy ??= "Delete";
    storageClass.volumeBindingMode ??= "Immediate";
  },
  validate: (storageClass: StorageClass) => checkClass(storageClass),
  validateUpdate(storageClass: StorageClass, old: StorageClass) {
    const out = checkClass(storageClass);
    for (const field of ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] as const) {
      checkImmutable(storageClass[field], old[field], root(field), out, givenValue(storageClass, field));
    }
    return out;
  },
  table: {
    columns: [
      nameColumn,
      text("Provisioner"),
      text("ReclaimPolicy"),
      text("VolumeBindingMode"),
      text("AllowVolumeExpansion"),
      ageColumn,
    ],
    cells: (storageClass: StorageClass, now) => [
      isDefault(storageClass) ? `${nameOf(storageClass)} (default)` : nameOf(storageClass),
      storageClass.provisioner,
      storageClass.reclaimPolicy ?? "Delete",
      storageClass.volumeBindingMode ?? "<unset>",
      storageClass.allowVolumeExpansion ?? false,
      ageOf(storageClass, now),
    ],
  },
};

function isDefault({ metadata }: StorageClass): boolean {
  return defaultAnnotations.some((annotation) => metadata.annotations?.[annotation] === "true");
}

function checkClass(storageClass: StorageClass): FieldError[] {
  const out: FieldError[] = [];
  const { provisioner, reclaimPolicy, volumeBindingMode } = storageClass;
  if (!provisioner) out.push(fieldError.required(root("provisioner"), ""));
  else checkQualifiedName(provisioner.toLowerCase(), root("provisioner"), out);
  checkParameters(storageClass.parameters, root("parameters"), out);
  checkSupported(reclaimPolicy, ["Delete", "Retain"], root("reclaimPolicy"), out);
  checkSupported(volumeBindingMode, ["Immediate", "WaitForFirstConsumer"], root("volumeBindingMode"), out);
  for (const [i, term] of (storageClass.allowedTopologies ?? []).entries()) {
    checkTopology(term, root("allowedTopologies").index(i), out);
  }
  return out;
}

function checkTopology(term: TopologySelectorTerm, path: FieldPath, out: FieldError[]): void {
  const keys = new Set<string>();
  for (const [i, { key, values }] of (term.matchLabelExpressions ?? []).entries()) {
    const at = path.child("matchLabelExpressions").index(i);
    const seen = new Set<string>();
    if ((values ?? []).length === 0) out.push(fieldError.required(at.child("values"), ""));
    for (const [j, value] of (values ?? []).entries()) {
      if (seen.has(value)) out.push(fieldError.duplicate(at.child("values").index(j), value));
      seen.add(value);
    }
    checkQualifiedName(key, at.child("key"), out);
    if (keys.has(key)) out.push(fieldError.duplicate(at.child("key"), key));
    keys.add(key);
  }
}
