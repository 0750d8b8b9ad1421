import type { ClientRequest, RequestOptions, Verb } from "./transport.ts";

/** A request as HTTP sends it. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
}

const methods: Record<Verb, string> = {
  get: "GET",
  list: "GET",
  watch: "GET",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETE",
};

const queryOptions = [
  "labelSelector",
  "fieldSelector",
  "metricLabelSelector",
  "limit",
  "continue",
  "resourceVersion",
  "resourceVersionMatch",
  "timeoutSeconds",
  "allowWatchBookmarks",
  "sendInitialEvents",
  "dryRun",
  "fieldManager",
  "fieldValidation",
  "force",
] as const satisfies readonly (keyof RequestOptions)[];

/** `basePath` is the path prefix of the server's URL. */
export function toHttpRequest(request: ClientRequest, basePath = ""): HttpRequest {
  const path = basePath + resourcePath(request) + query(request);
  const method = methods[request.verb];
  if (request.verb === "delete" || request.verb === "deletecollection") {
    return {
      method,
      path,
      contentType: "application/json",
      body: JSON.stringify(deleteOptions(request.options ?? {})),
    };
  }
  if (request.body === undefined) return { method, path };
  const contentType = request.patchType ?? "application/json";
  return { method, path, contentType, body: JSON.stringify(request.body) };
}

function resourcePath(request: ClientRequest): string {
  const { group, version, namespace, resource, name, subresource } = request;
  const parts = group === "" ? ["api", version] : ["apis", group, version];
  if (namespace !== undefined && namespace !== "") parts.push("namespaces", namespace);
  parts.push(resource);
  if (name !== undefined) parts.push(name);
  const path = parts.map(encodeURIComponent).join("/");
  // A subresource may be a path of its own: proxy/some/page.
  return subresource === undefined ? `/${path}` : `/${path}/${encodeURI(subresource)}`;
}

function query(request: ClientRequest): string {
  const parameters = new URLSearchParams();
  if (request.verb === "watch") parameters.set("watch", "true");
  const options = request.options ?? {};
  for (const name of queryOptions) {
    const value = options[name];
    if (value === undefined || value === "") continue;
    if (Array.isArray(value)) for (const item of value) parameters.append(name, item);
    else parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

function deleteOptions(options: RequestOptions): object {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = options;
  const body = { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions };
  return { apiVersion: "v1", kind: "DeleteOptions", ...body };
}
