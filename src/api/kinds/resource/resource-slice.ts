import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, formatTime, isDNS1123Subdomain, root } from "../../meta/index.ts";
import type { resourceV1, resourceV1beta1 } from "../../types/index.ts";
import { checkDNSLabel, checkImmutable, checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { checkNodeSelector } from "../podspec/node-selector.ts";
import { checkDriverName } from "../storage/driver-name.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkMap, checkSet } from "./collections.ts";
import { checkDevice } from "./device.ts";
import { limits } from "./limits.ts";
import { checkPoolName } from "./names.ts";

type Slice = resourceV1.ResourceSlice;
type Spec = resourceV1.ResourceSliceSpec;

const labelLengthMax = 63;
const specPath = root("spec");

export const resourceSliceStrategy: KindStrategy = {
  prepareForCreate: (slice: Slice) => stampTaints(slice),
  prepareForUpdate: (slice: Slice, old: Slice, now) => stampTaints(slice, old, now),
  validate: (slice: Slice) => checkSlice(slice),
  validateUpdate: (slice: Slice, old: Slice) => checkSlice(slice, old),
  selectableFields: ["spec.nodeName", "spec.driver"],
  fieldValue({ spec }: Slice, field) {
    if (field === "spec.nodeName") return spec.nodeName ?? "";
    return field === "spec.driver" ? spec.driver : undefined;
  },
  table: {
    columns: [nameColumn, text("Node"), text("Driver"), text("Pool"), ageColumn],
    cells: (slice: Slice, now) => [
      nameOf(slice),
      slice.spec.nodeName ?? "",
      slice.spec.driver,
      slice.spec.pool.name,
      ageOf(slice, now),
    ],
  },
};

/** When a taint came, where it does not say so itself: with the slice, or when it was there before, or now. */
function stampTaints(slice: Slice, old?: Slice, now?: number): void {
  const time = now === undefined ? (slice.metadata.creationTimestamp ?? undefined) : formatTime(now);
  for (const device of slice.spec?.devices ?? []) {
    const known = old?.spec.devices?.find(({ name }) => name === device.name);
    const before = known ? taintsOf(known) : [];
    for (const taint of taintsOf(device)) {
      const same = before.find(({ key, value, effect }) => {
        return key === taint.key && value === taint.value && effect === taint.effect;
      });
      taint.timeAdded ??= same?.timeAdded ?? time;
    }
  }
}

/** Also of a device in the form of v1beta1, which has its fields one level below. */
function taintsOf(device: resourceV1.Device & { basic?: resourceV1beta1.BasicDevice }): resourceV1.DeviceTaint[] {
  return (device.basic ?? device).taints ?? [];
}

function checkSlice({ spec }: Slice, old?: Slice): FieldError[] {
  const out: FieldError[] = [];
  checkDriverName(spec.driver, specPath.child("driver"), out);
  checkPool(spec, out);
  if (old) checkKept(spec, old.spec, out);
  checkNodes(spec, out);
  if (spec.sharedCounters && spec.devices) {
    out.push(fieldError.invalid(specPath, "", "only one of `sharedCounters` or `devices` is allowed"));
  }
  const devices = spec.devices ?? [];
  const hasFeatures = devices.some(({ taints, consumesCounters }) => taints?.length || consumesCounters?.length);
  checkSet(
    devices,
    hasFeatures ? limits.devicesWithFeatures : limits.devices,
    (device, at) => {
      const before = old?.spec.devices?.find(({ name }) => name === device.name);
      checkDevice(device, before, spec.perDeviceNodeSelection === true, at, out);
    },
    ({ name }) => name ?? "",
    specPath.child("devices"),
    out,
  );
  const countersPath = specPath.child("sharedCounters");
  checkSet(spec.sharedCounters, limits.counterSets, checkCounterSet, ({ name }) => name ?? "", countersPath, out);
  return out;
}

function checkPool({ pool }: Spec, out: FieldError[]): void {
  const path = specPath.child("pool");
  const { name, generation = 0, resourceSliceCount = 0 } = pool ?? {};
  checkPoolName(name, path.child("name"), out);
  if (resourceSliceCount <= 0) {
    out.push(fieldError.invalid(path.child("resourceSliceCount"), resourceSliceCount, "must be greater than zero"));
  }
  if (generation < 0) {
    out.push(fieldError.invalid(path.child("generation"), generation, "must be greater than or equal to zero"));
  }
}

function checkKept(spec: Spec, old: Spec, out: FieldError[]): void {
  checkImmutable(spec.pool?.name ?? "", old.pool.name, specPath.child("pool", "name"), out);
  checkImmutable(spec.driver ?? "", old.driver, specPath.child("driver"), out);
  checkImmutable(spec.nodeName, old.nodeName, specPath.child("nodeName"), out);
}

/** From which nodes the devices are reached. */
function checkNodes(spec: Spec, out: FieldError[]): void {
  const { nodeName, nodeSelector } = spec;
  const set: string[] = [];
  if (nodeName) {
    set.push("`nodeName`");
    checkWith(isDNS1123Subdomain(nodeName), nodeName, specPath.child("nodeName"), out);
  } else if (nodeName === "") {
    const detail = "must be either unset or set to a non-empty string";
    out.push(fieldError.invalid(specPath.child("nodeName"), nodeName, detail));
  }
  if (nodeSelector) {
    set.push("`nodeSelector`");
    const path = specPath.child("nodeSelector");
    checkNodeSelector(nodeSelector, path, out);
    if ((nodeSelector.nodeSelectorTerms ?? []).length !== 1) {
      const shown = goValue(nodeSelector, "io.k8s.api.core.v1.NodeSelector") as { NodeSelectorTerms: unknown };
      const detail = "must have exactly one node selector term";
      out.push(fieldError.invalid(path.child("nodeSelectorTerms"), shown.NodeSelectorTerms, detail));
    }
  }
  for (const field of ["allNodes", "perDeviceNodeSelection"] as const) {
    if (spec[field]) set.push(`\`${field}\``);
    else if (spec[field] === false) {
      out.push(fieldError.invalid(specPath.child(field), false, "must be either unset or set to true"));
    }
  }
  const detail = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  if (set.length === 0) out.push(fieldError.required(specPath, detail));
  else if (set.length > 1) {
    out.push(fieldError.invalid(specPath, `{${set.join(", ")}}`, `${detail}, but multiple fields are set`));
  }
}

function checkCounterSet({ name, counters }: resourceV1.CounterSet, path: FieldPath, out: FieldError[]): void {
  const namePath = path.child("name");
  if (name) checkDNSLabel(name, namePath, out);
  else out.push(fieldError.required(namePath, ""));
  const countersPath = path.child("counters");
  if (Object.keys(counters ?? {}).length === 0) out.push(fieldError.required(countersPath, ""));
  else checkMap(counters, limits.countersInSet, labelLengthMax, checkDNSLabel, () => {}, countersPath, out);
}
