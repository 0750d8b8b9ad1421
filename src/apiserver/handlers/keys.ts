import type { ResourceKind } from "../../api/kinds/index.ts";
import { errors } from "../../api/meta/index.ts";
import type { ApiRequest } from "../request.ts";

/** The store's key of one object. */
export function objectKey(kind: ResourceKind, namespace: string | undefined, name: string): string {
  if (!kind.namespaced) return `${kind.storagePrefix}/${name}`;
  if (!namespace) throw errors.genericNotFound(); // no such path: `/api/v1/pods/x`
  return `${kind.storagePrefix}/${namespace}/${name}`;
}

/** The prefix of a collection, with its trailing slash: all namespaces when none is given. */
export function collectionPrefix(kind: ResourceKind, namespace: string | undefined): string {
  return kind.namespaced && namespace ? `${kind.storagePrefix}/${namespace}/` : `${kind.storagePrefix}/`;
}

/** The name a request must carry for verbs on one object. */
export function requiredName(request: ApiRequest): string {
  if (!request.name) throw errors.badRequest("name must be provided");
  return request.name;
}
