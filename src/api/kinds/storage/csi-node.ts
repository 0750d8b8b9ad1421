import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, root, semanticEqual } from "../../meta/index.ts";
import type { CSINode, CSINodeDriver } from "../../types/index.ts";
import { checkNonNegative, checkQualifiedName, fieldIsImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { ageColumn, ageOf, integer, nameColumn, nameOf } from "../table/cells.ts";
import { checkDriverName } from "./driver-name.ts";

const driversPath = root("spec", "drivers");
const nodeIdLengthMax = 256;

export const csiNodeStrategy: KindStrategy = {
  prepareForCreate: (node: CSINode) => dropEmptyKeys(node),
  prepareForUpdate: (node: CSINode) => dropEmptyKeys(node),
  validate: (node: CSINode) => checkNode(node),
  validateUpdate(node: CSINode, old: CSINode) {
    const out = checkNode(node);
    for (const before of old.spec.drivers ?? []) checkKept(node, before, out);
    return out;
  },
  table: {
    columns: [nameColumn, integer("Drivers"), ageColumn],
    cells: (node: CSINode, now) => [nameOf(node), (node.spec.drivers ?? []).length, ageOf(node, now)],
  },
};

/** No keys are null, also when they come as an empty list. */
function dropEmptyKeys(node: CSINode): void {
  for (const driver of node.spec.drivers ?? []) if (driver.topologyKeys?.length === 0) driver.topologyKeys = null;
}

/** A driver may come and go, but not change in place (except what can be allocated). */
function checkKept(node: CSINode, before: CSINodeDriver, out: FieldError[]): void {
  for (const driver of node.spec.drivers ?? []) {
    if (driver.name !== before.name) continue;
    if (semanticEqual({ ...driver, allocatable: undefined }, { ...before, allocatable: undefined })) continue;
    const shown = goValue(driver, "io.k8s.api.storage.v1.CSINodeDriver");
    out.push(fieldError.invalid(root("CSINode", "Spec", "Drivers"), shown, fieldIsImmutable));
  }
}

function checkNode({ spec }: CSINode): FieldError[] {
  const out: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, driver] of (spec.drivers ?? []).entries()) checkDriver(driver, names, driversPath.index(i), out);
  return out;
}

function checkDriver(driver: CSINodeDriver, names: Set<string>, path: FieldPath, out: FieldError[]): void {
  const { name, nodeID, topologyKeys, allocatable } = driver;
  checkDriverName(name, path.child("name"), out);
  if (!nodeID) out.push(fieldError.required(path.child("nodeID"), ""));
  else if (nodeID.length > nodeIdLengthMax) {
    const detail = `must be ${nodeIdLengthMax} characters or less`;
    out.push(fieldError.invalid(path.child("nodeID"), nodeID, detail));
  }
  checkNonNegative(allocatable?.count, path.child("allocatable", "count"), out);
  if (names.has(name)) out.push(fieldError.duplicate(path.child("name"), name));
  names.add(name);
  const keys = new Set<string>();
  for (const key of topologyKeys ?? []) {
    if (key === "") out.push(fieldError.required(path, ""));
    if (keys.has(key)) out.push(fieldError.duplicate(path, key));
    keys.add(key);
    checkQualifiedName(key, path, out);
  }
}
