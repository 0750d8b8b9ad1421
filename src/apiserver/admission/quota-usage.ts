import type { ResourceKind } from "../../api/kinds/index.ts";
import {
  addQuantity,
  compareQuantity,
  type KubeObject,
  parseQuantity,
  type Quantity,
  quantityOf,
} from "../../api/meta/index.ts";
import type { PodSpec } from "./pod.ts";

/** Amounts by the names that quotas use. */
export type Usage = ReadonlyMap<string, Quantity>;

const one = quantityOf(1);
/** Core resources that quotas may also count by their bare name. */
const countedByName: ReadonlySet<string> = new Set([
  "configmaps",
  "persistentvolumeclaims",
  "pods",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "services",
]);

/** What a new object takes from the quotas of its namespace. */
export function usageOf(kind: ResourceKind, object: KubeObject): Usage {
  const usage = new Map<string, Quantity>();
  usage.set(`count/${kind.group === "" ? kind.resource : `${kind.resource}.${kind.group}`}`, one);
  if (kind.group !== "") return usage;
  if (countedByName.has(kind.resource)) usage.set(kind.resource, one);
  const spec = (object as KubeObject & { spec?: object }).spec ?? {};
  if (kind.resource === "pods") addPod(usage, spec);
  if (kind.resource === "services") addService(usage, spec);
  if (kind.resource === "persistentvolumeclaims") addClaim(usage, spec);
  return usage;
}

function addPod(usage: Map<string, Quantity>, spec: PodSpec): void {
  for (const [name, amount] of podTotals(spec, "requests")) {
    usage.set(`requests.${name}`, amount);
    if (name === "cpu" || name === "memory" || name === "ephemeral-storage") usage.set(name, amount);
  }
  for (const [name, amount] of podTotals(spec, "limits")) usage.set(`limits.${name}`, amount);
}

/** Containers together, or an init container where it takes more; and the overhead. */
function podTotals(spec: PodSpec, field: "requests" | "limits"): Map<string, Quantity> {
  const totals = new Map<string, Quantity>();
  const add = (name: string, text: string) => {
    const amount = parseQuantity(text);
    totals.set(name, addQuantity(totals.get(name) ?? quantityOf(0, amount.format), amount));
  };
  const amountsOf = (resources: PodSpec["resources"]) => Object.entries(resources?.[field] ?? {});
  for (const container of spec.containers ?? [])
    for (const [name, text] of amountsOf(container.resources)) add(name, text);
  for (const container of spec.initContainers ?? []) {
    for (const [name, text] of amountsOf(container.resources)) {
      const total = totals.get(name);
      if (total === undefined || compareQuantity(total, parseQuantity(text)) < 0) totals.set(name, parseQuantity(text));
    }
  }
  for (const [name, text] of Object.entries(spec.overhead ?? {}))
    if (field === "requests" || totals.has(name)) add(name, text);
  return totals;
}

function addService(
  usage: Map<string, Quantity>,
  spec: { type?: string; ports?: readonly unknown[]; allocateLoadBalancerNodePorts?: boolean },
): void {
  const ports = quantityOf(spec.ports?.length ?? 0);
  if (spec.type === "NodePort") usage.set("services.nodeports", ports);
  if (spec.type !== "LoadBalancer") return;
  usage.set("services.loadbalancers", one);
  if (spec.allocateLoadBalancerNodePorts !== false) usage.set("services.nodeports", ports);
}

function addClaim(
  usage: Map<string, Quantity>,
  spec: { storageClassName?: string; resources?: { requests?: Record<string, string> } },
): void {
  const text = spec.resources?.requests?.storage;
  const suffix = spec.storageClassName ? `${spec.storageClassName}.storageclass.storage.k8s.io/` : undefined;
  if (text !== undefined) usage.set("requests.storage", parseQuantity(text));
  if (suffix === undefined) return;
  usage.set(`${suffix}persistentvolumeclaims`, one);
  if (text !== undefined) usage.set(`${suffix}requests.storage`, parseQuantity(text));
}

/** The containers of a pod that do not say what a quota limits, by what they do not say. */
export function unspecified(spec: PodSpec, limited: readonly string[]): string[] {
  const found: string[] = [];
  for (const name of [...limited].sort()) {
    const [field, resource] = fieldOf(name);
    if (resource === undefined) continue;
    const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
    const without = containers.filter((container) => container.resources?.[field]?.[resource] === undefined);
    if (without.length > 0)
      found.push(
        `${name} for: ${without
          .map((container) => container.name)
          .sort()
          .join(",")}`,
      );
  }
  return found;
}

function fieldOf(name: string): ["requests" | "limits", string | undefined] {
  if (name === "cpu" || name === "memory") return ["requests", name];
  if (name === "requests.cpu" || name === "requests.memory") return ["requests", name.slice("requests.".length)];
  if (name === "limits.cpu" || name === "limits.memory") return ["limits", name.slice("limits.".length)];
  return ["requests", undefined];
}
