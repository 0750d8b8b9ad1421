import { parseQuantity, parseTime, type Quantity, quantityOf } from "../meta/index.ts";
import { addAmounts, podTotals, type ResourceField } from "../pod-resources/index.ts";
import type { Pod } from "../types/index.ts";

const one = quantityOf(1);
const standardNames: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);

/** What a pod takes. A pod that has ended, or should have by now, only counts as an object. */
export function podUsage(pod: Pod, nowMs: number): Map<string, Quantity> {
  const usage = new Map([["count/pods", one]]);
  if (hasEnded(pod, nowMs)) return usage;
  usage.set("pods", one);
  addAmounts(usage, namedAmounts(podTotals(pod, "requests", "running"), podTotals(pod, "limits", "running")));
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

/** Quotas on these can only be kept when every container says what it takes. */
const mustBeSpecified: ReadonlyMap<string, readonly [ResourceField, string]> = new Map([
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
