import type { GroupVersion } from "../meta/index.ts";
import { formatApiVersion } from "../meta/index.ts";
import type { ResourceKind } from "./kind.ts";
import { type DelegatedGroupVersion, type GroupPriority, localPriority, type ServedGroup } from "./served.ts";
import { compareVersions } from "./version-order.ts";

/**
 * The one owner of what is served now: the built-in kinds, those of custom resource definitions (`change`), and group
 * versions of other servers (`delegate`). Routing, discovery, OpenAPI and the controllers that meet every resource read it.
 */
export interface KindRegistry {
  byResource(group: string, version: string, resource: string): ResourceKind | undefined;
  byKind(group: string, version: string, kind: string): ResourceKind | undefined;
  byApiVersionKind(apiVersion: string, kind: string): ResourceKind | undefined;
  /** In discovery order. */
  all(): readonly ResourceKind[];
  inGroupVersion(group: string, version: string): readonly ResourceKind[];
  /** The groups that have kinds here, in discovery order; the core group is "". */
  groups(): readonly string[];
  /** Versions of a group that have kinds here, the preferred one first. */
  versions(group: string): readonly string[];
  preferredVersion(group: string): string | undefined;
  groupVersions(): readonly GroupVersion[];
  /** The kind of a resource in the group's most preferred version that serves it. */
  preferred(group: string, resource: string): ResourceKind | undefined;
  /** Everything that discovery tells of, delegated versions included: by priority, then as the original prefers. */
  served(): readonly ServedGroup[];
  servedGroup(group: string): ServedGroup | undefined;
  /** Takes kinds out and in at once; those that come replace any of the same group, version and resource. */
  change(change: KindChange): void;
  /** Takes the place of an earlier one of the same group version. It hides kinds of that version. */
  delegate(delegated: DelegatedGroupVersion): void;
  withdraw(group: string, version: string): void;
  delegated(group: string, version: string): DelegatedGroupVersion | undefined;
  /** Raised by every change, so that what is derived from the kinds can be cached. */
  readonly generation: number;
  /** Calls after every change, until the answer is called. The listener never throws. */
  subscribe(changed: () => void): () => void;
}

export interface KindChange {
  readonly remove?: readonly ResourceKind[];
  readonly add?: readonly ResourceKind[];
}

export function createKindRegistry(kinds: readonly ResourceKind[]): KindRegistry {
  return new MapKindRegistry(kinds);
}

/** What is derived from the maps; made anew after a change when first asked for. */
interface Derived {
  readonly all: readonly ResourceKind[];
  readonly groups: readonly string[];
  readonly versions: ReadonlyMap<string, readonly string[]>;
  readonly served: ReadonlyMap<string, ServedGroup>;
}

const none: readonly never[] = [];

class MapKindRegistry implements KindRegistry {
  generation = 0;
  readonly #byResource = new Map<string, ResourceKind>();
  readonly #byKind = new Map<string, ResourceKind>();
  /** Group to its versions to their kinds. */
  readonly #groups = new Map<string, Map<string, ResourceKind[]>>();
  readonly #delegated = new Map<string, DelegatedGroupVersion>();
  readonly #listeners = new Set<() => void>();
  #derived: Derived | undefined;

  constructor(kinds: readonly ResourceKind[]) {
    for (const kind of kinds) this.#put(kind);
  }

  byResource(group: string, version: string, resource: string): ResourceKind | undefined {
    return this.#byResource.get(`${group}/${version}/${resource}`);
  }

  byKind(group: string, version: string, kind: string): ResourceKind | undefined {
    return this.#byKind.get(`${formatApiVersion({ group, version })}/${kind}`);
  }

  byApiVersionKind(apiVersion: string, kind: string): ResourceKind | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`);
  }

  all(): readonly ResourceKind[] {
    return this.#now().all;
  }

  inGroupVersion(group: string, version: string): readonly ResourceKind[] {
    return this.#groups.get(group)?.get(version) ?? none;
  }

  groups(): readonly string[] {
    return this.#now().groups;
  }

  versions(group: string): readonly string[] {
    return this.#now().versions.get(group) ?? none;
  }

  preferredVersion(group: string): string | undefined {
    return this.versions(group)[0];
  }

  groupVersions(): readonly GroupVersion[] {
    return this.groups().flatMap((group) => this.versions(group).map((version) => ({ group, version })));
  }

  preferred(group: string, resource: string): ResourceKind | undefined {
    for (const version of this.versions(group)) {
      const kind = this.byResource(group, version, resource);
      if (kind !== undefined) return kind;
    }
    return undefined;
  }

  served(): readonly ServedGroup[] {
    return [...this.#now().served.values()];
  }

  servedGroup(group: string): ServedGroup | undefined {
    return this.#now().served.get(group);
  }

  change({ remove = none, add = none }: KindChange): void {
    if (remove.length === 0 && add.length === 0) return;
    for (const kind of remove) this.#drop(kind);
    for (const kind of add) {
      const known = this.byResource(kind.group, kind.version, kind.resource);
      if (known !== undefined) this.#drop(known);
      this.#put(kind);
    }
    this.#changed();
  }

  delegate(delegated: DelegatedGroupVersion): void {
    this.#delegated.set(formatApiVersion(delegated), delegated);
    this.#changed();
  }

  withdraw(group: string, version: string): void {
    if (this.#delegated.delete(formatApiVersion({ group, version }))) this.#changed();
  }

  delegated(group: string, version: string): DelegatedGroupVersion | undefined {
    return this.#delegated.size === 0 ? undefined : this.#delegated.get(formatApiVersion({ group, version }));
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }

  #changed(): void {
    this.#derived = undefined;
    this.generation++;
    for (const listener of [...this.#listeners]) listener();
  }

  #now(): Derived {
    this.#derived ??= derive(this.#groups, this.#delegated.values());
    return this.#derived;
  }

  #put(kind: ResourceKind): void {
    const apiVersion = formatApiVersion(kind);
    this.#byResource.set(`${kind.group}/${kind.version}/${kind.resource}`, kind);
    this.#byKind.set(`${apiVersion}/${kind.kind}`, kind);
    const versions = this.#groups.get(kind.group) ?? new Map<string, ResourceKind[]>();
    this.#groups.set(kind.group, versions);
    versions.set(kind.version, [...(versions.get(kind.version) ?? []), kind]);
  }

  #drop(kind: ResourceKind): void {
    const { group, version, resource } = kind;
    const key = `${group}/${version}/${resource}`;
    if (this.#byResource.get(key) !== kind) return;
    this.#byResource.delete(key);
    const kindKey = `${formatApiVersion(kind)}/${kind.kind}`;
    if (this.#byKind.get(kindKey) === kind) this.#byKind.delete(kindKey);
    const versions = this.#groups.get(group);
    const left = (versions?.get(version) ?? []).filter((other) => other !== kind);
    if (left.length > 0) versions?.set(version, left);
    else versions?.delete(version);
    if (versions?.size === 0) this.#groups.delete(group);
  }
}

/** A group version with its place among the others. */
interface Placed {
  readonly group: string;
  readonly version: string;
  readonly kinds: readonly ResourceKind[];
  readonly delegated?: DelegatedGroupVersion;
  readonly priority: GroupPriority;
}

function derive(
  local: ReadonlyMap<string, ReadonlyMap<string, readonly ResourceKind[]>>,
  delegations: Iterable<DelegatedGroupVersion>,
): Derived {
  const placed = new Map<string, Placed>();
  for (const [group, versions] of local) {
    const priority = localPriority(group);
    for (const [version, kinds] of versions)
      placed.set(formatApiVersion({ group, version }), { group, version, kinds, priority });
  }
  for (const delegated of delegations) {
    const { group, version } = delegated;
    placed.set(formatApiVersion(delegated), { group, version, kinds: none, delegated, priority: delegated });
  }
  const groups = new Map<string, Placed[]>();
  for (const one of [...placed.values()].sort(byGroupPriority)) {
    const versions = groups.get(one.group);
    if (versions === undefined) groups.set(one.group, [one]);
    else versions.push(one);
  }
  const served = new Map<string, ServedGroup>();
  for (const [name, versions] of groups) served.set(name, { name, versions: versions.sort(byVersionPriority) });
  const here = [...served.values()].filter(({ versions }) => versions.some(({ kinds }) => kinds.length > 0));
  return {
    served,
    groups: here.map(({ name }) => name),
    versions: new Map(here.map(({ name, versions }) => [name, versions.filter(isLocal).map(({ version }) => version)])),
    all: here.flatMap(({ versions }) => versions.flatMap(({ kinds }) => kinds)),
  };
}

function isLocal({ kinds }: { readonly kinds: readonly ResourceKind[] }): boolean {
  return kinds.length > 0;
}

/** Where priorities are equal the names of the APIServices decide, `v1.apps`; the core group is before all others. */
function byGroupPriority(a: Placed, b: Placed): number {
  const byPriority = b.priority.groupPriorityMinimum - a.priority.groupPriorityMinimum;
  if (byPriority !== 0) return byPriority;
  if (a.group === "" || b.group === "") return a.group === b.group ? 0 : a.group === "" ? -1 : 1;
  const left = `${a.version}.${a.group}`;
  const right = `${b.version}.${b.group}`;
  return left < right ? -1 : left > right ? 1 : 0;
}

function byVersionPriority(a: Placed, b: Placed): number {
  return b.priority.versionPriority - a.priority.versionPriority || compareVersions(a.version, b.version);
}
