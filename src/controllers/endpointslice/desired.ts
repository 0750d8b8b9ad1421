import type { Endpoint, EndpointSlice, Node, Pod, Service } from "../../api/types/index.ts";
import { isReady } from "../pods/index.ts";
import {
  type AddressFamily,
  hasEndpoint,
  headlessLabel,
  hostnameIn,
  isHeadless,
  podAddress,
  targetPortOf,
  zoneOf,
} from "../services/index.ts";

export type SlicePort = NonNullable<EndpointSlice["ports"]>[number];

/** Endpoints that share address type and ports: they may share slices. */
export interface EndpointGroup {
  readonly addressType: AddressFamily;
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly Endpoint[];
}

export const serviceNameLabel = "kubernetes.io/service-name";
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
export const controllerName = "endpointslice-controller.k8s.io";

/** What the slices of a service have to say, by the service's address families and the pods' ports. */
export function endpointGroups(
  service: Service,
  pods: readonly Pod[],
  node: (name: string) => Node | undefined,
): EndpointGroup[] {
  const families = (service.spec?.ipFamilies ?? ["IPv4"]) as AddressFamily[];
  return families.flatMap((addressType) => {
    const groups = new Map<string, { ports: SlicePort[]; endpoints: Endpoint[] }>();
    for (const pod of pods) {
      const address = hasEndpoint(pod, true) ? podAddress(pod, addressType) : undefined;
      if (address === undefined) continue;
      const ports = portsOf(service, pod);
      const id = portsId(ports);
      const group = groups.get(id) ?? { ports, endpoints: [] };
      groups.set(id, group);
      group.endpoints.push(endpointOf(service, pod, address, node));
    }
    const found = [...groups.values()].map((group) => ({ addressType, ...group }));
    return found.length > 0 ? found : [{ addressType, ports: [], endpoints: [] }];
  });
}

/** Equal for equal ports in any order. */
export function portsId(ports: readonly SlicePort[] | null | undefined): string {
  return (ports ?? [])
    .map((port) => JSON.stringify([port.name ?? "", port.protocol ?? "TCP", port.port, port.appProtocol]))
    .sort()
    .join();
}

function portsOf(service: Service, pod: Pod): SlicePort[] {
  const ports: SlicePort[] = [];
  for (const port of service.spec?.ports ?? []) {
    const number = targetPortOf(pod, port);
    if (number === undefined) continue;
    const slicePort: SlicePort = { name: port.name ?? "", protocol: port.protocol ?? "TCP", port: number };
    if (port.appProtocol !== undefined) slicePort.appProtocol = port.appProtocol;
    ports.push(slicePort);
  }
  return ports;
}

function endpointOf(service: Service, pod: Pod, address: string, node: (name: string) => Node | undefined): Endpoint {
  const { nodeName } = pod.spec;
  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const { namespace, name, uid } = pod.metadata;
  const endpoint: Endpoint = {
    addresses: [address],
    conditions: { ready, serving, terminating },
    targetRef: { kind: "Pod", namespace, name, uid },
  };
  if (nodeName) endpoint.nodeName = nodeName;
  const zone = nodeName ? zoneOf(node(nodeName)) : undefined;
  if (zone !== undefined) endpoint.zone = zone;
  const hints = ready && !wantsZoneHints(service) ? hintsOf(service, endpoint) : undefined;
  if (hints !== undefined) endpoint.hints = hints;
  const hostname = hostnameIn(pod, service);
  if (hostname !== undefined) endpoint.hostname = hostname;
  return endpoint;
}

/** The older name goes before the newer. */
const hintAnnotations = ["service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"] as const;

/** The service asks for its endpoints to be divided among the zones by their CPU. */
export function wantsZoneHints({ metadata }: Service): boolean {
  const asked = hintAnnotations.map((name) => metadata.annotations?.[name]).find((value) => value !== undefined);
  return asked === "Auto" || asked === "auto";
}

const sameZone: ReadonlySet<string> = new Set(["PreferClose", "PreferSameZone", "PreferSameNode"]);

/** For whom an endpoint is near, when the service wants its clients to stay near. */
function hintsOf({ spec }: Service, { zone, nodeName }: Endpoint): Endpoint["hints"] {
  const { trafficDistribution = "" } = spec ?? {};
  if (!sameZone.has(trafficDistribution)) return undefined;
  const hints: NonNullable<Endpoint["hints"]> = {};
  if (zone !== undefined) hints.forZones = [{ name: zone }];
  if (trafficDistribution === "PreferSameNode" && nodeName !== undefined) hints.forNodes = [{ name: nodeName }];
  return Object.keys(hints).length === 0 ? undefined : hints;
}

/** The service's own labels, those that name the slice's maker and service on top. */
export function sliceLabels(service: Service): Record<string, string> {
  const labels: Record<string, string> = { ...service.metadata.labels };
  delete labels[headlessLabel];
  labels[managedByLabel] = controllerName;
  labels[serviceNameLabel] = service.metadata.name ?? "";
  if (isHeadless(service)) labels[headlessLabel] = "";
  return labels;
}
