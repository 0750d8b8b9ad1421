import {
  cloneJson,
  formatTime,
  isReason,
  type JsonObject,
  type JsonValue,
  type KubeObject,
} from "../../api/meta/index.ts";
import type { Host } from "../../host/index.ts";
import { defaultServiceClusterIPRange, firstServiceIP } from "../allocation/index.ts";
import type { RequestHeaderConfig } from "../auth/index.ts";
import type { ApiHandler, ApiRequest, UserInfo } from "../request.ts";
import { type BootstrapObject, bootstrapObjects } from "./objects.ts";

export interface BootstrapOptions {
  readonly host: Host;
  /** Must allow everything: nobody has been given rights yet. */
  readonly handler: ApiHandler;
  /** Default 10.96.0.0/16. */
  readonly serviceClusterIPRange?: string;
  /** Where clients in the cluster reach the API server; without it the kubernetes service has no endpoints. */
  readonly advertised?: { readonly address: string; readonly port: number };
  /** The authority of clients' certificates, as PEM. */
  readonly clientCa?: string;
  /** How front proxies are known. */
  readonly requestHeader?: RequestHeaderConfig;
  /** Whether it becomes the endpoint of the kubernetes service here; default true. */
  readonly listsEndpoints?: boolean;
}

const itself: UserInfo = { name: "system:apiserver", groups: ["system:masters", "system:authenticated"] };
const userAgent = "kube-apiserver/v1.36.2";

/** Makes what every cluster has, where it is missing. May be called at every start. */
export async function bootstrapCluster(options: BootstrapOptions): Promise<void> {
  const { serviceClusterIPRange = defaultServiceClusterIPRange, advertised, listsEndpoints = true } = options;
  const { clientCa, requestHeader } = options;
  const serviceIP = firstServiceIP(serviceClusterIPRange);
  const objects = bootstrapObjects({
    serviceClusterIPRange,
    serviceIP,
    advertised,
    listsEndpoints,
    clientCa,
    requestHeader,
  });
  // All at once, so that they share flushes of the disk; but what is in a namespace needs the namespace.
  const ensureAll = (of: readonly BootstrapObject[]) =>
    Promise.all(of.map((object) => ensure(options.handler, object)));
  await ensureAll(objects.filter(({ namespace }) => namespace === undefined));
  await ensureAll(objects.filter(({ namespace }) => namespace !== undefined));
  await markServiceCIDRReady(options);
}

async function ensure(handler: ApiHandler, object: BootstrapObject): Promise<void> {
  const existing = await find(handler, object);
  if (existing === undefined) {
    try {
      await handler.handle({ ...requestTo(object), verb: "create", name: undefined, body: cloneJson(object.body) });
    } catch (err) {
      if (!isReason(err, "AlreadyExists")) throw err; // another API server of the cluster starts, too
    }
    return;
  }
  if (!object.kept) return;
  const patch = withoutIdentity(object.body);
  const patchType = "application/merge-patch+json";
  await handler.handle({ ...requestTo(object), verb: "patch", patchType, body: patch });
}

function withoutIdentity(body: { [key: string]: JsonValue }): JsonObject {
  const copy = cloneJson(body);
  const { metadata } = copy;
  if (typeof metadata === "object" && metadata !== null && !Array.isArray(metadata)) {
    copy.metadata = metadata.labels === undefined ? {} : { labels: metadata.labels };
  }
  return copy;
}

async function find(handler: ApiHandler, object: BootstrapObject): Promise<KubeObject | undefined> {
  try {
    const answer = await handler.handle({ ...requestTo(object), verb: "get" });
    return answer.kind === "object" ? answer.object : undefined;
  } catch (err) {
    if (isReason(err, "NotFound")) return undefined;
    throw err;
  }
}

function requestTo(object: Omit<BootstrapObject, "body">): Omit<ApiRequest, "verb"> {
  const { group, version, resource, namespace, name, fieldManager } = object;
  return { group, version, resource, namespace, name, options: { fieldManager }, user: itself, userAgent };
}

/** The range that services come from is in use from the start; its condition says so. */
async function markServiceCIDRReady({ handler, host }: BootstrapOptions): Promise<void> {
  const target = { group: "networking.k8s.io", version: "v1", resource: "servicecidrs", name: "kubernetes" };
  const found = (await find(handler, { ...target, body: {} })) as
    | (KubeObject & { status?: { conditions?: { type: string }[] } })
    | undefined;
  if (found === undefined || found.status?.conditions?.some(({ type }) => type === "Ready")) return;
  const ready = {
    type: "Ready",
    status: "True",
    reason: "",
    message: "Kubernetes default Service CIDR is ready",
    lastTransitionTime: formatTime(host.clock.now()),
  };
  await handler.handle({
    ...requestTo(target),
    verb: "patch",
    subresource: "status",
    patchType: "application/merge-patch+json",
    body: { status: { conditions: [ready] } },
  });
}
