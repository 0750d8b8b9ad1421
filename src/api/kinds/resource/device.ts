import type { FieldError, FieldPath } from "../../meta/index.ts";
import { deepEqual, fieldError, isDNS1123Subdomain, tryParseQuantity } from "../../meta/index.ts";
import type { resourceV1 } from "../../types/index.ts";
import { checkDNSLabel, checkWith } from "../field-checks.ts";
import { goValue } from "../go-value.ts";
import { checkNodeSelector } from "../podspec/node-selector.ts";
import { checkCapacity } from "./capacity.ts";
import { checkList, checkMap, checkSet } from "./collections.ts";
import { limits } from "./limits.ts";
import { checkDeviceQualifiedName } from "./names.ts";
import { checkBindingConditions, checkTaint } from "./parts.ts";

type Device = resourceV1.Device;

const labelLengthMax = 63;
const keyLengthMax = limits.domainBytes + 1 + limits.identifierBytes;

/** A device that a slice offers; capacity and taints that it had before are not judged again. */
export function checkDevice(
  device: Device,
  old: Device | undefined,
  selectsNodes: boolean,
  path: FieldPath,
  out: FieldError[],
): void {
  checkDNSLabel(device.name ?? "", path.child("name"), out);
  checkSizes(device, path, out);
  const unlimited = Number.POSITIVE_INFINITY;
  const attributesPath = path.child("attributes");
  checkMap(device.attributes, unlimited, keyLengthMax, checkDeviceQualifiedName, checkAttribute, attributesPath, out);
  if (!old || !deepEqual(old.capacity, device.capacity)) {
    const isShared = device.allowMultipleAllocations === true;
    const check = (capacity: resourceV1.DeviceCapacity, at: FieldPath) => checkCapacity(capacity, isShared, at, out);
    checkMap(device.capacity, unlimited, keyLengthMax, checkDeviceQualifiedName, check, path.child("capacity"), out);
  }
  if (!old || !deepEqual(old.taints, device.taints)) {
    const check = (taint: resourceV1.DeviceTaint, at: FieldPath) => checkTaint(taint, undefined, at, out);
    checkList(device.taints, limits.taints, check, path.child("taints"), out);
  }
  const consumptionsPath = path.child("consumesCounters");
  const counterSetOf = ({ counterSet }: resourceV1.DeviceCounterConsumption) => counterSet ?? "";
  checkSet(device.consumesCounters, limits.consumptions, checkConsumption, counterSetOf, consumptionsPath, out);
  if (selectsNodes) checkNodes(device, path, out);
  else if (device.nodeName !== undefined || device.nodeSelector || device.allNodes !== undefined) {
    const detail =
      "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the " +
      "ResourceSlice spec";
    out.push(fieldError.invalid(path, null, detail));
  }
  checkBindingConditions(device.bindingConditions, device.bindingFailureConditions, path, out);
  checkMappings(device, path.child("nodeAllocatableResourceMappings"), out);
}

function checkSizes({ attributes, capacity }: Device, path: FieldPath, out: FieldError[]): void {
  const count = Object.keys(attributes ?? {}).length + Object.keys(capacity ?? {}).length;
  const max = limits.attributesAndCapacities;
  if (count <= max) return;
  out.push(fieldError.invalid(path, count, `the total number of attributes and capacities must not exceed ${max}`));
}

const versionPattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

const scalarFields = ["bool", "int", "string", "version"] as const;
const listFields = ["bools", "ints", "strings", "versions"] as const;

function checkAttribute(attribute: resourceV1.DeviceAttribute, path: FieldPath, out: FieldError[]): void {
  const given = attribute ?? {};
  if (given.string !== undefined) checkText(given.string, path.child("string"), out);
  if (given.version !== undefined) checkVersion(given.version, path.child("version"), out);
  for (const field of listFields) {
    if (given[field]?.length === 0) {
      out.push(fieldError.invalid(path.child(field), [], "must not be empty if specified"));
    }
  }
  for (const [i, item] of (given.strings ?? []).entries()) checkText(item, path.child("strings").index(i), out);
  for (const [i, item] of (given.versions ?? []).entries()) checkVersion(item, path.child("versions").index(i), out);
  const set = [...scalarFields, ...listFields].filter((field) => given[field] !== undefined);
  if (set.length === 1) return;
  const shown = set.length === 0 ? "" : goValue(given, "io.k8s.api.resource.v1.DeviceAttribute");
  out.push(fieldError.invalid(path, shown, "exactly one value must be specified"));
}

function checkText(text: string, path: FieldPath, out: FieldError[]): void {
  if (Buffer.byteLength(text) > limits.attributeValueBytes) {
    out.push(fieldError.tooLong(path, text, limits.attributeValueBytes));
  }
}

function checkVersion(version: string, path: FieldPath, out: FieldError[]): void {
  if (!versionPattern.test(version)) {
    out.push(fieldError.invalid(path, version, "must be a string compatible with semver.org spec 2.0.0"));
  }
  checkText(version, path, out);
}

function checkConsumption(
  { counterSet, counters }: resourceV1.DeviceCounterConsumption,
  path: FieldPath,
  out: FieldError[],
): void {
  const setPath = path.child("counterSet");
  if (counterSet) checkDNSLabel(counterSet, setPath, out);
  else out.push(fieldError.required(setPath, ""));
  const countersPath = path.child("counters");
  if (Object.keys(counters ?? {}).length === 0) out.push(fieldError.required(countersPath, ""));
  else checkMap(counters, limits.countersInConsumption, labelLengthMax, checkDNSLabel, () => {}, countersPath, out);
}

/** Where each device says itself from which nodes it is reached. */
function checkNodes({ nodeName, nodeSelector, allNodes }: Device, path: FieldPath, out: FieldError[]): void {
  const set: string[] = [];
  if (nodeName) {
    set.push("`nodeName`");
    checkWith(isDNS1123Subdomain(nodeName), nodeName, path.child("nodeName"), out);
  } else if (nodeName === "") {
    out.push(fieldError.invalid(path.child("nodeName"), nodeName, "must not be empty"));
  }
  if (nodeSelector) {
    set.push("`nodeSelector`");
    checkNodeSelector(nodeSelector, path.child("nodeSelector"), out);
  }
  if (allNodes) set.push("`allNodes`");
  else if (allNodes === false) {
    out.push(fieldError.invalid(path.child("allNodes"), false, "must be either unset or set to true"));
  }
  const detail =
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to " +
    "true in the ResourceSlice spec";
  if (set.length === 0) out.push(fieldError.required(path, detail));
  else if (set.length > 1) out.push(fieldError.invalid(path, `{${set.join(", ")}}`, detail));
}

/** What a device takes of the resources of its node. */
function checkMappings(device: Device, path: FieldPath, out: FieldError[]): void {
  for (const [name, mapping] of Object.entries(device.nodeAllocatableResourceMappings ?? {})) {
    const at = path.key(name);
    const { capacityKey, allocationMultiplier } = mapping;
    if (capacityKey === "") {
      out.push(fieldError.invalid(at.child("capacityKey"), "", "capacityKey must not be an empty string"));
    } else if (capacityKey !== undefined && !Object.hasOwn(device.capacity ?? {}, capacityKey)) {
      out.push(fieldError.notFound(at.child("capacityKey"), capacityKey));
    }
    const multiplier = allocationMultiplier === undefined ? undefined : tryParseQuantity(allocationMultiplier);
    if (multiplier && allocationMultiplier?.startsWith("-")) {
      out.push(fieldError.invalid(at.child("allocationMultiplier"), allocationMultiplier, "must be positive"));
    }
  }
}
