import { quantityToMilli, quantityToNumber } from "../api/meta/index.ts";
import type { Container, Pod } from "../api/types/index.ts";

/** Amounts of resources: CPU in thousandths, memory and ephemeral storage in bytes, others in their own unit. */
export interface Resources {
  cpuMilli: number;
  memoryBytes: number;
  ephemeralBytes: number;
  /** Extended resources, huge pages. */
  others: Map<string, number> | undefined;
}

type Quantities = Readonly<Record<string, string | number>> | undefined;

export function noResources(): Resources {
  return { cpuMilli: 0, memoryBytes: 0, ephemeralBytes: 0, others: undefined };
}

export function resourcesOf(quantities: Quantities): Resources {
  const sum = noResources();
  for (const name in quantities) {
    const quantity = quantities[name];
    if (quantity === undefined) continue;
    switch (name) {
      case "cpu":
        sum.cpuMilli = quantityToMilli(quantity);
        break;
      case "memory":
        sum.memoryBytes = quantityToNumber(quantity);
        break;
      case "ephemeral-storage":
        sum.ephemeralBytes = quantityToNumber(quantity);
        break;
      case "pods":
        break;
      default:
        sum.others ??= new Map();
        sum.others.set(name, quantityToNumber(quantity));
    }
  }
  return sum;
}

/** Adds `amount` (times `sign`) to `total` in place. */
export function addResources(total: Resources, amount: Resources, sign: 1 | -1 = 1): void {
  total.cpuMilli += sign * amount.cpuMilli;
  total.memoryBytes += sign * amount.memoryBytes;
  total.ephemeralBytes += sign * amount.ephemeralBytes;
  if (!amount.others) return;
  total.others ??= new Map();
  for (const [name, value] of amount.others) total.others.set(name, (total.others.get(name) ?? 0) + sign * value);
}

function raiseResources(total: Resources, least: Resources): void {
  total.cpuMilli = Math.max(total.cpuMilli, least.cpuMilli);
  total.memoryBytes = Math.max(total.memoryBytes, least.memoryBytes);
  total.ephemeralBytes = Math.max(total.ephemeralBytes, least.ephemeralBytes);
  if (!least.others) return;
  total.others ??= new Map();
  for (const [name, value] of least.others) total.others.set(name, Math.max(total.others.get(name) ?? 0, value));
}

/** What scoring assumes of a container that requests nothing, so that such pods spread too. */
export const nonzeroCpuMilli = 100;
export const nonzeroMemoryBytes = 200 * 1024 * 1024;

/**
 * What a pod takes from its node: the sum of its containers and sidecars, or what an init container needs while it
 * runs (with the sidecars started before it) when that is more; pod-level requests win; plus the overhead.
 * @param nonzero count containers without a CPU or memory request as if they asked for a little.
 */
export function podRequests(pod: Pod, nonzero = false): Resources {
  const spec = pod.spec;
  const total = noResources();
  const requestsOf = (container: Container): Resources => {
    const requests = resourcesOf(container.resources?.requests);
    if (nonzero) {
      if (container.resources?.requests?.cpu === undefined) requests.cpuMilli = nonzeroCpuMilli;
      if (container.resources?.requests?.memory === undefined) requests.memoryBytes = nonzeroMemoryBytes;
    }
    return requests;
  };
  for (const container of spec?.containers ?? []) addResources(total, requestsOf(container));
  const sidecars = noResources();
  const initPeak = noResources();
  for (const container of spec?.initContainers ?? []) {
    const requests = requestsOf(container);
    if (container.restartPolicy === "Always") {
      addResources(total, requests);
      addResources(sidecars, requests);
      raiseResources(initPeak, sidecars);
    } else {
      addResources(requests, sidecars);
      raiseResources(initPeak, requests);
    }
  }
  raiseResources(total, initPeak);
  const podLevel = spec?.resources?.requests;
  if (podLevel) {
    const wanted = resourcesOf(podLevel);
    if (podLevel.cpu !== undefined) total.cpuMilli = wanted.cpuMilli;
    if (podLevel.memory !== undefined) total.memoryBytes = wanted.memoryBytes;
    for (const [name, value] of wanted.others ?? []) {
      total.others ??= new Map();
      total.others.set(name, value);
    }
  }
  if (spec?.overhead) addResources(total, resourcesOf(spec.overhead));
  return total;
}
