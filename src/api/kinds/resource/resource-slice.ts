import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { ResourceSlice, ResourceSliceSpec } from "../../types/index.ts";
import { checkDNSSubdomain, checkImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkUnique } from "./claim-spec.ts";
import { checkDevice } from "./device.ts";
import { checkDriverName, checkPoolName } from "./names.ts";

const specPath = root("spec");
const devicesMax = 128;
const nodeFields = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"] as const;

export const resourceSliceStrategy: KindStrategy = {
  validate: (slice: ResourceSlice) => checkSlice(slice.spec, undefined),
  validateUpdate: (slice: ResourceSlice, old: ResourceSlice) => checkSlice(slice.spec, old.spec),
  selectableFields: ["spec.nodeName", "spec.driver"],
  fieldValue({ spec }: ResourceSlice, field) {
    if (field === "spec.nodeName") return spec.nodeName ?? "";
    return field === "spec.driver" ? spec.driver : undefined;
  },
  table: {
    columns: [nameColumn, text("Node"), text("Driver"), text("Pool"), ageColumn],
    cells: (slice: ResourceSlice, now) => [
      nameOf(slice),
      slice.spec.nodeName ?? "",
      slice.spec.driver,
      slice.spec.pool.name,
      ageOf(slice, now),
    ],
  },
};

function checkSlice(spec: ResourceSliceSpec, old: ResourceSliceSpec | undefined): FieldError[] {
  const out: FieldError[] = [];
  checkDriverName(spec.driver, specPath.child("driver"), out);
  checkPool(spec, out);
  if (old) {
    checkImmutable(spec.pool.name, old.pool.name, specPath.child("pool", "name"), out);
    checkImmutable(spec.driver, old.driver, specPath.child("driver"), out);
    checkImmutable(spec.nodeName, old.nodeName, specPath.child("nodeName"), out);
  }
  checkNodes(spec, out);
  const devices = spec.devices ?? [];
  const devicesPath = specPath.child("devices");
  if (devices.length > devicesMax) out.push(fieldError.tooMany(devicesPath, devices.length, devicesMax));
  const names = new Set<string>();
  for (const [i, device] of devices.entries()) {
    checkDevice(device, devicesPath.index(i), out);
    checkUnique(device.name, names, devicesPath.index(i), out);
  }
  return out;
}

function checkPool({ pool }: ResourceSliceSpec, out: FieldError[]): void {
  const path = specPath.child("pool");
  checkPoolName(pool.name, path.child("name"), out);
  const count = pool.resourceSliceCount ?? 0;
  if (count <= 0) out.push(fieldError.invalid(path.child("resourceSliceCount"), count, "must be greater than zero"));
  const generation = pool.generation ?? 0;
  if (generation < 0) {
    out.push(fieldError.invalid(path.child("generation"), generation, "must be greater than or equal to zero"));
  }
}

/** For which nodes the devices are. */
function checkNodes(spec: ResourceSliceSpec, out: FieldError[]): void {
  const { nodeName } = spec;
  const mustBeTrue = "must be either unset or set to true";
  if (nodeName === "") {
    const detail = "must be either unset or set to a non-empty string";
    out.push(fieldError.invalid(specPath.child("nodeName"), "", detail));
  } else if (nodeName !== undefined) checkDNSSubdomain(nodeName, specPath.child("nodeName"), out);
  for (const field of ["allNodes", "perDeviceNodeSelection"] as const) {
    if (spec[field] === false) out.push(fieldError.invalid(specPath.child(field), false, mustBeTrue));
  }
  const given = nodeFields.filter((field) => spec[field] !== undefined);
  const oneOf = `exactly one of ${nodeFields.map((field) => `\`${field}\``).join(", ")} is required`;
  if (given.length === 0) out.push(fieldError.required(specPath, oneOf));
  else if (given.length > 1) {
    const shown = `{${given.map((field) => `\`${field}\``).join(", ")}}`;
    out.push(fieldError.invalid(specPath, shown, `${oneOf}, but multiple fields are set`));
  }
}
