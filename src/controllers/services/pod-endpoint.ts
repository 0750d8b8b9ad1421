import type { ContainerPort, Node, Pod, Service, ServicePort } from "../../api/types/index.ts";
import { hasEnded } from "../pods/index.ts";

export const managedByLabel = "endpoints.kubernetes.io/managed-by";
export const headlessLabel = "service.kubernetes.io/headless";
export const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";
export const zoneLabel = "topology.kubernetes.io/zone";

/** The number behind a service port on this pod; undefined when the pod has no port of that name. */
export function targetPortOf(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === "number") return target === 0 ? port.port : target;
  const protocol = port.protocol ?? "TCP";
  return containerPorts(pod).find((known) => known.name === target && (known.protocol ?? "TCP") === protocol)
    ?.containerPort;
}

/** Also of sidecars: init containers that go on running. */
function containerPorts(pod: Pod): ContainerPort[] {
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  return [...pod.spec.containers, ...sidecars].flatMap((container) => container.ports ?? []);
}

/** The pod can be reached, or could be if it were ready. */
export function hasEndpoint(pod: Pod, includeTerminating: boolean): boolean {
  if (hasEnded(pod) || !pod.status?.podIP) return false;
  return includeTerminating || pod.metadata.deletionTimestamp === undefined;
}

export type AddressFamily = "IPv4" | "IPv6";

export function podAddress(pod: Pod, family: AddressFamily): string | undefined {
  const addresses = pod.status?.podIPs?.map(({ ip }) => ip) ?? [pod.status?.podIP ?? ""];
  return addresses.find((ip) => ip !== "" && ip.includes(":") === (family === "IPv6"));
}

export function hostnameIn(pod: Pod, service: Service): string | undefined {
  const { hostname, subdomain } = pod.spec;
  const inService = subdomain === service.metadata.name && pod.metadata.namespace === service.metadata.namespace;
  return hostname && inService ? hostname : undefined;
}

export function zoneOf(node: Node | undefined): string | undefined {
  return node?.metadata.labels?.[zoneLabel];
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === "None";
}

/** Nobody but the service's owner says where it leads. */
export function isManualService(service: Service): boolean {
  return service.spec?.selector === undefined || service.spec.type === "ExternalName";
}

/** Whether the endpoint of a service may differ between two versions of a pod. */
export function endpointChanged(old: Pod, pod: Pod): boolean {
  return (
    old.spec !== pod.spec || // hostname, node
    old.status !== pod.status ||
    old.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp ||
    old.metadata.labels !== pod.metadata.labels
  );
}
