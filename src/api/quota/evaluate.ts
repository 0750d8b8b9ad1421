import { type KubeObject, parseQuantity, type Quantity, quantityOf } from "../meta/index.ts";
import { addAmounts } from "../pod-resources/index.ts";
import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from "../types/index.ts";
import { isExtended, podUsage } from "./pod-usage.ts";
import { matchedScopes, type ScopeRequirement, scopesOf } from "./scopes.ts";

/** An object and its resource: `pods`, `deployments.apps`. */
export interface CountedObject {
  readonly resource: string;
  readonly object: KubeObject;
}

const one = quantityOf(1);
const zero = quantityOf(0);
const classSeparator = ".storageclass.storage.k8s.io/";
const deviceSeparator = ".deviceclass.resource.k8s.io/devices";
/** Core resources that quotas may also count by their bare name. */
const countedByName: ReadonlySet<string> = new Set([
  "configmaps",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
]);
const podNames: ReadonlySet<string> = new Set(
  ["cpu", "memory", "ephemeral-storage"].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]).concat("pods"),
);
const serviceNames: ReadonlySet<string> = new Set(["services", "services.loadbalancers", "services.nodeports"]);
const claimNames = ["persistentvolumeclaims", "requests.storage"];
/** A claim for all devices of a class counts as the most that one claim can get. */
const allDevices = quantityOf(32);

/** The resource whose objects use up this entry of a quota; undefined for what nothing uses up. */
export function countedResource(name: string): string | undefined {
  if (name.startsWith("count/")) return name.slice("count/".length);
  if (serviceNames.has(name)) return "services";
  if (claimNames.includes(name) || name.includes(classSeparator)) return "persistentvolumeclaims";
  if (name.endsWith(deviceSeparator)) return "resourceclaims.resource.k8s.io";
  if (countedByName.has(name)) return name;
  return isPodName(name) ? "pods" : undefined;
}

function isPodName(name: string): boolean {
  if (podNames.has(name) || name.startsWith("hugepages-") || name.startsWith("requests.hugepages-")) return true;
  return name.startsWith("requests.") && isExtended(name.slice("requests.".length));
}

/** Those of the names that objects of the resource use up. */
export function matchingNames(resource: string, names: Iterable<string>): string[] {
  return [...names].filter((name) => countedResource(name) === resource);
}

/** Whether the quota counts the object: it limits something of it, and all its scopes fit. */
export function quotaMatches(quota: ResourceQuota, { resource, object }: CountedObject): boolean {
  if (matchingNames(resource, Object.keys(quota.status?.hard ?? quota.spec?.hard ?? {})).length === 0) return false;
  return isInScopes(resource, object, scopesOf(quota));
}

function isInScopes(resource: string, object: KubeObject, scopes: readonly ScopeRequirement[]): boolean {
  return matchedScopes(resource, object, scopes).length === scopes.length;
}

/** Those of the scopes for which no other of the same name is there. */
export function uncoveredScopes(
  wanted: readonly ScopeRequirement[],
  covering: readonly ScopeRequirement[],
): ScopeRequirement[] {
  return wanted.filter(({ scopeName }) => !covering.some((other) => other.scopeName === scopeName));
}

/** All that one object takes, by the names that quotas use. */
export function usageOf({ resource, object }: CountedObject, nowMs: number): Map<string, Quantity> {
  switch (resource) {
    case "pods":
      return podUsage(object as Pod, nowMs);
    case "services":
      return serviceUsage(object as Service);
    case "persistentvolumeclaims":
      return claimUsage(object as PersistentVolumeClaim);
    case "resourceclaims.resource.k8s.io":
      return deviceUsage(object as DeviceClaim);
    default: {
      const usage = new Map([[`count/${resource}`, one]]);
      if (countedByName.has(resource)) usage.set(resource, one);
      return usage;
    }
  }
}

/** Node ports are not allocated yet when this is asked: the intent counts. */
function serviceUsage({ spec }: Service): Map<string, Quantity> {
  const ports = spec?.ports ?? [];
  const usage = new Map([
    ["count/services", one],
    ["services", one],
    ["services.loadbalancers", zero],
    ["services.nodeports", zero],
  ]);
  if (spec?.type === "NodePort") usage.set("services.nodeports", quantityOf(ports.length));
  if (spec?.type !== "LoadBalancer") return usage;
  const counted = spec.allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => nodePort) : ports;
  usage.set("services.nodeports", quantityOf(counted.length));
  usage.set("services.loadbalancers", one);
  return usage;
}

function claimUsage(claim: PersistentVolumeClaim): Map<string, Quantity> {
  const usage = new Map([
    ["count/persistentvolumeclaims", one],
    ["persistentvolumeclaims", one],
  ]);
  const storage = storageOf(claim);
  if (storage !== undefined) usage.set("requests.storage", storage);
  const name =
    claim.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? claim.spec?.storageClassName ?? "";
  if (name === "") return usage;
  usage.set(`${name}${classSeparator}persistentvolumeclaims`, one);
  if (storage !== undefined) usage.set(`${name}${classSeparator}requests.storage`, storage);
  return usage;
}

const nanoPerUnit = 1_000_000_000n;

/** Whole bytes, and what is already allocated when that is more. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const wanted = spec?.resources?.requests?.storage;
  if (wanted === undefined) return undefined;
  const allocated = status?.allocatedResources?.storage;
  let amount = parseQuantity(wanted);
  if (allocated !== undefined && parseQuantity(allocated).nano > amount.nano) amount = parseQuantity(allocated);
  const rest = amount.nano % nanoPerUnit;
  return rest === 0n ? amount : { nano: amount.nano + nanoPerUnit - rest, format: amount.format };
}

interface DeviceRequest {
  readonly deviceClassName: string;
  readonly allocationMode?: string;
  readonly count?: number;
}
type DeviceClaim = KubeObject & {
  spec?: { devices?: { requests?: { exactly?: DeviceRequest; firstAvailable?: DeviceRequest[] }[] } };
};

function deviceUsage({ spec }: DeviceClaim): Map<string, Quantity> {
  const usage = new Map([["count/resourceclaims.resource.k8s.io", one]]);
  for (const request of spec?.devices?.requests ?? []) {
    if (request.exactly !== undefined) addAmounts(usage, [deviceAmount(request.exactly)]);
    const largest = new Map<string, Quantity>();
    for (const [name, amount] of (request.firstAvailable ?? []).map(deviceAmount)) {
      const present = largest.get(name);
      if (present === undefined || present.nano < amount.nano) largest.set(name, amount);
    }
    addAmounts(usage, largest);
  }
  return usage;
}

function deviceAmount(request: DeviceRequest): [string, Quantity] {
  const amount = request.allocationMode === "All" ? allDevices : quantityOf(request.count ?? 1);
  return [`${request.deviceClassName}${deviceSeparator}`, amount];
}
