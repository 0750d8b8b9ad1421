import { builtinKinds } from "../../api/kinds/index.ts";
import { parseApiVersion } from "../../api/meta/index.ts";

/** A resource as encryption configurations name it: in the group that it is stored in. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

const root = "/registry/";
let builtin: ReadonlyMap<string, GroupResource> | undefined;

/**
 * The resource that a key of the store belongs to: built-in ones by where they are kept, all others are
 * `/registry/<group>/<resource>/…`. Undefined for a key of another form.
 */
export function resourceOfKey(key: string): GroupResource | undefined {
  builtin ??= builtinResources();
  const [start, registry, first, second, ...rest] = key.split("/");
  if (start !== "" || registry !== "registry" || first === undefined || second === undefined) return undefined;
  const known = builtin.get(`/registry/${first}/${second}`) ?? builtin.get(`/registry/${first}`);
  if (known !== undefined) return known;
  return rest.length > 0 ? { group: first, resource: second } : undefined;
}

/** What all keys of a resource begin with, without the slash that follows; undefined for a key of another form. */
export function resourcePrefixOfKey(key: string): string | undefined {
  if (!key.startsWith(root)) return undefined;
  builtin ??= builtinResources();
  const first = key.indexOf("/", root.length);
  if (first < 0) return undefined;
  const short = key.slice(0, first);
  if (builtin.has(short)) return short;
  const second = key.indexOf("/", first + 1);
  return second < 0 ? undefined : key.slice(0, second);
}

/** The resources that are built in, as they are stored. */
export function builtinGroupResources(): Iterable<GroupResource> {
  builtin ??= builtinResources();
  return builtin.values();
}

function builtinResources(): Map<string, GroupResource> {
  const byPrefix = new Map<string, GroupResource>();
  for (const { storagePrefix, storageApiVersion, group, resource } of builtinKinds()) {
    // Served by two groups, it is configured by the one that it is stored in (events).
    const storedIn = storageApiVersion === undefined ? group : parseApiVersion(storageApiVersion).group;
    byPrefix.set(storagePrefix, { group: storedIn, resource });
  }
  return byPrefix;
}
