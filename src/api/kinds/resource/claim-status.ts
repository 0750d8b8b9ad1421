import type { FieldError, FieldPath } from "../../meta/index.ts";
import { deepEqual, fieldError, isCIDR, root } from "../../meta/index.ts";
import type { resourceV1 } from "../../types/index.ts";
import { checkConditions } from "../condition-checks.ts";
import { checkDNSLabel, checkImmutable, checkRequiredSupported } from "../field-checks.ts";
import { goValue } from "../go-value.ts";
import { checkNodeSelector } from "../podspec/node-selector.ts";
import { checkDriverName } from "../storage/driver-name.ts";
import { checkList, checkSet } from "./collections.ts";
import { checkRequestName, checkRequestNames, requestNames } from "./device-claim.ts";
import { limits } from "./limits.ts";
import { checkPoolName, checkUID } from "./names.ts";
import { checkBindingConditions, checkConfiguration, checkRaw, checkToleration } from "./parts.ts";

type Claim = resourceV1.ResourceClaim;

/** A device among all; a share of it, where it has several. */
interface DeviceIdentity {
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
  readonly shareID?: string;
}

const statusPath = root("status");

function idOf({ driver, pool, device, shareID }: DeviceIdentity): string {
  const id = `${driver}/${pool}/${device}`;
  return shareID ? `${id}/${shareID}` : id;
}

function shownId({ driver, pool, device, shareID }: DeviceIdentity): unknown {
  return { Driver: driver ?? "", Pool: pool ?? "", Device: device ?? "", ShareID: shareID ?? "" };
}

function allocatedIds({ status }: Claim): Set<string> {
  return new Set((status?.allocation?.devices?.results ?? []).map(idOf));
}

/** What is said of devices goes when the claim loses them. */
export function dropDeallocatedDevices(claim: Claim, old: Claim): void {
  const { status } = claim;
  if (!status?.devices) return;
  const kept = allocatedIds(claim);
  const lost = new Set([...allocatedIds(old)].filter((id) => !kept.has(id)));
  if (lost.size === 0) return;
  const devices = status.devices.filter((device) => !lost.has(idOf(device)));
  if (devices.length > 0) status.devices = devices;
  else delete status.devices;
}

export function checkClaimStatus(claim: Claim, old: Claim): FieldError[] {
  const out: FieldError[] = [];
  const { reservedFor, devices, allocation } = claim.status ?? {};
  const reservedPath = statusPath.child("reservedFor");
  checkSet(reservedFor, limits.reservedFor, checkConsumer, ({ uid }) => uid ?? "", reservedPath, out);
  const allocated = allocatedIds(claim);
  const checkDevice = (device: resourceV1.AllocatedDeviceStatus, at: FieldPath) =>
    checkDeviceStatus(device, allocated, at, out);
  checkSet(devices, Number.POSITIVE_INFINITY, checkDevice, idOf, statusPath.child("devices"), out, shownId);
  checkReservation(claim, old, out);
  const path = statusPath.child("allocation");
  if (allocation && old.status?.allocation) {
    const shown = goValue(allocation, "io.k8s.api.resource.v1.AllocationResult");
    checkImmutable(allocation, old.status.allocation, path, out, shown);
  } else if (allocation) checkAllocation(allocation, requestNames(claim.spec?.devices), path, out);
  return out;
}

function checkReservation({ metadata, status }: Claim, old: Claim, out: FieldError[]): void {
  const path = statusPath.child("reservedFor");
  const reservedFor = status?.reservedFor ?? [];
  if (reservedFor.length === 0) return;
  if (!status?.allocation) {
    out.push(fieldError.forbidden(path, "may not be specified when `allocated` is not set"));
    return;
  }
  const before = old.status?.reservedFor ?? [];
  const isKnown = (consumer: resourceV1.ResourceClaimConsumerReference) =>
    before.some((other) => deepEqual(other, consumer));
  if (metadata.deletionTimestamp && !reservedFor.every(isKnown)) {
    const detail = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set";
    out.push(fieldError.forbidden(path, detail));
  }
}

function checkConsumer(consumer: resourceV1.ResourceClaimConsumerReference, path: FieldPath, out: FieldError[]): void {
  for (const field of ["resource", "name", "uid"] as const) {
    if (!consumer[field]) out.push(fieldError.required(path.child(field), ""));
  }
}

function checkAllocation(
  { devices, nodeSelector }: resourceV1.AllocationResult,
  names: ReadonlySet<string>,
  path: FieldPath,
  out: FieldError[],
): void {
  const devicesPath = path.child("devices");
  const checkOneResult = (result: resourceV1.DeviceRequestAllocationResult, at: FieldPath) =>
    checkResult(result, names, at, out);
  checkList(devices?.results, limits.results, checkOneResult, devicesPath.child("results"), out);
  const checkOneConfig = (config: resourceV1.DeviceAllocationConfiguration, at: FieldPath) => {
    checkRequiredSupported(config.source, ["FromClaim", "FromClass"], at.child("source"), out);
    checkRequestNames(config.requests, names, at.child("requests"), out);
    checkConfiguration(config, false, at, out);
  };
  // Of the class and of the claim.
  checkList(devices?.config, 2 * limits.config, checkOneConfig, devicesPath.child("config"), out);
  if (nodeSelector) checkNodeSelector(nodeSelector, path.child("nodeSelector"), out);
}

function checkResult(
  result: resourceV1.DeviceRequestAllocationResult,
  names: ReadonlySet<string>,
  path: FieldPath,
  out: FieldError[],
): void {
  checkRequestName(result.request ?? "", names, path.child("request"), out);
  checkDevice(result, path, out);
  checkBindingConditions(result.bindingConditions, result.bindingFailureConditions, path, out);
  for (const [i, toleration] of (result.tolerations ?? []).entries()) {
    checkToleration(toleration, path.child("tolerations").index(i), out);
  }
  if (result.shareID !== undefined) checkUID(result.shareID, path.child("shareID"), out);
}

function checkDevice({ driver, pool, device }: DeviceIdentity, path: FieldPath, out: FieldError[]): void {
  checkDriverName(driver, path.child("driver"), out);
  checkPoolName(pool, path.child("pool"), out);
  checkDNSLabel(device ?? "", path.child("device"), out);
}

function checkDeviceStatus(
  status: resourceV1.AllocatedDeviceStatus,
  allocated: ReadonlySet<string>,
  path: FieldPath,
  out: FieldError[],
): void {
  checkDevice(status, path, out);
  if (status.shareID !== undefined) checkUID(status.shareID, path.child("shareID"), out);
  if (!allocated.has(idOf(status))) {
    out.push(fieldError.invalid(path, shownId(status), "must be an allocated device in the claim"));
  }
  const conditions = status.conditions ?? [];
  const conditionsPath = path.child("conditions");
  if (conditions.length > limits.deviceConditions) {
    out.push(fieldError.tooMany(conditionsPath, conditions.length, limits.deviceConditions));
  }
  checkConditions(conditions, conditionsPath, out);
  if (status.data !== undefined) checkRaw(status.data, limits.deviceDataBytes, path.child("data"), out);
  if (status.networkData) checkNetwork(status.networkData, path.child("networkData"), out);
}

function checkNetwork(
  { interfaceName = "", hardwareAddress = "", ips }: resourceV1.NetworkDeviceData,
  path: FieldPath,
  out: FieldError[],
): void {
  if (Buffer.byteLength(interfaceName) > limits.interfaceNameBytes) {
    out.push(fieldError.tooLong(path.child("interfaceName"), "", limits.interfaceNameBytes));
  }
  if (Buffer.byteLength(hardwareAddress) > limits.hardwareAddressBytes) {
    out.push(fieldError.tooLong(path.child("hardwareAddress"), "", limits.hardwareAddressBytes));
  }
  const checkAddress = (address: string, at: FieldPath) => {
    if (isCIDR(address).length === 0) return;
    const detail = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)";
    out.push(fieldError.invalid(at, address, detail));
  };
  checkSet(ips, limits.deviceAddresses, checkAddress, (address) => address, path.child("ips"), out);
}
