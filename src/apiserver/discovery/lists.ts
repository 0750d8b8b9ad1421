import { formatApiVersion, type JsonObject } from "../../api/meta/index.ts";
import { type DiscoveredKind, groupKinds } from "./entry.ts";

/** `/api`. `serverAddress` is where clients outside the cluster reach it. */
export function apiVersions(serverAddress: string): JsonObject {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

/** `/apis`. Groups and versions in the order of the list. */
export function apiGroupList(kinds: readonly DiscoveredKind[]): JsonObject {
  const groups = [...groupKinds(kinds)].filter(([name]) => name !== "");
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(([name, v]) => groupBody(name, [...v.keys()])) };
}

/** `/apis/GROUP`, or undefined where no kind is of the group. */
export function apiGroup(kinds: readonly DiscoveredKind[], group: string): JsonObject | undefined {
  const versions = groupKinds(kinds).get(group);
  if (versions === undefined || group === "") return undefined;
  return { kind: "APIGroup", apiVersion: "v1", ...groupBody(group, [...versions.keys()]) };
}

function groupBody(name: string, versions: readonly string[]): JsonObject {
  const entries = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: entries, preferredVersion: entries[0] ?? { groupVersion: "", version: "" } };
}

/** `/api/v1` and `/apis/GROUP/VERSION`, or undefined where no kind is of the group version. */
export function apiResourceList(
  kinds: readonly DiscoveredKind[],
  group: string,
  version: string,
): JsonObject | undefined {
  const own = kinds.filter((k) => k.group === group && k.version === version);
  if (own.length === 0) return undefined;
  const resources = own.flatMap((kind) => [resourceBody(kind), ...subresourceBodies(kind)]);
  const head: JsonObject = { kind: "APIResourceList" };
  if (group !== "") head.apiVersion = "v1"; // the core group's list says none
  return { ...head, groupVersion: formatApiVersion({ group, version }), resources };
}

function resourceBody(kind: DiscoveredKind): JsonObject {
  return {
    name: kind.resource,
    singularName: kind.singularName,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: [...kind.verbs],
    ...(kind.shortNames.length > 0 && { shortNames: [...kind.shortNames] }),
    ...(kind.categories.length > 0 && { categories: [...kind.categories] }),
    ...(kind.storageVersionHash && { storageVersionHash: kind.storageVersionHash }),
  };
}

function subresourceBodies(kind: DiscoveredKind): JsonObject[] {
  return [...kind.subresources.values()].map((sub) => ({
    name: `${kind.resource}/${sub.name}`,
    singularName: "",
    namespaced: kind.namespaced,
    ...(sub.group && { group: sub.group }),
    ...(sub.version && { version: sub.version }),
    kind: sub.kind,
    verbs: [...sub.verbs],
  }));
}
