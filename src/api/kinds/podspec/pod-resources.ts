import { addQuantity, canonicalQuantity, compareQuantity, formatQuantity, parseQuantity } from "../../meta/index.ts";
import type { Container, PodSpec } from "../../types/index.ts";

/** Resources that a pod as a whole may ask for, beside huge pages. */
export const podLevelResources: ReadonlySet<string> = new Set(["cpu", "memory"]);

export function isPodLevelResource(name: string): boolean {
  return podLevelResources.has(name) || name.startsWith("hugepages-");
}

/**
 * A pod that asks for resources as a whole: what its containers request together is the pod's request where it names
 * none, else its limit.
 */
export function defaultPodResources(spec: PodSpec): void {
  const resources = spec.resources;
  if (!resources) return;
  const total = containerRequests(spec);
  for (const [name, quantity] of Object.entries(total)) {
    if (!isPodLevelResource(name) || name.startsWith("hugepages-")) continue;
    if (resources.requests?.[name] !== undefined) continue;
    resources.requests = { ...resources.requests, [name]: quantity };
  }
  for (const [name, quantity] of Object.entries(resources.limits ?? {})) {
    if (!isPodLevelResource(name) || resources.requests?.[name] !== undefined) continue;
    resources.requests = { ...resources.requests, [name]: canonicalQuantity(quantity) };
  }
}

/** What containers request together: the sum of all that run at once, or an init container that needs more. */
export function containerRequests(spec: PodSpec): Record<string, string> {
  let running: Record<string, string> = {};
  for (const container of spec.containers ?? []) running = add(running, container.resources?.requests ?? {});
  let sidecars: Record<string, string> = {};
  let peak: Record<string, string> = {};
  for (const container of spec.initContainers ?? []) {
    const own = container.resources?.requests ?? {};
    if (isSidecar(container)) sidecars = add(sidecars, own);
    peak = max(peak, isSidecar(container) ? sidecars : add(sidecars, own));
  }
  return max(add(running, sidecars), peak);
}

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

type Resources = Readonly<Record<string, string>>;

function add(a: Resources, b: Resources): Record<string, string> {
  const sum: Record<string, string> = { ...a };
  for (const [name, quantity] of Object.entries(b)) {
    const before = Object.hasOwn(sum, name) ? sum[name] : undefined;
    sum[name] =
      before === undefined ? quantity : formatQuantity(addQuantity(parseQuantity(before), parseQuantity(quantity)));
  }
  return sum;
}

function max(a: Resources, b: Resources): Record<string, string> {
  const most: Record<string, string> = { ...a };
  for (const [name, quantity] of Object.entries(b)) {
    const other = Object.hasOwn(most, name) ? most[name] : undefined;
    if (other === undefined || compareQuantity(parseQuantity(quantity), parseQuantity(other)) > 0)
      most[name] = quantity;
  }
  return most;
}
