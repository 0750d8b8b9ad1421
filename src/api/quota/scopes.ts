import type { KubeObject } from "../meta/index.ts";
import type { PersistentVolumeClaim, Pod, PodAffinityTerm, ResourceQuota } from "../types/index.ts";
import { isBestEffort } from "./pod-usage.ts";

export interface ScopeRequirement {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** All that an object must be in for the quota to count it. */
export function scopesOf(quota: ResourceQuota): ScopeRequirement[] {
  return [
    ...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" })),
    ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
  ];
}

/** Those of the scopes that the object is in. Only pods and claims are in any. */
export function matchedScopes(
  resource: string,
  object: KubeObject,
  scopes: readonly ScopeRequirement[],
): ScopeRequirement[] {
  if (resource === "pods") return scopes.filter((scope) => podIsIn(scope, object as Pod));
  if (resource === "persistentvolumeclaims") {
    return scopes.filter((scope) => claimIsIn(scope, object as PersistentVolumeClaim));
  }
  return [];
}

function podIsIn(scope: ScopeRequirement, pod: Pod): boolean {
  switch (scope.scopeName) {
    case "Terminating":
      return isTerminating(pod);
    case "NotTerminating":
      return !isTerminating(pod);
    case "BestEffort":
      return isBestEffort(pod);
    case "NotBestEffort":
      return !isBestEffort(pod);
    case "PriorityClass":
      return matchesNames(scope, pod.spec.priorityClassName ? [pod.spec.priorityClassName] : []);
    case "CrossNamespacePodAffinity":
      return reachesOtherNamespaces(pod);
    default:
      return false;
  }
}

function isTerminating(pod: Pod): boolean {
  return (pod.spec.activeDeadlineSeconds ?? -1) >= 0;
}

/** A claim is in the scope of every class that it has, had or shall have. */
function claimIsIn(scope: ScopeRequirement, { spec, status }: PersistentVolumeClaim): boolean {
  if (scope.scopeName !== "VolumeAttributesClass") return false;
  const names = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter((name) => name !== undefined && name !== "");
  return matchesNames(scope, names as string[]);
}

/** As a label selector does: what has no name is not in any list. */
function matchesNames({ operator, values = [] }: ScopeRequirement, names: readonly string[]): boolean {
  switch (operator) {
    case "Exists":
      return names.length > 0;
    case "DoesNotExist":
      return names.length === 0;
    case "NotIn":
      return names.length === 0 || names.some((name) => !values.includes(name));
    default:
      return names.some((name) => values.includes(name));
  }
}

function reachesOtherNamespaces({ spec: { affinity } }: Pod): boolean {
  const terms: PodAffinityTerm[] = [];
  for (const one of [affinity?.podAffinity, affinity?.podAntiAffinity]) {
    terms.push(...(one?.requiredDuringSchedulingIgnoredDuringExecution ?? []));
    terms.push(...(one?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((each) => each.podAffinityTerm));
  }
  return terms.some(({ namespaces, namespaceSelector }) => namespaces?.length || namespaceSelector !== undefined);
}
