import { addQuantity, compareQuantity, parseQuantity, parseTime, type Quantity, quantityOf } from "../meta/index.ts";
import type { Container, ContainerStatus, Pod } from "../types/index.ts";
import { addAmounts } from "./amounts.ts";

type Field = "requests" | "limits";

const one = quantityOf(1);
const standardNames: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);

/** What a pod takes. A pod that has ended, or should have by now, only counts as an object. */
export function podUsage(pod: Pod, nowMs: number): Map<string, Quantity> {
  const usage = new Map([["count/pods", one]]);
  if (hasEnded(pod, nowMs)) return usage;
  usage.set("pods", one);
  addAmounts(usage, namedAmounts(podTotals(pod, "requests"), podTotals(pod, "limits")));
  return usage;
}

function hasEnded({ metadata, status }: Pod, nowMs: number): boolean {
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return true;
  const { deletionTimestamp, deletionGracePeriodSeconds: grace } = metadata;
  if (deletionTimestamp === undefined || grace === undefined) return false;
  return nowMs > parseTime(deletionTimestamp) + grace * 1000;
}

/** By the names under which quotas limit them. */
function namedAmounts(requests: Map<string, Quantity>, limits: Map<string, Quantity>): Map<string, Quantity> {
  const named = new Map<string, Quantity>();
  for (const [name, amount] of requests) {
    if (standardNames.has(name) || name.startsWith("hugepages-")) named.set(name, amount);
    if (standardNames.has(name) || name.startsWith("hugepages-") || isExtended(name))
      named.set(`requests.${name}`, amount);
  }
  for (const [name, amount] of limits) if (standardNames.has(name)) named.set(`limits.${name}`, amount);
  return named;
}

/** Resources outside Kubernetes' own, such as example.com/gpu. */
export function isExtended(name: string): boolean {
  return name.includes("/") && !name.includes("kubernetes.io/") && !name.startsWith("requests.");
}

/**
 * Containers and sidecars together, or an init container (with the sidecars before it) where it takes more; amounts of
 * the pod itself instead where it names them; and the overhead.
 */
function podTotals(pod: Pod, field: Field): Map<string, Quantity> {
  const { spec, status } = pod;
  const running = new Map<string, Quantity>();
  for (const container of spec.containers ?? []) {
    addAmounts(running, containerAmounts(container, field, statusOf(status?.containerStatuses, container)));
  }
  const sidecars = new Map<string, Quantity>();
  const starting = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const amounts = containerAmounts(container, field, statusOf(status?.initContainerStatuses, container));
    if (container.restartPolicy === "Always") {
      addAmounts(running, amounts);
      addAmounts(sidecars, amounts);
      raise(starting, sidecars);
    } else {
      const together = new Map(sidecars);
      addAmounts(together, amounts);
      raise(starting, together);
    }
  }
  raise(running, starting);
  for (const [name, text] of Object.entries(spec.resources?.[field] ?? {})) running.set(name, parseQuantity(text));
  for (const [name, text] of Object.entries(spec.overhead ?? {})) {
    const present = running.get(name);
    if (field === "requests" || (present !== undefined && present.nano > 0n))
      running.set(name, present === undefined ? parseQuantity(text) : addQuantity(present, parseQuantity(text)));
  }
  return running;
}

/** Raises each total to at least the other one. */
function raise(totals: Map<string, Quantity>, others: ReadonlyMap<string, Quantity>): void {
  for (const [name, amount] of others) {
    const present = totals.get(name);
    if (present === undefined || compareQuantity(present, amount) < 0) totals.set(name, amount);
  }
}

function statusOf(statuses: readonly ContainerStatus[] | undefined, { name }: Container): ContainerStatus | undefined {
  return statuses?.find((status) => status.name === name);
}

/** While a container is resized, the larger of what is wanted, allocated and in use. */
function containerAmounts(
  container: Container,
  field: Field,
  status: ContainerStatus | undefined,
): Map<string, Quantity> {
  const amounts = new Map<string, Quantity>();
  for (const texts of [
    container.resources?.[field],
    field === "requests" ? status?.allocatedResources : undefined,
    status?.resources?.[field],
  ]) {
    raise(amounts, new Map(Object.entries(texts ?? {}).map(([name, text]) => [name, parseQuantity(text)])));
  }
  return amounts;
}

/** Quotas on these can only be kept when every container says what it takes. */
const mustBeSpecified: ReadonlyMap<string, readonly [Field, string]> = new Map([
  ["cpu", ["requests", "cpu"]],
  ["limits.cpu", ["limits", "cpu"]],
  ["limits.memory", ["limits", "memory"]],
  ["memory", ["requests", "memory"]],
  ["requests.cpu", ["requests", "cpu"]],
  ["requests.memory", ["requests", "memory"]],
]);

/** What the containers do not say of what is limited: `cpu for: a,b; memory for: a`. Undefined when all is said. */
export function unspecifiedOf({ spec }: Pod, limited: readonly string[]): string | undefined {
  if (spec.resources?.requests !== undefined || spec.resources?.limits !== undefined) return undefined;
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const found: string[] = [];
  for (const name of [...limited].sort()) {
    const where = mustBeSpecified.get(name);
    if (where === undefined) continue;
    const without = containers.filter(({ resources }) => resources?.[where[0]]?.[where[1]] === undefined);
    const names = without.map((container) => container.name).sort();
    if (names.length > 0) found.push(`${name} for: ${names.join(",")}`);
  }
  return found.length === 0 ? undefined : found.join("; ");
}

/** No container asks for CPU or memory, nor does the pod. */
export function isBestEffort({ spec }: Pod): boolean {
  const all = [spec.resources, ...[...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((c) => c.resources)];
  return all.every((resources) => [resources?.requests, resources?.limits].every(asksNothing));
}

function asksNothing(amounts: Readonly<Record<string, string>> | undefined): boolean {
  return ["cpu", "memory"].every((name) => amounts?.[name] === undefined || parseQuantity(amounts[name]).nano === 0n);
}
