import { ipFamily } from "../../api/meta/index.ts";
import type { Endpoint, EndpointAddress, EndpointSubset, Endpoints, Service } from "../../api/types/index.ts";
import {
  type EndpointGroup,
  managedByLabel,
  portsId,
  type SliceSource,
  serviceNameLabel,
} from "../endpointslice/index.ts";
import { headlessLabel, triggerTimeAnnotation } from "../services/index.ts";

export const mirroringName = "endpointslicemirroring-controller.k8s.io";
const skipLabel = "endpointslice.kubernetes.io/skip-mirror";
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";
const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
const notCopied: ReadonlySet<string> = new Set([triggerTimeAnnotation, lastAppliedAnnotation]);
/** Addresses of one subset beyond these are not mirrored. */
export const addressesPerSubsetMax = 1000;

/** Those that another controller makes, that say so, or that serve leader election are not mirrored. */
export function isMirrored({ metadata }: Endpoints): boolean {
  return metadata.labels?.[skipLabel] !== "true" && metadata.annotations?.[leaderAnnotation] === undefined;
}

/** A service that selects pods has slices of its own. */
export function isMirroredFor(service: Service | undefined): boolean {
  return service !== undefined && (service.spec?.selector === undefined || service.spec.selector === null);
}

export interface Mirrored {
  readonly groups: readonly EndpointGroup[];
  /** Addresses that are no IP addresses. */
  readonly invalid: number;
  /** All that are not mirrored: invalid ones, and those beyond the limit of a subset. */
  readonly skipped: number;
}

/** What the slices have to say. Subsets with the same ports share slices, as far as their addresses are of one family. */
export function mirroredGroups({ subsets }: Endpoints): Mirrored {
  const groups = new Map<
    string,
    { addressType: "IPv4" | "IPv6"; ports: EndpointGroup["ports"]; endpoints: Endpoint[] }
  >();
  let [invalid, skipped] = [0, 0];
  for (const subset of subsets ?? []) {
    const ports = portsOf(subset);
    let taken = 0;
    for (const [address, ready] of addressesOf(subset)) {
      const addressType = taken < addressesPerSubsetMax ? ipFamily(address.ip) : undefined;
      if (addressType === undefined) {
        skipped++;
        if (taken < addressesPerSubsetMax) invalid++;
        continue;
      }
      taken++;
      const id = `${addressType} ${portsId(ports)}`;
      const group = groups.get(id) ?? { addressType, ports, endpoints: [] };
      groups.set(id, group);
      group.endpoints.push(endpointOf(address, ready));
    }
  }
  return { groups: [...groups.values()], invalid, skipped };
}

function* addressesOf({ addresses, notReadyAddresses }: EndpointSubset): Generator<[EndpointAddress, boolean]> {
  for (const address of addresses ?? []) yield [address, true];
  for (const address of notReadyAddresses ?? []) yield [address, false];
}

function portsOf({ ports }: EndpointSubset): EndpointGroup["ports"] {
  return (ports ?? []).map(({ name = "", port, protocol = "TCP", appProtocol }) => {
    const copied = { name, port, protocol };
    return appProtocol === undefined ? copied : { ...copied, appProtocol };
  });
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  const endpoint: Endpoint = { addresses: [ip], conditions: { ready } };
  if (hostname) endpoint.hostname = hostname;
  if (nodeName !== undefined) endpoint.nodeName = nodeName;
  if (targetRef !== undefined) endpoint.targetRef = targetRef;
  return endpoint;
}

/** Labels and annotations are copied, but for those of other tools. */
export function mirrorSource(endpoints: Endpoints): SliceSource {
  const { labels, annotations, name = "" } = endpoints.metadata;
  const { [headlessLabel]: _, ...copied } = labels ?? {};
  const own = { [managedByLabel]: mirroringName, [serviceNameLabel]: name };
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !notCopied.has(key));
  return {
    owner: endpoints,
    labels: { ...copied, ...own },
    annotations: () => (kept.length === 0 ? undefined : Object.fromEntries(kept)),
    annotationsMatter: true,
  };
}
