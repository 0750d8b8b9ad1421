import type { KindRegistry, ResourceKind } from "../../../api/kinds/index.ts";
import {
  errors,
  type LabelSelector,
  labelSelectorAsSelector,
  matches as matchesLabels,
} from "../../../api/meta/index.ts";
import type { Attributes } from "../admission.ts";
import type { Lookup } from "../lookup.ts";

/** Which requests policies and their bindings, or webhooks, are about. */

export interface RequestRule {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly scope?: string;
}

export interface MatchCriteria {
  readonly resourceRules?: readonly RequestRule[];
  readonly excludeResourceRules?: readonly RequestRule[];
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly matchPolicy?: string;
}

/**
 * The version of the request's resource in which it matches: its own, or with matchPolicy Equivalent another one.
 * Undefined when it does not match. @throws ApiError 404 when its namespace is not there.
 */
export async function matchRequest(
  criteria: MatchCriteria | undefined,
  attributes: Attributes,
  kinds: KindRegistry,
  lookup: Lookup,
): Promise<ResourceKind | undefined> {
  if (criteria === undefined) return attributes.kind;
  const { resourceRules = [], excludeResourceRules = [], matchPolicy } = criteria;
  const equivalent = matchPolicy !== "Exact";
  // What costs least comes first: the answer is the same in every order.
  const matched =
    resourceRules.length === 0 ? attributes.kind : matchedVersion(resourceRules, attributes, kinds, equivalent);
  if (matched === undefined) return undefined;
  if (matchedVersion(excludeResourceRules, attributes, kinds, equivalent) !== undefined) return undefined;
  if (!matchesObjects(criteria.objectSelector, attributes)) return undefined;
  return (await matchesNamespace(criteria.namespaceSelector, attributes, lookup)) ? matched : undefined;
}

/** The version in which a request matches one of the rules: its own, else another one where that is as good. */
export function matchedVersion(
  rules: readonly RequestRule[],
  attributes: Attributes,
  kinds: KindRegistry,
  equivalent: boolean,
): ResourceKind | undefined {
  if (rules.length === 0) return undefined;
  if (rules.some((rule) => matchesRule(rule, attributes, attributes.kind))) return attributes.kind;
  if (!equivalent) return undefined;
  for (const other of otherVersions(attributes.kind, kinds)) {
    if (rules.some((rule) => matchesRule(rule, attributes, other))) return other;
  }
  return undefined;
}

/** The same resource under other versions and groups, by the registry's state. */
const versionsCache = new WeakMap<ResourceKind, { generation: number; others: readonly ResourceKind[] }>();

function otherVersions(kind: ResourceKind, kinds: KindRegistry): readonly ResourceKind[] {
  const known = versionsCache.get(kind);
  if (known !== undefined && known.generation === kinds.generation) return known.others;
  const others = kinds.all().filter((other) => other !== kind && other.storagePrefix === kind.storagePrefix);
  versionsCache.set(kind, { generation: kinds.generation, others });
  return others;
}

function matchesRule(rule: RequestRule, attributes: Attributes, kind: ResourceKind): boolean {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], resourceNames = [] } = rule;
  return (
    includes(operations, attributes.operation) &&
    includes(apiGroups, kind.group) &&
    includes(apiVersions, kind.version) &&
    matchesScope(rule.scope, attributes) &&
    resources.some((entry) => matchesResource(entry, kind.resource, attributes.subresource)) &&
    (resourceNames.length === 0 || resourceNames.includes(attributes.name))
  );
}

function includes(all: readonly string[], one: string): boolean {
  return all.includes("*") || all.includes(one);
}

function matchesResource(entry: string, resource: string, subresource: string): boolean {
  const slash = entry.indexOf("/");
  const wanted = slash < 0 ? entry : entry.slice(0, slash);
  if (wanted !== "*" && wanted !== resource) return false;
  if (slash < 0) return subresource === "";
  const wantedSubresource = entry.slice(slash + 1);
  return wantedSubresource === "*" || wantedSubresource === subresource;
}

/** A namespace lies in itself for admission, but its scope is the cluster. */
function matchesScope(scope: string | undefined, { kind, namespace }: Attributes): boolean {
  if (scope === undefined || scope === "*") return true;
  const isNamespaced = !isNamespaces(kind) && namespace !== "";
  return scope === "Namespaced" ? isNamespaced : !isNamespaced;
}

function isNamespaces(kind: ResourceKind): boolean {
  return kind.group === "" && kind.resource === "namespaces";
}

function isEmpty(selector: LabelSelector | undefined): boolean {
  return (
    selector === undefined ||
    (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0)
  );
}

/** The new object or the old one. */
export function matchesObjects(selector: LabelSelector | undefined, { object, old }: Attributes): boolean {
  if (selector === undefined || isEmpty(selector)) return true;
  const parsed = labelSelectorAsSelector(selector);
  return [object, old].some((one) => one !== undefined && matchesLabels(parsed, one.metadata?.labels));
}

/** @throws ApiError 404 when the request's namespace is not there */
export async function matchesNamespace(
  selector: LabelSelector | undefined,
  attributes: Attributes,
  lookup: Lookup,
): Promise<boolean> {
  const { kind, namespace, operation, object } = attributes;
  if (selector === undefined || isEmpty(selector) || (namespace === "" && !isNamespaces(kind))) return true;
  const isWritten = isNamespaces(kind) && (operation === "CREATE" || operation === "UPDATE");
  const found = isWritten ? object : await lookup.get("", "namespaces", "", namespace);
  if (found === undefined) throw errors.notFound({ group: "", resource: "namespaces" }, namespace);
  return matchesLabels(labelSelectorAsSelector(selector), found.metadata.labels);
}
