/** Options that a request carries in its query, or in the body of a deletion. */
export interface RestOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Of the metrics APIs alone: which series of a metric count. */
  readonly metricLabelSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly timeoutSeconds?: number;
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly dryRun?: readonly string[];
  readonly fieldManager?: string;
  readonly fieldValidation?: string;
  readonly force?: boolean;
  /** From the body or the query of a deletion. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** A request for a resource. */
export interface RestRequest {
  readonly verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly options?: RestOptions;
  readonly body?: unknown;
  readonly patchType?: string;
}

/** A request as HTTP sends it. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
}

const methods: Record<RestRequest["verb"], string> = {
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
] as const satisfies readonly (keyof RestOptions)[];

/** `basePath` is the path prefix of the server's URL. */
export function toHttpRequest(request: RestRequest, basePath = ""): HttpRequest {
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

function resourcePath(request: RestRequest): string {
  const { group, version, namespace, resource, name, subresource } = request;
  const parts = group === "" ? ["api", version] : ["apis", group, version];
  if (namespace !== undefined && namespace !== "") parts.push("namespaces", namespace);
  parts.push(resource);
  if (name !== undefined) parts.push(name);
  const path = parts.map(encodeURIComponent).join("/");
  // A subresource may be a path of its own: proxy/some/page.
  return subresource === undefined ? `/${path}` : `/${path}/${encodeURI(subresource)}`;
}

function query(request: RestRequest): string {
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

function deleteOptions(options: RestOptions): object {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = options;
  const body = { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions };
  return { apiVersion: "v1", kind: "DeleteOptions", ...body };
}
