import {
  addQuantity,
  canonicalQuantity,
  formatQuantity,
  type KubeObject,
  parseQuantity,
  type Quantity,
  quantityOf,
} from "../../api/meta/index.ts";
import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from "../../api/types/index.ts";
import { hasEnded } from "../pods/index.ts";

/** The resource (`pods`, `deployments.apps`) whose objects use up this entry of a quota. */
export function countedResource(entry: string): string | undefined {
  if (entry.startsWith("count/")) return entry.slice("count/".length);
  if (entry.startsWith("services")) return "services";
  if (entry.includes("storageclass.storage.k8s.io/") || entry === "requests.storage") return "persistentvolumeclaims";
  if (plainCounts.has(entry)) return entry;
  return computeOf(entry) === undefined ? undefined : "pods";
}

const plainCounts = new Set([
  "pods",
  "configmaps",
  "secrets",
  "persistentvolumeclaims",
  "replicationcontrollers",
  "resourcequotas",
]);

/** `requests.cpu` and `cpu` are the same. */
function computeOf(entry: string): { field: "requests" | "limits"; resource: string } | undefined {
  if (entry.startsWith("limits.")) return { field: "limits", resource: entry.slice("limits.".length) };
  if (entry.startsWith("requests.")) return { field: "requests", resource: entry.slice("requests.".length) };
  if (["cpu", "memory", "ephemeral-storage"].includes(entry) || entry.startsWith("hugepages-"))
    return { field: "requests", resource: entry };
  return undefined;
}

/** What the objects use of the quota's entries. `objectsOf` gives all of a resource in the namespace. */
export function usageOf(
  quota: ResourceQuota,
  objectsOf: (resource: string) => readonly KubeObject[],
): Record<string, string> {
  const used: Record<string, string> = {};
  for (const entry of Object.keys(quota.spec?.hard ?? {})) {
    const resource = countedResource(entry);
    if (resource === undefined) continue;
    let sum = quantityOf(0);
    for (const object of objectsOf(resource)) {
      const amount = isInScope(quota, resource, object) ? amountOf(entry, resource, object) : undefined;
      if (amount !== undefined) sum = addQuantity(sum, amount);
    }
    used[entry] = canonicalQuantity(formatQuantity(sum));
  }
  return used;
}

const one = quantityOf(1);

function amountOf(entry: string, resource: string, object: KubeObject): Quantity | undefined {
  if (entry.startsWith("count/")) return one;
  switch (resource) {
    case "pods":
      return podAmount(entry, object as Pod);
    case "services":
      return serviceAmount(entry, object as Service);
    case "persistentvolumeclaims":
      return claimAmount(entry, object as PersistentVolumeClaim);
    default:
      return one;
  }
}

/** Pods that have ended use nothing. */
function podAmount(entry: string, pod: Pod): Quantity | undefined {
  if (hasEnded(pod)) return undefined;
  const compute = computeOf(entry);
  if (compute === undefined) return one;
  const { field, resource } = compute;
  const amount = (container: {
    resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  }) => {
    const text = container.resources?.[field]?.[resource];
    return text === undefined ? quantityOf(0) : parseQuantity(text);
  };
  const total = (containers: readonly Parameters<typeof amount>[0][]) =>
    containers.reduce((sum, next) => addQuantity(sum, amount(next)), quantityOf(0));
  const init = pod.spec.initContainers ?? [];
  const sidecars = total(init.filter(({ restartPolicy }) => restartPolicy === "Always"));
  const running = addQuantity(total(pod.spec.containers), sidecars);
  const starting = init
    .filter(({ restartPolicy }) => restartPolicy !== "Always")
    .map((container) => addQuantity(amount(container), sidecars));
  const most = starting.reduce((a, b) => (b.nano > a.nano ? b : a), running);
  const overhead = field === "requests" || most.nano > 0n ? pod.spec.overhead?.[resource] : undefined;
  return overhead === undefined ? most : addQuantity(most, parseQuantity(overhead));
}

function serviceAmount(entry: string, { spec }: Service): Quantity | undefined {
  if (entry === "services") return one;
  if (entry === "services.loadbalancers") return spec?.type === "LoadBalancer" ? one : undefined;
  if (entry !== "services.nodeports" || (spec?.type !== "NodePort" && spec?.type !== "LoadBalancer")) return undefined;
  const ports = spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts === false ? [] : (spec.ports ?? []);
  return quantityOf(ports.length);
}

function claimAmount(entry: string, { spec }: PersistentVolumeClaim): Quantity | undefined {
  const separator = ".storageclass.storage.k8s.io/";
  const at = entry.indexOf(separator);
  if (at >= 0 && spec.storageClassName !== entry.slice(0, at)) return undefined;
  const what = at >= 0 ? entry.slice(at + separator.length) : entry;
  if (what === "persistentvolumeclaims") return one;
  const storage = spec.resources?.requests?.storage;
  return storage === undefined ? undefined : parseQuantity(storage);
}

interface Scope {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

function isInScope(quota: ResourceQuota, resource: string, object: KubeObject): boolean {
  const scopes: Scope[] = [
    ...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" })),
    ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
  ];
  return resource !== "pods" || scopes.every((scope) => podIsIn(scope, object as Pod));
}

function podIsIn({ scopeName, operator, values = [] }: Scope, pod: Pod): boolean {
  switch (scopeName) {
    case "Terminating":
      return (pod.spec.activeDeadlineSeconds ?? -1) >= 0;
    case "NotTerminating":
      return pod.spec.activeDeadlineSeconds === undefined;
    case "BestEffort":
      return pod.status?.qosClass === "BestEffort";
    case "NotBestEffort":
      return pod.status?.qosClass !== "BestEffort";
    case "PriorityClass": {
      const name = pod.spec.priorityClassName;
      if (operator === "In") return name !== undefined && values.includes(name);
      if (operator === "NotIn") return name === undefined || !values.includes(name);
      return operator === "DoesNotExist" ? !name : Boolean(name);
    }
    default:
      return false;
  }
}
