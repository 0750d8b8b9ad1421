import type { GroupVersionKind } from "../../api/meta/index.ts";
import type { ValidatingAdmissionPolicy } from "../../api/types/index.ts";
import type { DiscoveredResource } from "../../client/index.ts";

/** The original checks no more types for one rule of a policy. */
const typesMax = 10;

/** The kind of a resource that a policy names. */
export interface CheckedType extends GroupVersionKind {
  readonly resource: string;
}

/**
 * The kinds that a policy is about, in order. Rules with wildcards, and subresources, are about too much to be checked.
 * @param served what the API server serves
 */
export function typesToCheck(
  { spec }: ValidatingAdmissionPolicy,
  served: readonly DiscoveredResource[],
): readonly CheckedType[] {
  const found = new Map<string, CheckedType>();
  for (const rule of spec.matchConstraints?.resourceRules ?? []) {
    const groups = named(rule.apiGroups);
    const versions = named(rule.apiVersions);
    const resources = (rule.resources ?? []).filter((name) => !/[*/]/.test(name)).sort();
    for (const type of typesOf(groups, versions, resources, served).slice(0, typesMax)) {
      found.set(nameOf(type), type);
    }
  }
  return [...found.values()].sort((a, b) => compare(a, b));
}

/** None when one of them is a wildcard. */
function named(names: readonly string[] | undefined): readonly string[] {
  const all = names ?? [];
  return all.some((name) => name.includes("*")) ? [] : [...all].sort();
}

function typesOf(
  groups: readonly string[],
  versions: readonly string[],
  resources: readonly string[],
  served: readonly DiscoveredResource[],
): CheckedType[] {
  return groups.flatMap((group) =>
    versions.flatMap((version) =>
      resources.flatMap((resource) => {
        const known = served.find((one) => one.group === group && one.resource === resource);
        return known?.kind === undefined ? [] : [{ group, version, kind: known.kind, resource }];
      }),
    ),
  );
}

/** As warnings name it: `apps/v1, Kind=Deployment`. */
export function nameOf({ group, version, kind }: GroupVersionKind): string {
  return `${group}/${version}, Kind=${kind}`;
}

function compare(a: CheckedType, b: CheckedType): number {
  const order = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);
  return order(a.group, b.group) || order(a.version, b.version) || order(a.kind, b.kind);
}
