import { parseQuantity, quoteGo } from "../api/meta/index.ts";
import type { Container, Pod, ResourceFieldSelector } from "../api/types/index.ts";
import { podUid } from "./pod-worker/index.ts";

/** What of a pod its own containers may read (the downward API), in variables and in files. */
export interface PodAddresses {
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
}

/** @throws Error for a path that pods do not have */
export function podField(pod: Pod, path: string, { podIPs, hostIPs }: PodAddresses): string {
  const { metadata, spec } = pod;
  const indexed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (indexed !== null) {
    return (indexed[1] === "labels" ? metadata.labels : metadata.annotations)?.[indexed[2] ?? ""] ?? "";
  }
  switch (path) {
    case "metadata.name":
      return metadata.name ?? "";
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return podUid(pod);
    case "metadata.labels":
      return mapText(metadata.labels);
    case "metadata.annotations":
      return mapText(metadata.annotations);
    case "spec.nodeName":
      return spec?.nodeName ?? "";
    case "spec.serviceAccountName":
      return spec?.serviceAccountName ?? "";
    case "status.hostIP":
      return hostIPs[0] ?? "";
    case "status.hostIPs":
      return hostIPs.join(",");
    case "status.podIP":
      return podIPs[0] ?? "";
    case "status.podIPs":
      return podIPs.join(",");
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/** A line for each pair, sorted by key. */
function mapText(pairs: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(pairs ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${quoteGo(value)}`)
    .join("\n");
}

type ResourceList = Readonly<Record<string, string>>;

/** Limits of these are the node's, or the pod's as a whole, where a container has none. */
const boundedByNode = ["cpu", "memory", "ephemeral-storage"];

/** An amount in whole divisors (one unit when none is given), rounded up. */
export function containerResource(
  pod: Pod,
  container: Container,
  { resource, divisor }: ResourceFieldSelector,
  allocatable: ResourceList,
): string {
  const [list = "", ...rest] = resource.split(".");
  const name = rest.join(".");
  const { requests, limits } = container.resources ?? {};
  const own = list === "limits" ? limits?.[name] : requests?.[name];
  const isBounded = list === "limits" && boundedByNode.includes(name);
  const amount = own ?? (isBounded ? (pod.spec?.resources?.limits?.[name] ?? allocatable[name]) : undefined) ?? "0";
  const units = parseQuantity(amount).nano;
  const each = divisor === undefined ? 0n : parseQuantity(divisor).nano;
  const divided = each === 0n ? parseQuantity("1").nano : each;
  return String((units + divided - 1n) / divided);
}

/** A container of the pod by its name, init containers included. */
export function containerNamed(pod: Pod, name: string): Container | undefined {
  return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find((one) => one.name === name);
}
