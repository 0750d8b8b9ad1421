import type { GroupVersion } from "../meta/index.ts";
import { formatApiVersion } from "../meta/index.ts";
import type { ResourceKind } from "./kind.ts";

/** All resources that are served, by name and by kind. Kinds come and go with custom resource definitions. */
export interface KindRegistry {
  byResource(group: string, version: string, resource: string): ResourceKind | undefined;
  byKind(group: string, version: string, kind: string): ResourceKind | undefined;
  byApiVersionKind(apiVersion: string, kind: string): ResourceKind | undefined;
  /** In discovery order. */
  all(): readonly ResourceKind[];
  inGroupVersion(group: string, version: string): readonly ResourceKind[];
  /** The groups, in discovery order; the core group is "". */
  groups(): readonly string[];
  /** Versions of a group, the preferred one first. */
  versions(group: string): readonly string[];
  preferredVersion(group: string): string | undefined;
  groupVersions(): readonly GroupVersion[];
  /** The kind of a resource in the group's most preferred version that serves it. */
  preferred(group: string, resource: string): ResourceKind | undefined;
  /** Replaces a kind of the same group, version and resource. */
  add(kind: ResourceKind): void;
  remove(group: string, version: string, resource: string): void;
  /** Raised by add and remove, so that what is derived from the kinds can be cached. */
  readonly generation: number;
}

export function createKindRegistry(kinds: readonly ResourceKind[]): KindRegistry {
  return new MapKindRegistry(kinds);
}

/** Stable before beta before alpha, then the higher number: the order of versions that the original prefers. */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  if (left === undefined || right === undefined) {
    if (left === right) return a < b ? -1 : a > b ? 1 : 0;
    return left === undefined ? 1 : -1;
  }
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor;
}

const stages = { alpha: 0, beta: 1 } as const;

function parseVersion(version: string): { stage: number; major: number; minor: number } | undefined {
  const match = /^v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?$/.exec(version);
  if (match === null) return undefined;
  const stage = match[2] === "alpha" || match[2] === "beta" ? stages[match[2]] : 2;
  return { stage, major: Number(match[1]), minor: Number(match[3] ?? 0) };
}

class MapKindRegistry implements KindRegistry {
  generation = 0;
  readonly #byResource = new Map<string, ResourceKind>();
  readonly #byKind = new Map<string, ResourceKind>();
  /** Group to its versions to their kinds, in the order in which they came. */
  readonly #groups = new Map<string, Map<string, ResourceKind[]>>();

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
    return [...this.#groups.values()].flatMap((versions) => [...versions.values()].flat());
  }

  inGroupVersion(group: string, version: string): readonly ResourceKind[] {
    return this.#groups.get(group)?.get(version) ?? [];
  }

  groups(): readonly string[] {
    return [...this.#groups.keys()];
  }

  versions(group: string): readonly string[] {
    return [...(this.#groups.get(group)?.keys() ?? [])].sort(compareVersions);
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

  add(kind: ResourceKind): void {
    this.#drop(kind.group, kind.version, kind.resource);
    this.#put(kind);
    this.generation++;
  }

  remove(group: string, version: string, resource: string): void {
    if (this.#drop(group, version, resource)) this.generation++;
  }

  #put(kind: ResourceKind): void {
    const apiVersion = formatApiVersion(kind);
    this.#byResource.set(`${kind.group}/${kind.version}/${kind.resource}`, kind);
    this.#byKind.set(`${apiVersion}/${kind.kind}`, kind);
    const versions = this.#groups.get(kind.group) ?? new Map<string, ResourceKind[]>();
    this.#groups.set(kind.group, versions);
    const kinds = versions.get(kind.version);
    if (kinds === undefined) versions.set(kind.version, [kind]);
    else kinds.push(kind);
  }

  #drop(group: string, version: string, resource: string): boolean {
    const key = `${group}/${version}/${resource}`;
    const kind = this.#byResource.get(key);
    if (kind === undefined) return false;
    this.#byResource.delete(key);
    this.#byKind.delete(`${formatApiVersion(kind)}/${kind.kind}`);
    const versions = this.#groups.get(group);
    const left = (versions?.get(version) ?? []).filter((other) => other !== kind);
    if (left.length > 0) versions?.set(version, left);
    else versions?.delete(version);
    if (versions?.size === 0) this.#groups.delete(group);
    return true;
  }
}
