import type { KubeObject } from "../../meta/index.ts";
import type { Endpoint, EndpointSlice } from "../../types/index.ts";

type OldEndpoint = Endpoint & { readonly topology?: Readonly<Record<string, string>> };

const zoneLabel = "topology.kubernetes.io/zone";
const hostnameLabel = "kubernetes.io/hostname";

/** Node and zone were entries of a map of topology in v1beta1. */
export function fromV1beta1(object: KubeObject): KubeObject {
  const slice = object as EndpointSlice;
  if (slice.endpoints === undefined || slice.endpoints === null) return object;
  return { ...slice, endpoints: slice.endpoints.map(endpointOf) } as EndpointSlice;
}

function endpointOf({ topology, ...endpoint }: OldEndpoint): Endpoint {
  if (topology === undefined) return endpoint;
  const { [zoneLabel]: zone, [hostnameLabel]: hostname, ...rest } = topology;
  const nodeName = endpoint.nodeName ?? hostname;
  // A host name that is not the node's stays: both could be set apart from each other.
  const others = hostname === undefined || hostname === nodeName ? rest : { ...rest, [hostnameLabel]: hostname };
  return {
    ...endpoint,
    ...(nodeName !== undefined && { nodeName }),
    ...(zone !== undefined && { zone }),
    ...(Object.keys(others).length > 0 && { deprecatedTopology: others }),
  };
}
