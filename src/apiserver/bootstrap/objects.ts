import type { JsonValue } from "../../api/meta/index.ts";
import type { RequestHeaderConfig } from "../auth/index.ts";
import { flowObjects } from "./flow-objects.ts";

export interface BootstrapFacts {
  readonly serviceClusterIPRange: string;
  readonly serviceIP: string;
  /** Where the API server is reached; absent when it does not listen. */
  readonly advertised?: { readonly address: string; readonly port: number };
  readonly listsEndpoints: boolean;
  /** PEM; absent when clients have no certificates. */
  readonly clientCa?: string;
  readonly requestHeader?: RequestHeaderConfig;
}

/** One object that every cluster has. */
export interface BootstrapObject {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name: string;
  readonly body: { [key: string]: JsonValue };
  /** Brought back to this form when it differs; others are left as people changed them. */
  readonly kept?: boolean;
  /** Who is said to own its fields; default the API server. */
  readonly fieldManager?: string;
}

export const systemNamespaces: readonly string[] = ["kube-system", "default", "kube-public", "kube-node-lease"];

/** In the order in which they are made. */
export function bootstrapObjects(facts: BootstrapFacts): BootstrapObject[] {
  return [
    ...systemNamespaces.map(namespace),
    priorityClass("system-node-critical", 2000001000, "nodes"),
    priorityClass("system-cluster-critical", 2000000000, "cluster"),
    ...flowObjects(),
    serviceCIDR(facts),
    kubernetesService(facts),
    ...(facts.advertised && facts.listsEndpoints
      ? [kubernetesEndpoints(facts.advertised), kubernetesEndpointSlice(facts.advertised)]
      : []),
    ...(facts.clientCa === undefined ? [] : [extensionAuthentication(facts.clientCa, facts.requestHeader)]),
  ];
}

/** How other servers of the cluster (components' ports, aggregated APIs) know the certificates of its clients. */
function extensionAuthentication(clientCa: string, proxy: RequestHeaderConfig | undefined): BootstrapObject {
  const name = "extension-apiserver-authentication";
  const namespace = "kube-system";
  const data: Record<string, string> = { "client-ca-file": clientCa };
  if (proxy !== undefined) {
    data["requestheader-client-ca-file"] = proxy.clientCa;
    data["requestheader-allowed-names"] = JSON.stringify(proxy.allowedNames);
    data["requestheader-username-headers"] = JSON.stringify(proxy.usernameHeaders);
    data["requestheader-group-headers"] = JSON.stringify(proxy.groupHeaders);
    data["requestheader-extra-headers-prefix"] = JSON.stringify(proxy.extraHeaderPrefixes);
    if (proxy.uidHeaders.length > 0) data["requestheader-uid-headers"] = JSON.stringify(proxy.uidHeaders);
  }
  const body = { metadata: { name, namespace }, data };
  return { group: "", version: "v1", resource: "configmaps", namespace, name, body, kept: true };
}

function namespace(name: string): BootstrapObject {
  return { group: "", version: "v1", resource: "namespaces", name, body: { metadata: { name } } };
}

function priorityClass(name: string, value: number, what: "nodes" | "cluster"): BootstrapObject {
  const description =
    what === "nodes"
      ? "Used for system critical pods that must not be moved from their current node."
      : "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.";
  return {
    group: "scheduling.k8s.io",
    version: "v1",
    resource: "priorityclasses",
    name,
    body: { metadata: { name }, value, description },
  };
}

function serviceCIDR({ serviceClusterIPRange }: BootstrapFacts): BootstrapObject {
  const name = "kubernetes";
  return {
    group: "networking.k8s.io",
    version: "v1",
    resource: "servicecidrs",
    name,
    body: { metadata: { name }, spec: { cidrs: [serviceClusterIPRange] } },
  };
}

const place = { namespace: "default", name: "kubernetes" } as const;
const labels = { component: "apiserver", provider: "kubernetes" };

function kubernetesService({ serviceIP, advertised }: BootstrapFacts): BootstrapObject {
  const ports = [{ name: "https", protocol: "TCP", port: 443, targetPort: advertised?.port ?? 6443 }];
  return {
    group: "",
    version: "v1",
    resource: "services",
    ...place,
    body: {
      metadata: { ...place, labels },
      spec: { clusterIP: serviceIP, type: "ClusterIP", ipFamilyPolicy: "SingleStack", ipFamilies: ["IPv4"], ports },
    },
    kept: true,
  };
}

type Advertised = NonNullable<BootstrapFacts["advertised"]>;

/** So that nobody mirrors them: the slice is made here. */
const unmirrored = { "endpointslice.kubernetes.io/skip-mirror": "true" };

function kubernetesEndpoints({ address, port }: Advertised): BootstrapObject {
  return {
    group: "",
    version: "v1",
    resource: "endpoints",
    ...place,
    body: {
      metadata: { ...place, labels: unmirrored },
      subsets: [{ addresses: [{ ip: address }], ports: [{ name: "https", port, protocol: "TCP" }] }],
    },
    kept: true,
  };
}

function kubernetesEndpointSlice({ address, port }: Advertised): BootstrapObject {
  return {
    group: "discovery.k8s.io",
    version: "v1",
    resource: "endpointslices",
    ...place,
    body: {
      metadata: { ...place, labels: { "kubernetes.io/service-name": "kubernetes" } },
      addressType: "IPv4",
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: "https", port, protocol: "TCP" }],
    },
    kept: true,
  };
}
