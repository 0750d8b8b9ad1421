import type { ServedResource } from "../../api/kinds/index.ts";
import type { JsonObject } from "../../api/meta/index.ts";

/** What the OpenAPI documents say of a resource in one version; every ResourceKind is one. */
export interface DiscoveredKind extends ServedResource {
  readonly listKind?: string;
  /** OpenAPI v3 schema of a custom resource; built-in kinds have theirs in the tables. */
  readonly openApiSchema?: JsonObject;
}

/** Group to its versions to their kinds, in the order of the list. */
export type GroupedKinds = ReadonlyMap<string, ReadonlyMap<string, readonly DiscoveredKind[]>>;

export function groupKinds(kinds: readonly DiscoveredKind[]): GroupedKinds {
  const groups = new Map<string, Map<string, DiscoveredKind[]>>();
  for (const kind of kinds) {
    const versions = getOrAdd(groups, kind.group, () => new Map<string, DiscoveredKind[]>());
    getOrAdd(versions, kind.version, () => []).push(kind);
  }
  return groups;
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
