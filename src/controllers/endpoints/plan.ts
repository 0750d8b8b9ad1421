import { semanticEqual } from "../../api/meta/index.ts";
import type { EndpointAddress, EndpointSubset, Endpoints, Pod, Service } from "../../api/types/index.ts";
import type { Draft } from "../../client/index.ts";
import { compareText } from "../owners.ts";
import { isReady } from "../pods/index.ts";
import {
  type AddressFamily,
  hasEndpoint,
  headlessLabel,
  hostnameIn,
  isHeadless,
  managedByLabel,
  podAddress,
  targetPortOf,
  triggerTimeAnnotation,
} from "../services/index.ts";

type SubsetPort = NonNullable<EndpointSubset["ports"]>[number];

const addressesMax = 1000;
const overCapacityAnnotation = "endpoints.kubernetes.io/over-capacity";
const ownAnnotations = [overCapacityAnnotation, triggerTimeAnnotation];

export type EndpointsPlan =
  | { readonly kind: "none" }
  | { readonly kind: "create" | "update"; readonly endpoints: Draft<Endpoints> };

/** What the Endpoints of a service should be, if it has to be written. */
export function planEndpoints(
  service: Service,
  pods: readonly Pod[],
  present: Endpoints | undefined,
  /** When what is told anew began to be true, if that is known. */
  changedAt: string | undefined,
): EndpointsPlan {
  const { subsets, truncated } = bounded(subsetsOf(service, pods));
  const labels: Record<string, string> = { ...service.metadata.labels, [managedByLabel]: "endpoint-controller" };
  delete labels[headlessLabel];
  if (isHeadless(service)) labels[headlessLabel] = "";
  const { name, namespace } = service.metadata;
  const wasTruncated = present?.metadata.annotations?.[overCapacityAnnotation] !== undefined;
  const unchanged =
    present !== undefined &&
    semanticEqual(present.subsets, subsets) &&
    semanticEqual(present.metadata.labels, labels) &&
    wasTruncated === truncated;
  if (unchanged) return { kind: "none" };
  const others = Object.entries(present?.metadata.annotations ?? {}).filter(([key]) => !ownAnnotations.includes(key));
  const annotations: Record<string, string> = Object.fromEntries(others);
  if (changedAt !== undefined) annotations[triggerTimeAnnotation] = changedAt;
  if (truncated) annotations[overCapacityAnnotation] = "truncated";
  const metadata = present === undefined ? { name, namespace } : present.metadata;
  const endpoints: Draft<Endpoints> = { metadata: { ...metadata, labels, annotations } };
  if (subsets.length > 0) endpoints.subsets = subsets;
  return { kind: present === undefined ? "create" : "update", endpoints };
}

interface Subset {
  readonly ports: SubsetPort[];
  readonly ready: EndpointAddress[];
  readonly notReady: EndpointAddress[];
}

/** Addresses that share their ports, in the order of their addresses. */
function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const family = (service.spec?.ipFamilies?.[0] ?? "IPv4") as AddressFamily;
  const evenUnready = service.spec?.publishNotReadyAddresses === true;
  const byPorts = new Map<string, Subset>();
  for (const pod of pods) {
    const ip = hasEndpoint(pod, evenUnready) ? podAddress(pod, family) : undefined;
    if (ip === undefined) continue;
    const ports = portsOf(service, pod);
    if (ports.length === 0 && (service.spec?.ports ?? []).length > 0) continue;
    const id = JSON.stringify(ports);
    const subset = byPorts.get(id) ?? { ports, ready: [], notReady: [] };
    byPorts.set(id, subset);
    (evenUnready || isReady(pod) ? subset.ready : subset.notReady).push(addressOf(service, pod, ip));
  }
  return [...byPorts.entries()]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, { ports, ready, notReady }]) => ({
      ...(ready.length > 0 ? { addresses: ready.sort(byAddress) } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady.sort(byAddress) } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    }));
}

function portsOf(service: Service, pod: Pod): SubsetPort[] {
  return (service.spec?.ports ?? []).flatMap((port) => {
    const number = targetPortOf(pod, port);
    if (number === undefined) return [];
    const name = port.name ? { name: port.name } : {};
    const appProtocol = port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol };
    return [{ ...name, port: number, protocol: port.protocol ?? "TCP", ...appProtocol }];
  });
}

function addressOf(service: Service, pod: Pod, ip: string): EndpointAddress {
  const { namespace, name, uid } = pod.metadata;
  const hostname = hostnameIn(pod, service);
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    nodeName: pod.spec.nodeName,
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}

/** By octets, so that 10.0.0.9 stands before 10.0.0.10. */
function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  const left = a.ip.split(".").map(Number);
  const right = b.ip.split(".").map(Number);
  for (let index = 0; index < 4; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
  }
  return compareText(a.ip, b.ip);
}

/** At most 1000 addresses, ready ones first. */
function bounded(subsets: EndpointSubset[]): { subsets: EndpointSubset[]; truncated: boolean } {
  const count = (field: "addresses" | "notReadyAddresses") =>
    subsets.reduce((sum, subset) => sum + (subset[field]?.length ?? 0), 0);
  if (count("addresses") + count("notReadyAddresses") <= addressesMax) return { subsets, truncated: false };
  let left = addressesMax;
  const take = (addresses: EndpointAddress[] | undefined): EndpointAddress[] | undefined => {
    const taken = addresses?.slice(0, left);
    left -= taken?.length ?? 0;
    return taken?.length ? taken : undefined;
  };
  const ready = subsets.map((subset) => take(subset.addresses));
  const cut = subsets.map((subset, index) => ({
    ...subset,
    addresses: ready[index],
    notReadyAddresses: take(subset.notReadyAddresses),
  }));
  return { subsets: cut.filter((subset) => subset.addresses ?? subset.notReadyAddresses), truncated: true };
}
