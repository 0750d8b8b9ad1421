import type { KindRegistry } from "../../api/kinds/index.ts";
import type { KubeObject } from "../../api/meta/index.ts";
import type { Store } from "../../store/index.ts";

/** Reads what plugins must know from the store, in the stored version. */
export interface Lookup {
  get(group: string, resource: string, namespace: string, name: string): Promise<KubeObject | undefined>;
  /** All objects of a namespace, or of the cluster for `""`. */
  list(group: string, resource: string, namespace: string): Promise<Iterable<KubeObject>>;
}

export function createLookup(store: Store, kinds: KindRegistry): Lookup {
  const prefixOf = (group: string, resource: string, namespace: string) => {
    const kind = kinds.preferred(group, resource);
    if (kind === undefined) return undefined;
    return namespace === "" ? `${kind.storagePrefix}/` : `${kind.storagePrefix}/${namespace}/`;
  };
  return {
    async get(group, resource, namespace, name) {
      const prefix = prefixOf(group, resource, namespace);
      return prefix === undefined ? undefined : (await store.get(prefix + name))?.object;
    },
    async list(group, resource, namespace) {
      const prefix = prefixOf(group, resource, namespace);
      if (prefix === undefined) return [];
      const snapshot = await store.list(prefix);
      return objectsOf(snapshot.entries());
    },
  };
}

function* objectsOf(entries: Iterable<{ readonly object: KubeObject }>): Iterable<KubeObject> {
  for (const entry of entries) yield entry.object;
}
