import { errors, type KubeObject } from "../../../api/meta/index.ts";
import { joinHostPort } from "../../dial/index.ts";
import type { ApiHandler, UserInfo } from "../../request.ts";
import type { RequestInfo } from "../request-info.ts";
import type { KubeletClient } from "./kubelets.ts";

/** Where a proxied request goes. */
export interface ProxyTarget {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly authority: string;
  /** The node whose kubelet is meant, rather than a port of a pod. */
  readonly kubelet?: string;
}

interface NamePort {
  readonly scheme: "" | "http" | "https";
  readonly name: string;
  readonly port: string;
}

type Pod = KubeObject & {
  readonly spec?: {
    readonly containers?: readonly { readonly ports?: readonly { readonly containerPort: number }[] }[];
  };
  readonly status?: { readonly podIP?: string; readonly podIPs?: readonly { readonly ip: string }[] };
};
type Service = KubeObject & {
  readonly spec?: { readonly ports?: readonly { readonly name?: string; readonly port: number }[] };
};
type Endpoints = KubeObject & {
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
};

/** `name`, `name:port` or `scheme:name:port`. */
export function splitSchemeNamePort(text: string): NamePort | undefined {
  const parts = text.split(":");
  const [first = "", second = "", third = ""] = parts;
  if (parts.length === 1 && first !== "") return { scheme: "", name: first, port: "" };
  if (parts.length === 2 && first !== "") return { scheme: "", name: first, port: second };
  const isScheme = first === "http" || first === "https";
  return parts.length === 3 && isScheme && second !== "" ? { scheme: first, name: second, port: third } : undefined;
}

/** Finds out where a request to a pod, a service or a node goes. @throws ApiError in the original's words. */
export async function proxyTarget(
  handler: ApiHandler,
  kubelets: KubeletClient,
  random: { next(): number },
  info: RequestInfo,
  user: UserInfo,
): Promise<ProxyTarget> {
  const { resource } = info;
  const named = splitSchemeNamePort(info.name);
  if (named === undefined) throw errors.badRequest(`invalid ${resource.replace(/s$/, "")} request "${info.name}"`);
  const target = { group: "", version: "v1", resource, name: named.name };
  const namespace = resource === "nodes" ? undefined : info.namespace;
  const found = await handler.handle({ ...target, namespace, verb: "get", options: {}, user });
  if (found.kind !== "object") throw errors.genericNotFound();
  if (resource === "pods") return podTarget(found.object as Pod, named);
  if (resource === "services") return serviceTarget(handler, random, found.object as Service, named, info.name, user);
  return nodeTarget(kubelets, named);
}

function podTarget(pod: Pod, { scheme, port }: NamePort): ProxyTarget {
  const ip = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? "";
  const declared = pod.spec?.containers?.find(({ ports = [] }) => ports.length > 0)?.ports?.[0]?.containerPort;
  return located(scheme || "http", ip, port === "" ? declared : portNumber(port));
}

async function nodeTarget(kubelets: KubeletClient, { scheme, name, port }: NamePort): Promise<ProxyTarget> {
  const kubelet = await kubelets.locate(name);
  if (port === "" || port === String(kubelet.port)) {
    const { host, authority } = kubelet;
    return { scheme: "https", host, port: kubelet.port, authority, kubelet: name };
  }
  return located(scheme || "http", kubelet.host, portNumber(port));
}

async function serviceTarget(
  handler: ApiHandler,
  random: { next(): number },
  service: Service,
  { scheme, port }: NamePort,
  id: string,
  user: UserInfo,
): Promise<ProxyTarget> {
  const { name = "", namespace } = service.metadata;
  const portName = /^[0-9]+$/.test(port) ? namedPort(service, Number(port)) : port;
  const slices = await handler.handle({
    verb: "list",
    group: "discovery.k8s.io",
    version: "v1",
    resource: "endpointslices",
    namespace,
    options: { labelSelector: `kubernetes.io/service-name=${name}` },
    user,
  });
  const found =
    slices.kind !== "list" ? [] : slices.items.flatMap(({ object }) => ready(object as Endpoints, portName));
  const chosen = found[Math.floor(random.next() * found.length)];
  if (chosen === undefined) throw errors.serviceUnavailable(`no endpoints available for service ${JSON.stringify(id)}`);
  return located(scheme || "http", chosen.ip, chosen.port);
}

/** The name of the service's port with this number. */
function namedPort({ metadata, spec }: Service, number: number): string {
  const found = spec?.ports?.find(({ port }) => port === number);
  if (found !== undefined) return found.name ?? "";
  throw errors.serviceUnavailable(`no service port ${number} found for service ${JSON.stringify(metadata.name)}`);
}

function ready(slice: Endpoints, portName: string): { ip: string; port: number }[] {
  const port = slice.ports?.find(({ name = "" }) => name === portName)?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses.map((ip) => ({ ip, port })));
}

function located(scheme: "http" | "https", host: string, port: number | undefined): ProxyTarget {
  // Nobody gets to what listens on the API server's own machine alone.
  if (host === "" || isLocal(host)) throw errors.badRequest("address not allowed");
  const known = port ?? (scheme === "https" ? 443 : 80);
  const authority = port === undefined ? host : joinHostPort(host, port);
  return { scheme, host, port: known, authority };
}

function isLocal(ip: string): boolean {
  return /^(127\.|169\.254\.|0\.0\.0\.0$|22[4-9]\.|23[0-9]\.)/.test(ip) || /^(::1?$|fe[89ab]|ff)/i.test(ip);
}

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port <= 65_535) return port;
  throw errors.badRequest(`invalid port "${text}"`);
}
