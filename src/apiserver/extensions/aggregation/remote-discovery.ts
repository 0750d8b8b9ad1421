import type { ServedResource, Subresource } from "../../../api/kinds/index.ts";

/** An entry of an APIResourceList. */
interface ListedResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
}

/** What another server says that it serves of a group version. @throws Error for what is no list of resources */
export function readResources(document: unknown, group: string, version: string): ServedResource[] {
  const { kind, resources } = document as { kind?: string; resources?: readonly ListedResource[] };
  if (kind !== "APIResourceList" || !Array.isArray(resources)) {
    throw new Error(`the discovery document of ${group}/${version} is no APIResourceList`);
  }
  const listed = resources as readonly ListedResource[];
  return listed
    .filter(({ name }) => !name.includes("/"))
    .map((one) => ({
      group,
      version,
      resource: one.name,
      kind: one.kind,
      singularName: one.singularName ?? "",
      shortNames: one.shortNames ?? [],
      categories: one.categories ?? [],
      namespaced: one.namespaced ?? false,
      verbs: one.verbs ?? [],
      ...(one.storageVersionHash !== undefined && { storageVersionHash: one.storageVersionHash }),
      subresources: subresourcesOf(one.name, listed),
    }));
}

function subresourcesOf(resource: string, listed: readonly ListedResource[]): Map<string, Subresource> {
  const found = new Map<string, Subresource>();
  for (const { name, kind, verbs, group, version } of listed) {
    if (!name.startsWith(`${resource}/`)) continue;
    const short = name.slice(resource.length + 1);
    found.set(short, {
      name: short,
      kind,
      verbs: verbs ?? [],
      ...(group !== undefined && { group }),
      ...(version !== undefined && { version }),
    });
  }
  return found;
}
