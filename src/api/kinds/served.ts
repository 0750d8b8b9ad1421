import type { ResourceKind, Subresource } from "./kind.ts";

/** What discovery says of a resource in one version; every ResourceKind is one. */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly singularName: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** Its definition is being deleted: it takes nothing new. */
  readonly isTerminating?: boolean;
  readonly storageVersionHash?: string;
  readonly subresources: ReadonlyMap<string, Subresource>;
}

/** A group version that another server serves (an APIService): requests to it are handed on, its kinds are not known here. */
export interface DelegatedGroupVersion {
  readonly group: string;
  readonly version: string;
  /** Of the APIService: the higher comes first. */
  readonly groupPriorityMinimum: number;
  readonly versionPriority: number;
  /** As the other server last told them. */
  readonly resources: readonly ServedResource[];
  /** The other server cannot be asked at present. */
  readonly isStale: boolean;
}

/** One version of a group. What is delegated has no kinds here. */
export interface ServedVersion {
  readonly version: string;
  readonly kinds: readonly ResourceKind[];
  readonly delegated?: DelegatedGroupVersion;
}

/** A group with its versions, the preferred one first. */
export interface ServedGroup {
  readonly name: string;
  readonly versions: readonly ServedVersion[];
}

/** What discovery says of a version's resources, whoever serves it. */
export function resourcesOf(version: ServedVersion): readonly ServedResource[] {
  return version.delegated?.resources ?? version.kinds;
}

/** Order of an API group's versions beside those of all others, as APIServices have it. */
export interface GroupPriority {
  readonly groupPriorityMinimum: number;
  readonly versionPriority: number;
}

/** Those of the original for groups that it serves itself. */
const groupPriorities: ReadonlyMap<string, number> = new Map([
  ["", 18_000],
  ["apiregistration.k8s.io", 18_000],
  ["apps", 17_800],
  ["events.k8s.io", 17_750],
  ["authentication.k8s.io", 17_700],
  ["authorization.k8s.io", 17_600],
  ["autoscaling", 17_500],
  ["batch", 17_400],
  ["certificates.k8s.io", 17_300],
  ["networking.k8s.io", 17_200],
  ["policy", 17_100],
  ["rbac.authorization.k8s.io", 17_000],
  ["storage.k8s.io", 16_800],
  ["admissionregistration.k8s.io", 16_700],
  ["apiextensions.k8s.io", 16_700],
  ["scheduling.k8s.io", 16_600],
  ["coordination.k8s.io", 16_500],
  ["node.k8s.io", 16_300],
  ["discovery.k8s.io", 16_200],
  ["resource.k8s.io", 16_200],
  ["flowcontrol.apiserver.k8s.io", 16_100],
  ["internal.apiserver.k8s.io", 16_000],
  ["storagemigration.k8s.io", 15_800],
]);

const customGroupPriority = 1_000;
const defaultVersionPriority = 100;

/** Of a group version that is served here: a built-in one's own, else that of custom resources. */
export function localPriority(group: string): GroupPriority {
  return {
    groupPriorityMinimum: groupPriorities.get(group) ?? customGroupPriority,
    versionPriority: defaultVersionPriority,
  };
}
