import { formatQuantity, parseQuantity, quantityOf, quantityToNumber, toNumber } from "../../api/meta/index.ts";
import type { Container, Pod } from "../../api/types/index.ts";
import { podRequests } from "../pod-worker/index.ts";
import type { Observation, Signal } from "./thresholds.ts";

/** What a pod uses now. */
export interface PodUsage {
  readonly pod: Pod;
  readonly containers: readonly ContainerUsage[];
  /** Of its emptyDir volumes on disk, by volume name. */
  readonly volumeBytes: ReadonlyMap<string, number>;
  readonly inodes: number;
  readonly processes: number;
}

export interface ContainerUsage {
  readonly name: string;
  readonly memoryBytes: number;
  /** The writable layer and the logs. */
  readonly diskBytes: number;
}

/** What runs out when a signal's threshold is crossed, as messages name it. */
export const resourceOf: Readonly<Record<Signal, "memory" | "ephemeral-storage" | "inodes" | "pids">> = {
  "memory.available": "memory",
  "nodefs.available": "ephemeral-storage",
  "nodefs.inodesFree": "inodes",
  "imagefs.available": "ephemeral-storage",
  "imagefs.inodesFree": "inodes",
  "pid.available": "pids",
};

const systemCriticalPriority = 2_000_000_000;

/** Pods that a node needs to be a node: static pods and those of system priority are never evicted. */
export function isCritical({ metadata, spec }: Pod): boolean {
  const source = metadata.annotations?.["kubernetes.io/config.source"];
  if (source !== undefined && source !== "api") return true;
  return (spec?.priority ?? 0) >= systemCriticalPriority;
}

/**
 * The order in which pods go: first those that use more than they asked for, then by priority, then by how much more
 * they use. Of processes, priority comes first. (Pod eviction as the node-pressure eviction page describes it.)
 */
export function rankForEviction(pods: readonly PodUsage[], signal: Signal): PodUsage[] {
  const resource = resourceOf[signal];
  const overRequest = new Map(pods.map((usage) => [usage, excess(usage, resource)]));
  const over = (usage: PodUsage): number => overRequest.get(usage) ?? 0;
  const exceeds = (usage: PodUsage): number => (resource === "pids" || over(usage) <= 0 ? 1 : 0);
  const priority = ({ pod }: PodUsage): number => pod.spec?.priority ?? 0;
  return [...pods].sort((a, b) => exceeds(a) - exceeds(b) || priority(a) - priority(b) || over(b) - over(a));
}

function excess(usage: PodUsage, resource: (typeof resourceOf)[Signal]): number {
  switch (resource) {
    case "memory":
      return memoryOf(usage) - requested(usage.pod, "memory");
    case "ephemeral-storage":
      return diskOf(usage) - requested(usage.pod, "ephemeral-storage");
    case "inodes":
      return usage.inodes;
    case "pids":
      return usage.processes;
  }
}

function memoryOf({ containers }: PodUsage): number {
  return containers.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
}

export function diskOf({ containers, volumeBytes }: PodUsage): number {
  const inContainers = containers.reduce((sum, { diskBytes }) => sum + diskBytes, 0);
  return [...volumeBytes.values()].reduce((sum, bytes) => sum + bytes, inContainers);
}

function requested(pod: Pod, resource: string): number {
  const amount = podRequests(pod)[resource];
  return quantityToNumber(amount ?? 0);
}

/** What the pod's status and its event say of the eviction. */
export function evictionMessage(usage: PodUsage, signal: Signal, threshold: number, seen: Observation): string {
  const resource = resourceOf[signal];
  const amount = resource === "inodes" || resource === "pids" ? plain : binary;
  let message = `The node was low on resource: ${resource}. Threshold quantity: ${amount(threshold)}, available: ${amount(seen.available)}. `;
  if (resource !== "memory" && resource !== "ephemeral-storage") return message;
  for (const { name, memoryBytes, diskBytes } of usage.containers) {
    const container = containerOf(usage.pod, name);
    const request = quantityText(container?.resources?.requests?.[resource]);
    const used = resource === "memory" ? memoryBytes : diskBytes;
    if (used <= quantityToNumber(request)) continue;
    message += `Container ${name} was using ${binary(used)}, request is ${request}, has larger consumption of ${resource}. `;
  }
  return message;
}

/** A pod that takes more local storage than itself allows, whatever the node has left; undefined when it does not. */
export function overOwnLimit(usage: PodUsage): string | undefined {
  const { pod } = usage;
  for (const volume of pod.spec?.volumes ?? []) {
    const { emptyDir, name } = volume;
    const used = usage.volumeBytes.get(name) ?? 0;
    if (emptyDir?.sizeLimit === undefined || emptyDir.medium === "Memory") continue;
    const limit = parseQuantity(emptyDir.sizeLimit);
    if (limit.nano > 0n && used > toNumber(limit)) {
      return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(emptyDir.sizeLimit)}. `;
    }
  }
  for (const { name, diskBytes } of usage.containers) {
    const limit = containerOf(pod, name)?.resources?.limits?.["ephemeral-storage"];
    if (limit !== undefined && diskBytes > quantityToNumber(limit)) {
      return `Container ${name} exceeded its local ephemeral storage limit ${JSON.stringify(limit)}. `;
    }
  }
  const total = totalStorageLimit(pod);
  if (total !== undefined && diskOf(usage) > total) {
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${binary(total)}. `;
  }
  return undefined;
}

/** Only of pods in which some container has a limit. */
function totalStorageLimit({ spec }: Pod): number | undefined {
  const limits = (spec?.containers ?? []).flatMap(({ resources }) => resources?.limits?.["ephemeral-storage"] ?? []);
  if (limits.length === 0) return undefined;
  return limits.reduce((sum, limit) => sum + quantityToNumber(limit), 0);
}

function containerOf({ spec }: Pod, name: string): Container | undefined {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find((container) => container.name === name);
}

function quantityText(text: string | undefined): string {
  return text === undefined ? "0" : formatQuantity(parseQuantity(text));
}

function binary(bytes: number): string {
  return formatQuantity(quantityOf(Math.max(0, Math.floor(bytes)), "BinarySI"));
}

function plain(count: number): string {
  return formatQuantity(quantityOf(Math.max(0, Math.floor(count))));
}
