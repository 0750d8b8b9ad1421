import type { DiscoveredResource, Discovery } from "./generate-source.ts";

/**
 * One resource as compact facts: name, kind, singular, namespaced, verbs, short names, categories, storage version
 * hash, subresources. Verbs are indexes into a shared list, as nearly all resources have the same.
 */
interface CompactResource {
  n: string;
  k: string;
  s: string;
  ns: 0 | 1;
  v: number;
  sn?: string[];
  c?: string[];
  h?: string;
  sub?: CompactSubresource[];
}
interface CompactSubresource {
  n: string;
  k: string;
  g?: string;
  ver?: string;
  v: number;
}

export interface ResourceTable {
  verbs: string[][];
  /** By group version, in the order of discovery. */
  resources: Record<string, CompactResource[]>;
}

export function buildResources(discovery: Discovery): ResourceTable {
  const verbs: string[][] = [];
  const verbIndex = (list: string[]) => {
    const found = verbs.findIndex((v) => v.join() === list.join());
    return found >= 0 ? found : verbs.push(list) - 1;
  };
  const resources: Record<string, CompactResource[]> = {};
  for (const [groupVersion, list] of Object.entries(discovery.resources)) {
    const main = list.filter((r) => !r.name.includes("/"));
    resources[groupVersion] = main.map((r) => compactResource(r, list, verbIndex));
    checkOrphans(groupVersion, list, main);
  }
  return { verbs, resources };
}

function compactResource(
  r: DiscoveredResource,
  list: DiscoveredResource[],
  verbIndex: (v: string[]) => number,
): CompactResource {
  const compact: CompactResource = {
    n: r.name,
    k: r.kind,
    s: r.singularName,
    ns: r.namespaced ? 1 : 0,
    v: verbIndex(r.verbs),
  };
  if (r.shortNames) compact.sn = r.shortNames;
  if (r.categories) compact.c = r.categories;
  if (r.storageVersionHash) compact.h = r.storageVersionHash;
  const subresources = list.filter((s) => s.name.startsWith(`${r.name}/`));
  if (subresources.length > 0) {
    compact.sub = subresources.map((s) => {
      const sub: CompactSubresource = { n: s.name.slice(r.name.length + 1), k: s.kind, v: verbIndex(s.verbs) };
      if (s.group) sub.g = s.group;
      if (s.version) sub.ver = s.version;
      return sub;
    });
  }
  return compact;
}

function checkOrphans(groupVersion: string, list: DiscoveredResource[], main: DiscoveredResource[]): void {
  for (const r of list) {
    const parent = r.name.split("/")[0];
    if (r.name.includes("/") && !main.some((m) => m.name === parent)) {
      throw new Error(`${groupVersion}: ${r.name} has no main resource`);
    }
  }
}
