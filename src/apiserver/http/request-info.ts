import { type Attributes, nameSelected } from "../auth/index.ts";
import type { UserInfo } from "../request.ts";
import type { Query } from "./query.ts";

/** What a request is about, read from its path and method alone, as the original's RequestInfo. */
export interface RequestInfo {
  /** Decoded, without the query. */
  readonly path: string;
  readonly isResource: boolean;
  /** The verb of authorization; for a path that is no resource the HTTP method in lower case. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** What follows the subresource: the path of a proxy request. */
  readonly rest: readonly string[];
}

/** What follows `namespaces/NAME/` and is a part of the namespace object itself rather than a resource in it. */
const namespaceSubresources: ReadonlySet<string> = new Set(["status", "finalize"]);

const methodVerbs: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/**
 * Reads a path like `/apis/apps/v1/namespaces/x/deployments/y/status`. `query` is asked only where the verb depends on it:
 * a collection read is `watch` when the query says so.
 * @throws URIError when an escape in the path is malformed.
 */
export function parseRequestInfo(method: string, rawPath: string, watches: () => boolean): RequestInfo {
  const path = rawPath.includes("%") ? decodeURIComponent(rawPath) : rawPath;
  const parts = splitPath(path);
  const grouped = parts[0] === "apis";
  if ((!grouped && parts[0] !== "api") || parts.length < (grouped ? 4 : 3)) return pathInfo(method, path);
  const group = grouped ? (parts[1] ?? "") : "";
  const version = parts[grouped ? 2 : 1] ?? "";
  let at = grouped ? 3 : 2;

  let verb = methodVerbs[method] ?? "";
  if (parts[at] === "watch" && parts.length > at + 1) {
    verb = "watch";
    at++;
  }
  let namespace = "";
  if (parts[at] === "namespaces" && parts.length > at + 1) {
    namespace = parts[at + 1] ?? "";
    if (parts.length > at + 2 && !namespaceSubresources.has(parts[at + 2] ?? "")) at += 2;
  }
  const resource = parts[at] ?? "";
  const name = parts[at + 1] ?? "";
  if (name === "" && verb === "get") verb = watches() ? "watch" : "list";
  else if (name === "" && verb === "delete") verb = "deletecollection";
  const subresource = parts[at + 2] ?? "";
  const rest = parts.length > at + 3 ? parts.slice(at + 3) : noParts;
  return { path, isResource: true, verb, group, version, resource, subresource, namespace, name, rest };
}

const noParts: readonly string[] = [];

function pathInfo(method: string, path: string): RequestInfo {
  return {
    path,
    isResource: false,
    verb: method.toLowerCase(),
    group: "",
    version: "",
    resource: "",
    subresource: "",
    namespace: "",
    name: "",
    rest: noParts,
  };
}

function splitPath(path: string): string[] {
  let start = 0;
  let end = path.length;
  while (start < end && path.charCodeAt(start) === slash) start++;
  while (end > start && path.charCodeAt(end - 1) === slash) end--;
  return start === end ? [] : path.slice(start, end).split("/");
}

const slash = 47;

const selectingVerbs: ReadonlySet<string> = new Set(["list", "watch", "deletecollection"]);

/** What a request asks to be allowed. */
export function attributesOf(info: RequestInfo, user: UserInfo, query?: Query): Attributes {
  if (!info.isResource) return { kind: "path", user, verb: info.verb, path: info.path };
  const { verb, group, version, resource, subresource, namespace, name } = info;
  const target = { verb, group, version, resource, subresource, namespace };
  if (query === undefined || !selectingVerbs.has(verb)) return { kind: "resource", user, ...target, name };
  const fieldSelector = query.get("fieldSelector")?.[0];
  const labelSelector = query.get("labelSelector")?.[0];
  const one = name === "" ? nameSelected(fieldSelector) : name;
  return { kind: "resource", user, ...target, name: one, fieldSelector, labelSelector };
}
