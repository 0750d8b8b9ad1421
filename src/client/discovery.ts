import type { KindRegistry } from "../api/kinds/index.ts";
import { errors, isApiError, parseApiVersion } from "../api/meta/index.ts";
import type { ResourceType } from "./client.ts";
import type { Transport } from "./transport.ts";

export interface DiscoveredResource extends ResourceType {
  readonly verbs: readonly string[];
}

/** What an API server serves, each resource once, in the version that its group prefers. */
export interface Discovery {
  resources(): Promise<readonly DiscoveredResource[]>;
}

/** Of the API server in the same process, whose kinds come and go with custom resource definitions. */
export function registryDiscovery(kinds: KindRegistry): Discovery {
  let known: readonly DiscoveredResource[] = [];
  let generation = -1;
  return {
    resources: async () => {
      if (kinds.generation !== generation) {
        known = kinds
          .all()
          .filter((kind) => kinds.preferred(kind.group, kind.resource) === kind)
          .map(({ group, version, resource, kind, namespaced, verbs }) => ({
            group,
            version,
            resource,
            kind,
            namespaced,
            verbs,
          }));
        generation = kinds.generation;
      }
      return known;
    },
  };
}

interface ApiGroup {
  readonly name: string;
  readonly preferredVersion?: { readonly groupVersion: string };
  readonly versions: readonly { readonly groupVersion: string }[];
}

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** Over HTTP: the discovery documents. A group that cannot be read (its server is away) is left out. */
export function transportDiscovery(transport: Transport): Discovery {
  const read = async <T>(path: string): Promise<T> => {
    if (transport.getPath === undefined)
      throw errors.internalError(new Error("this transport has no discovery documents"));
    return (await transport.getPath(path)) as T;
  };
  const resourcesOf = async (groupVersion: string): Promise<DiscoveredResource[]> => {
    const { group, version } = parseApiVersion(groupVersion);
    const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
    const { resources } = await read<{ resources: readonly ApiResource[] }>(path);
    return resources
      .filter(({ name }) => !name.includes("/"))
      .map(({ name, kind, namespaced, verbs }) => ({ group, version, resource: name, kind, namespaced, verbs }));
  };
  const tryResourcesOf = async (groupVersion: string): Promise<DiscoveredResource[]> => {
    try {
      return await resourcesOf(groupVersion);
    } catch (error) {
      if (isApiError(error) && (error.code === 404 || error.code === 503)) return [];
      throw error;
    }
  };
  return {
    resources: async () => {
      const { groups } = await read<{ groups: readonly ApiGroup[] }>("/apis");
      const found = new Map<string, DiscoveredResource>();
      const versions = groups.flatMap((group) => [
        group.preferredVersion?.groupVersion ?? "",
        ...group.versions.map(({ groupVersion }) => groupVersion),
      ]);
      for (const groupVersion of ["v1", ...new Set(versions.filter((text) => text !== ""))]) {
        for (const resource of await tryResourcesOf(groupVersion)) {
          const id = `${resource.group}/${resource.resource}`;
          if (!found.has(id)) found.set(id, resource);
        }
      }
      return [...found.values()];
    },
  };
}
