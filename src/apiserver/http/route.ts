import type { KindRegistry, ResourceKind } from "../../api/kinds/index.ts";
import { ApiError, errors } from "../../api/meta/index.ts";
import type { RequestInfo } from "./request-info.ts";

/** Subresources that talk to what runs rather than to an object. */
const connectSubresources: ReadonlySet<string> = new Set(["log", "exec", "attach", "portforward", "proxy"]);

/** Methods that go through a proxy though they are no verb of any resource. */
const proxiedMethods: ReadonlySet<string> = new Set(["HEAD", "OPTIONS"]);

export interface Route {
  readonly kind: ResourceKind;
  /** The kind of the answer's objects: the subresource's own where it has one. */
  readonly answerKind: ResourceKind | undefined;
  readonly connect: boolean;
}

/** Nothing is served under this path at all: not even its group is known. */
export class UnknownPath extends Error {
  override readonly name = "UnknownPath";
}

/** @throws ApiError 404 or 405 as the original's router answers, UnknownPath for groups that do not exist. */
export function findRoute(kinds: KindRegistry, info: RequestInfo, method: string): Route {
  const kind = kinds.byResource(info.group, info.version, info.resource);
  if (kind === undefined) {
    if (info.group !== "" && kinds.servedGroup(info.group) === undefined) throw new UnknownPath(info.path);
    throw errors.genericNotFound();
  }
  const collection = info.name === "";
  const inNamespace = info.namespace !== "" && info.resource !== "namespaces";
  if (kind.namespaced ? !inNamespace && !collection : inNamespace) throw errors.genericNotFound();
  if (info.subresource !== "") return subresourceRoute(kinds, kind, info, method);
  const across = kind.namespaced && !inNamespace;
  if (info.rest.length > 0) throw errors.genericNotFound();
  if (!allows(kind.verbs, info.verb, method, collection) || (across && !readsCollection(info.verb))) {
    throw methodNotAllowed();
  }
  return { kind, answerKind: kind, connect: false };
}

function subresourceRoute(kinds: KindRegistry, kind: ResourceKind, info: RequestInfo, method: string): Route {
  const subresource = kind.subresources.get(info.subresource);
  if (subresource === undefined) throw errors.genericNotFound();
  const connect = connectSubresources.has(info.subresource);
  if (info.rest.length > 0 && info.subresource !== "proxy") throw errors.genericNotFound();
  const proxied = info.subresource === "proxy" && proxiedMethods.has(method);
  if (!subresource.verbs.includes(info.verb) && !proxied) throw methodNotAllowed();
  const { group = kind.group, version = kind.version } = subresource;
  const answerKind = subresource.kind === kind.kind ? kind : kinds.byKind(group, version, subresource.kind);
  return { kind, answerKind, connect };
}

function readsCollection(verb: string): boolean {
  return verb === "list" || verb === "watch";
}

function allows(verbs: readonly string[], verb: string, method: string, collection: boolean): boolean {
  if (method === "HEAD") return false;
  if (verb === "create" ? !collection : collection && (verb === "update" || verb === "patch")) return false;
  return verbs.includes(verb);
}

export function methodNotAllowed(): ApiError {
  return new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "the server does not allow this method on the requested resource",
    reason: "MethodNotAllowed",
    details: {},
    code: 405,
  });
}
