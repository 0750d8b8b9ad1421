import { resourcesOf, type ServedGroup, type ServedResource, type ServedVersion } from "../../api/kinds/index.ts";
import { formatApiVersion, type JsonObject } from "../../api/meta/index.ts";

/** `/api`. `serverAddress` is where clients outside the cluster reach it. */
export function apiVersions(serverAddress: string): JsonObject {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

/** `/apis`. Groups and versions in the order of the list. */
export function apiGroupList(served: readonly ServedGroup[]): JsonObject {
  const groups = served.filter(({ name }) => name !== "");
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(groupBody) };
}

/** `/apis/GROUP`. */
export function apiGroup(group: ServedGroup): JsonObject {
  return { kind: "APIGroup", apiVersion: "v1", ...groupBody(group) };
}

function groupBody({ name, versions }: ServedGroup): JsonObject {
  const entries = versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: entries, preferredVersion: entries[0] ?? { groupVersion: "", version: "" } };
}

/** `/api/v1` and `/apis/GROUP/VERSION`. */
export function apiResourceList(group: string, served: ServedVersion): JsonObject {
  const { version } = served;
  const resources = resourcesOf(served).flatMap((kind) => [resourceBody(kind), ...subresourceBodies(kind)]);
  const head: JsonObject = { kind: "APIResourceList" };
  if (group !== "") head.apiVersion = "v1"; // the core group's list says none
  return { ...head, groupVersion: formatApiVersion({ group, version }), resources };
}

function resourceBody(kind: ServedResource): JsonObject {
  return {
    name: kind.resource,
    singularName: kind.singularName,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: shownVerbs(kind),
    ...(kind.shortNames.length > 0 && { shortNames: [...kind.shortNames] }),
    ...(kind.categories.length > 0 && { categories: [...kind.categories] }),
    ...(kind.storageVersionHash && { storageVersionHash: kind.storageVersionHash }),
  };
}

/** What may still be asked of a resource: nothing new where it is on its way out. */
export function shownVerbs({ verbs, isTerminating }: ServedResource): string[] {
  return isTerminating ? verbs.filter((verb) => !takingNew.has(verb)) : [...verbs];
}

const takingNew: ReadonlySet<string> = new Set(["create", "patch", "update"]);

function subresourceBodies(kind: ServedResource): JsonObject[] {
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
