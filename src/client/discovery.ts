import { type KindRegistry, resourcesOf as servedResources } from "../api/kinds/index.ts";
import { errors, formatApiVersion, isApiError, parseApiVersion } from "../api/meta/index.ts";
import type { ResourceType } from "./client.ts";
import type { Transport } from "./transport.ts";

export interface DiscoveredResource extends ResourceType {
  readonly verbs: readonly string[];
}

/** Everything that is known to be served, and what cannot be told now. */
export interface Discovered {
  readonly resources: readonly DiscoveredResource[];
  /** Group versions whose server is away; what was known of them may be among the resources. */
  readonly unreadable: readonly string[];
}

/** What an API server serves, each resource once, in the version that its group prefers. */
export interface Discovery {
  resources(): Promise<readonly DiscoveredResource[]>;
  all(): Promise<Discovered>;
}

/** Of the API server in the same process, whose kinds come and go with custom resource definitions and servers behind it. */
export function registryDiscovery(kinds: KindRegistry): Discovery {
  let known: Discovered = { resources: [], unreadable: [] };
  let generation = -1;
  const all = async (): Promise<Discovered> => {
    if (kinds.generation !== generation) {
      known = served(kinds);
      generation = kinds.generation;
    }
    return known;
  };
  return { all, resources: async () => (await all()).resources };
}

function served(kinds: KindRegistry): Discovered {
  const found = new Map<string, DiscoveredResource>();
  const unreadable: string[] = [];
  for (const { name: group, versions } of kinds.served()) {
    for (const version of versions) {
      if (version.delegated?.isStale) unreadable.push(formatApiVersion({ group, version: version.version }));
      for (const { resource, kind, namespaced, verbs } of servedResources(version)) {
        const id = `${group}/${resource}`;
        if (!found.has(id)) found.set(id, { group, version: version.version, resource, kind, namespaced, verbs });
      }
    }
  }
  return { resources: [...found.values()], unreadable };
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

/** Over HTTP: the discovery documents. */
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
  /** Undefined when the server behind the group version is away. */
  const tryResourcesOf = async (groupVersion: string): Promise<DiscoveredResource[] | undefined> => {
    try {
      return await resourcesOf(groupVersion);
    } catch (error) {
      if (isApiError(error) && error.code === 404) return []; // it went meanwhile
      if (isApiError(error) && error.code === 503) return undefined;
      throw error;
    }
  };
  const all = async (): Promise<Discovered> => {
    const { groups } = await read<{ groups: readonly ApiGroup[] }>("/apis");
    const found = new Map<string, DiscoveredResource>();
    const unreadable: string[] = [];
    const versions = groups.flatMap((group) => [
      group.preferredVersion?.groupVersion ?? "",
      ...group.versions.map(({ groupVersion }) => groupVersion),
    ]);
    for (const groupVersion of ["v1", ...new Set(versions.filter((text) => text !== ""))]) {
      const told = await tryResourcesOf(groupVersion);
      if (told === undefined) unreadable.push(groupVersion);
      for (const resource of told ?? []) {
        const id = `${resource.group}/${resource.resource}`;
        if (!found.has(id)) found.set(id, resource);
      }
    }
    return { resources: [...found.values()], unreadable };
  };
  return { all, resources: async () => (await all()).resources };
}
