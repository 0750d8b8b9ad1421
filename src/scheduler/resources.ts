import { quantityToMilli, quantityToNumber } from "../api/meta/index.ts";
import type { Container, ContainerStatus, Pod } from "../api/types/index.ts";

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

/** How much of one resource there is: CPU in thousandths, others in their own unit. */
export function amountOf(quantities: Quantities, resource: string): number {
  const quantity = quantities?.[resource];
  if (quantity === undefined) return 0;
  return resource === "cpu" ? quantityToMilli(quantity) : quantityToNumber(quantity);
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

/** Resources of which containers that ask for none are counted as if they asked for a little. */
export interface CountedAnyway {
  readonly cpu: boolean;
  readonly memory: boolean;
}

const countNothing: CountedAnyway = { cpu: false, memory: false };
const countBoth: CountedAnyway = { cpu: true, memory: true };

/**
 * What a pod takes from its node: the sum of its containers and sidecars, or what an init container needs while it
 * runs (with the sidecars started before it) when that is more; pod-level requests win; plus the overhead.
 */
export function podRequests(pod: Pod, anyway: CountedAnyway = countNothing): Resources {
  const { spec, status } = pod;
  const infeasible = status?.conditions?.some(
    ({ type, reason }) => type === "PodResizePending" && reason === "Infeasible",
  );
  const requestsOf = (container: Container, statuses: readonly ContainerStatus[] | undefined): Resources => {
    const running = statuses?.find(({ name }) => name === container.name);
    const requests = effectiveRequests(container, running, infeasible === true);
    if (anyway.cpu && !isAskedFor("cpu", container, running)) requests.cpuMilli = nonzeroCpuMilli;
    if (anyway.memory && !isAskedFor("memory", container, running)) requests.memoryBytes = nonzeroMemoryBytes;
    return requests;
  };
  const total = noResources();
  for (const container of spec?.containers ?? []) {
    addResources(total, requestsOf(container, status?.containerStatuses));
  }
  const sidecars = noResources();
  const initPeak = noResources();
  for (const container of spec?.initContainers ?? []) {
    const requests = requestsOf(container, status?.initContainerStatuses);
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
  applyPodLevel(total, spec?.resources?.requests);
  if (spec?.overhead) addResources(total, resourcesOf(spec.overhead));
  return total;
}

/** KEP-1287: while a container is resized it may take what it asks for, what it was granted and what it has; the most counts. */
function effectiveRequests(container: Container, running: ContainerStatus | undefined, infeasible: boolean): Resources {
  const asked = resourcesOf(container.resources?.requests);
  if (running?.resources === undefined) return asked;
  const effective = infeasible ? noResources() : asked;
  raiseResources(effective, resourcesOf(running.resources.requests));
  raiseResources(effective, resourcesOf(running.allocatedResources));
  return effective;
}

function isAskedFor(name: string, container: Container, running: ContainerStatus | undefined): boolean {
  return (
    container.resources?.requests?.[name] !== undefined ||
    running?.resources?.requests?.[name] !== undefined ||
    running?.allocatedResources?.[name] !== undefined
  );
}

/** KEP-2837: what the pod asks for as a whole replaces the sum, for the resources that it may name. */
function applyPodLevel(total: Resources, requests: Quantities): void {
  if (!requests) return;
  const wanted = resourcesOf(requests);
  if (requests.cpu !== undefined) total.cpuMilli = wanted.cpuMilli;
  if (requests.memory !== undefined) total.memoryBytes = wanted.memoryBytes;
  for (const [name, value] of wanted.others ?? []) {
    if (!name.startsWith("hugepages-")) continue;
    total.others ??= new Map();
    total.others.set(name, value);
  }
}

/** How scoring counts a pod that is to be placed. */
export function incomingRequests(pod: Pod): Resources {
  return podRequests(pod, countBoth);
}

/** How scoring counts a pod that is on a node. One with pod-level requests is filled up only in what nobody asks for. */
export function countedRequests(pod: Pod): Resources {
  const podLevel = pod.spec?.resources?.requests;
  if (!podLevel || Object.keys(podLevel).length === 0) return incomingRequests(pod);
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const isNowhere = (name: string) =>
    podLevel[name] === undefined &&
    pod.spec?.overhead?.[name] === undefined &&
    !containers.some((container) =>
      isAskedFor(
        name,
        container,
        statuses.find((status) => status.name === container.name),
      ),
    );
  return podRequests(pod, { cpu: isNowhere("cpu"), memory: isNowhere("memory") });
}
