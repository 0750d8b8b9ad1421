import { type ApiError, errors, type KubeObject } from "../../api/meta/index.ts";
import type { ApiHandler, UserInfo } from "../request.ts";
import type { RequestInfo } from "./request-info.ts";

/** A name in a proxy's path: `name`, `name:port` or `https:name:port`. */
export function proxiedName(text: string): string | undefined {
  const parts = text.split(":");
  const [first = "", second = ""] = parts;
  if (parts.length === 1) return first;
  if (parts.length === 2) return first;
  return parts.length === 3 && (first === "http" || first === "https") ? second : undefined;
}

/**
 * Why a request to a pod, a service or a node cannot be passed on: what is wrong with its target first, else that nothing
 * listens where simulated containers run. Always an error.
 */
export async function refuseProxy(handler: ApiHandler, info: RequestInfo, user: UserInfo): Promise<ApiError> {
  const { group, version, resource, namespace } = info;
  const name = proxiedName(info.name);
  if (name === undefined || name === "")
    return errors.badRequest(`invalid ${singular(resource)} request "${info.name}"`);
  const target = { group, version, resource, name, namespace: resource === "nodes" ? undefined : namespace };
  const found = await handler.handle({ ...target, verb: "get", options: {}, user });
  if (found.kind !== "object") return errors.genericNotFound();
  if (resource === "services" && !(await hasEndpoints(handler, namespace, name, user)))
    return errors.serviceUnavailable(`no endpoints available for service ${JSON.stringify(info.name)}`);
  return errors.serviceUnavailable(`error trying to reach service: ${unreachable(found.object, resource)}`);
}

function singular(resource: string): string {
  return resource.replace(/s$/, "");
}

type Slice = KubeObject & { endpoints?: { conditions?: { ready?: boolean } }[] };

async function hasEndpoints(handler: ApiHandler, namespace: string, name: string, user: UserInfo): Promise<boolean> {
  const answer = await handler.handle({
    verb: "list",
    group: "discovery.k8s.io",
    version: "v1",
    resource: "endpointslices",
    namespace,
    options: { labelSelector: `kubernetes.io/service-name=${name}` },
    user,
  });
  if (answer.kind !== "list") return false;
  return answer.items.some(({ object }) =>
    (object as Slice).endpoints?.some(({ conditions }) => conditions?.ready !== false),
  );
}

function unreachable(object: KubeObject, resource: string): string {
  const { spec, status } = object as KubeObject & {
    spec?: { clusterIP?: string };
    status?: { podIP?: string; addresses?: { address: string }[] };
  };
  const address = { pods: status?.podIP, services: spec?.clusterIP, nodes: status?.addresses?.[0]?.address }[resource];
  const where = address ? `dial tcp ${address}` : "address not allowed";
  return `${where}: connect: connection refused (simulated containers listen on no port)`;
}
