import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import { givenValue } from "../../schema/index.ts";
import type { ResourceQuota, ScopedResourceSelectorRequirement } from "../../types/index.ts";
import { checkImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { checkResourceName, checkResourceQuantity } from "../podspec/resources.ts";
import { isStandardQuotaResource } from "../resource-names.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";

const scopes: ReadonlySet<string> = new Set([
  "Terminating",
  "NotTerminating",
  "BestEffort",
  "NotBestEffort",
  "PriorityClass",
  "CrossNamespacePodAffinity",
  "VolumeAttributesClass",
]);

const podCounts: ReadonlySet<string> = new Set(["pods"]);
const podAmounts: ReadonlySet<string> = new Set([
  ...podCounts,
  "cpu",
  "memory",
  "requests.cpu",
  "requests.memory",
  "limits.cpu",
  "limits.memory",
]);

/** What each scope can be counted of: a scope of pods says nothing of services or secrets. */
const resourcesOfScope: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["Terminating", podAmounts],
  ["NotTerminating", podAmounts],
  ["BestEffort", podCounts],
  ["NotBestEffort", podAmounts],
  ["PriorityClass", podAmounts],
  ["CrossNamespacePodAffinity", podAmounts],
  ["VolumeAttributesClass", new Set(["persistentvolumeclaims", "requests.storage"])],
]);

export const resourceQuotaStrategy: KindStrategy = {
  validate: (quota: ResourceQuota) => checkQuota(quota),
  validateUpdate(quota: ResourceQuota, old: ResourceQuota) {
    const out = checkQuota(quota);
    const sorted = (all: readonly string[] | undefined) => [...(all ?? [])].sort();
    const { scopes: now } = quota.spec ?? {};
    checkImmutable(
      sorted(now),
      sorted(old.spec?.scopes),
      root("spec", "scopes"),
      out,
      givenValue(quota.spec, "scopes"),
    );
    return out;
  },
  updates: {
    status: {
      prepareForUpdate() {},
      validateUpdate(quota: ResourceQuota) {
        const out: FieldError[] = [];
        checkAmounts(quota.status?.hard, root("status", "hard"), out);
        checkAmounts(quota.status?.used, root("status", "used"), out);
        return out;
      },
    },
  },
  table: {
    columns: [nameColumn, text("Request"), text("Limit"), ageColumn],
    cells: (quota: ResourceQuota, now) => [nameOf(quota), ...usage(quota), ageOf(quota, now)],
  },
};

function usage(quota: ResourceQuota): [requests: string, limits: string] {
  const requests: string[] = [];
  const limits: string[] = [];
  for (const name of Object.keys(quota.status?.hard ?? {}).sort()) {
    const shown = `${name}: ${quota.status?.used?.[name] ?? "0"}/${quota.status?.hard?.[name]}`;
    (name.startsWith("limits") ? limits : requests).push(shown);
  }
  return [requests.join(", "), limits.join(", ")];
}

function checkQuota(quota: ResourceQuota): FieldError[] {
  const out: FieldError[] = [];
  const path = root("spec");
  checkAmounts(quota.spec?.hard, path.child("hard"), out);
  checkScopes(quota, path, out);
  return out;
}

function checkAmounts(amounts: Readonly<Record<string, string>> | undefined, path: FieldPath, out: FieldError[]): void {
  for (const [name, quantity] of Object.entries(amounts ?? {})) {
    const at = path.key(name);
    if (checkResourceName(name, at, out) && !name.includes("/") && !isStandardQuotaResource(name)) {
      out.push(fieldError.invalid(at, name, "must be a standard resource for quota"));
    }
    checkResourceQuantity(name, quantity, at, out);
  }
}

function checkScopes(quota: ResourceQuota, path: FieldPath, out: FieldError[]): void {
  const named = quota.spec?.scopes ?? [];
  for (const scope of named) {
    if (!scopes.has(scope)) out.push(fieldError.invalid(path.child("scopes"), named, "unsupported scope"));
    checkApplies(quota, scope, fieldError.invalid(path.child("scopes"), named, misapplied), out);
  }
  const conflicting = (a: string, b: string) => named.includes(a) && named.includes(b);
  if (conflicting("BestEffort", "NotBestEffort") || conflicting("Terminating", "NotTerminating")) {
    out.push(fieldError.invalid(path.child("scopes"), named, "conflicting scopes"));
  }
  const at = path.child("scopeSelector", "matchExpressions");
  for (const requirement of quota.spec?.scopeSelector?.matchExpressions ?? []) {
    checkRequirement(quota, requirement, at, out);
  }
}

const misapplied = "unsupported scope applied to resource";

/** One problem for each limited resource that the scope cannot be counted of. */
function checkApplies(quota: ResourceQuota, scope: string, problem: FieldError, out: FieldError[]): void {
  const countable = resourcesOfScope.get(scope);
  if (countable === undefined) return;
  for (const name of Object.keys(quota.spec?.hard ?? {})) {
    if (isStandardQuotaResource(name) && !countable.has(name)) out.push(problem);
  }
}

/** Scopes that say nothing of values can only be asked for. */
const existenceOnly: ReadonlySet<string> = new Set([
  "BestEffort",
  "NotBestEffort",
  "Terminating",
  "NotTerminating",
  "CrossNamespacePodAffinity",
]);

function checkRequirement(
  quota: ResourceQuota,
  requirement: ScopedResourceSelectorRequirement,
  path: FieldPath,
  out: FieldError[],
): void {
  const { scopeName = "", operator = "", values = [] } = requirement;
  if (!scopes.has(scopeName)) out.push(fieldError.invalid(path.child("scopeName"), scopeName, "unsupported scope"));
  checkApplies(quota, scopeName, fieldError.invalid(path.child("scopeName"), scopeName, misapplied), out);
  if (existenceOnly.has(scopeName) && operator !== "Exists") {
    const detail =
      "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    out.push(fieldError.invalid(path.child("operator"), operator, detail));
  }
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) {
      const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
      out.push(fieldError.required(path.child("values"), detail));
    }
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) {
      const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      out.push(fieldError.invalid(path.child("values"), values, detail));
    }
  } else out.push(fieldError.invalid(path.child("operator"), operator, "not a valid selector operator"));
}
