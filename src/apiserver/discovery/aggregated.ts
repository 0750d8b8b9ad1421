import { resourcesOf, type ServedGroup, type ServedResource, type Subresource } from "../../api/kinds/index.ts";
import type { JsonObject } from "../../api/meta/index.ts";
import { shownVerbs } from "./lists.ts";

/**
 * Aggregated discovery: the core group for `/api`, all others for `/apis`. `v2beta1` differs in its apiVersion alone.
 */
export function aggregatedDiscovery(
  served: readonly ServedGroup[],
  of: "/api" | "/apis",
  version: "v2" | "v2beta1" = "v2",
): JsonObject {
  const groups = served.filter(({ name }) => (name === "") === (of === "/api"));
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: (name === "" ? {} : { name }) as JsonObject,
      versions: versions.map((one) => ({
        version: one.version,
        resources: resourcesOf(one).map(resourceBody),
        freshness: one.delegated?.isStale ? "Stale" : "Current",
      })),
    })),
  };
}

function resourceBody(kind: ServedResource): JsonObject {
  return {
    resource: kind.resource,
    responseKind: { group: "", version: "", kind: kind.kind },
    scope: kind.namespaced ? "Namespaced" : "Cluster",
    singularResource: kind.singularName,
    verbs: shownVerbs(kind),
    ...(kind.shortNames.length > 0 && { shortNames: [...kind.shortNames] }),
    ...(kind.categories.length > 0 && { categories: [...kind.categories] }),
    ...(kind.subresources.size > 0 && { subresources: [...kind.subresources.values()].map(subresourceBody) }),
  };
}

function subresourceBody(sub: Subresource): JsonObject {
  return {
    subresource: sub.name,
    responseKind: { group: sub.group ?? "", version: sub.version ?? "", kind: sub.kind },
    verbs: [...sub.verbs],
  };
}
