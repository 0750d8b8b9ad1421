import {
  type ApiError,
  addQuantity,
  compareQuantity,
  groupResourceString,
  type KubeObject,
  parseQuantity,
  type Quantity,
  quantityOf,
  subQuantity,
} from "../../api/meta/index.ts";
import {
  amountsText,
  asAmounts,
  type CountedObject,
  matchedScopes,
  matchingNames,
  quantityText,
  quotaMatches,
  type ScopeRequirement,
  scopesOf,
  uncoveredScopes,
  unspecifiedOf,
  usageOf,
} from "../../api/quota/index.ts";
import type { Pod, ResourceQuota } from "../../api/types/index.ts";
import type { Attributes } from "./admission.ts";
import { refuse } from "./refusal.ts";

/** What may only be used where a quota covers it. */
export interface QuotaConfiguration {
  readonly limitedResources?: readonly LimitedResource[];
}

export interface LimitedResource {
  readonly apiGroup?: string;
  readonly resource: string;
  readonly matchContains?: readonly string[];
  readonly matchScopes?: readonly ScopeRequirement[];
}

/** What one change adds to one quota. */
export interface Charge {
  readonly quota: string;
  readonly amounts: ReadonlyMap<string, Quantity>;
}

/**
 * What the change would add to each of the quotas, all of which must suffice.
 * @throws ApiError 403 in the original's words.
 */
export function chargesOf(
  attributes: Attributes,
  quotas: readonly ResourceQuota[],
  nowMs: number,
  configuration: QuotaConfiguration,
): Charge[] {
  const { object, kind } = attributes;
  if (object === undefined) return [];
  const counted = { resource: groupResourceString(kind), object };
  const matching = quotas.filter((quota) => quotaMatches(quota, counted));
  for (const quota of matching) requireKnown(attributes, quota, counted);
  const usage = usageOf(counted, nowMs);
  const before = usageBefore(attributes, nowMs);
  const growth = withoutZeros(before === undefined ? usage : difference(usage, before));
  const charges = matching
    .map((quota) => ({ quota, amounts: isNewTo(quota, attributes, counted) ? withoutZeros(usage) : growth }))
    .filter(({ amounts }) => amounts.size > 0);
  if (charges.length === 0 && (matching.length > 0 || growth.size === 0)) return [];
  requireCovered(attributes, counted, usage, quotas, matching, configuration);
  return charges.map(({ quota, amounts }) => {
    const limited = masked(amounts, Object.keys(quota.status?.hard ?? {}));
    if (attributes.subresource !== "status") requireEnough(attributes, quota, limited);
    return { quota: quota.metadata.name ?? "", amounts: limited };
  });
}

/** The quota with the amounts added to what is used. */
export function charged(quota: ResourceQuota, amounts: ReadonlyMap<string, Quantity>): ResourceQuota {
  const used: Record<string, string> = { ...quota.status?.used };
  for (const [name, amount] of amounts) {
    const present = used[name];
    const sum = present === undefined ? amount : addQuantity(parseQuantity(present), amount);
    used[name] = quantityText(sum.nano < 0n ? quantityOf(0, sum.format) : sum);
  }
  return { ...quota, metadata: { ...quota.metadata }, status: { ...quota.status, used } }; // the store stamps metadata
}

function usageBefore(attributes: Attributes, nowMs: number): ReadonlyMap<string, Quantity> | undefined {
  const { old, operation, kind } = attributes;
  if (operation !== "UPDATE" || old === undefined) return undefined;
  return usageOf({ resource: groupResourceString(kind), object: old }, nowMs);
}

/** An object that comes into a quota's scope by an update is charged as a whole. */
function isNewTo(quota: ResourceQuota, { old, operation }: Attributes, counted: CountedObject): boolean {
  return operation === "UPDATE" && old !== undefined && !quotaMatches(quota, { ...counted, object: old });
}

function difference(usage: ReadonlyMap<string, Quantity>, before: ReadonlyMap<string, Quantity>) {
  return new Map(
    [...usage].map(([name, amount]) => {
      const present = before.get(name);
      return [name, present === undefined ? amount : subQuantity(amount, present)] as const;
    }),
  );
}

function withoutZeros(amounts: ReadonlyMap<string, Quantity>): Map<string, Quantity> {
  return new Map([...amounts].filter(([, amount]) => amount.nano > 0n));
}

function masked(amounts: ReadonlyMap<string, Quantity>, names: readonly string[]): Map<string, Quantity> {
  return new Map([...amounts].filter(([name]) => names.includes(name)));
}

/** A pod must say what it takes of what is limited, and the quota must have been counted. */
function requireKnown(attributes: Attributes, quota: ResourceQuota, { resource, object }: CountedObject): void {
  const hard = matchingNames(resource, Object.keys(quota.status?.hard ?? {}));
  const missing = resource === "pods" ? unspecifiedOf(object as KubeObject & Pod, hard) : undefined;
  const name = quota.metadata.name ?? "";
  if (missing !== undefined) throw refuse(attributes, `failed quota: ${name}: must specify ${missing}`);
  const used = quota.status?.used ?? {};
  if (hard.some((each) => !(each in used))) {
    throw refuse(attributes, `status unknown for quota: ${name}, resources: ${hard.sort().join(",")}`);
  }
}

function requireEnough(attributes: Attributes, quota: ResourceQuota, amounts: ReadonlyMap<string, Quantity>): void {
  const { hard = {}, used = {} } = quota.status ?? {};
  const usedBefore = asAmounts(used);
  const exceeded = [...amounts].filter(([name, amount]) => {
    const before = usedBefore.get(name);
    const after = before === undefined ? amount : addQuantity(before, amount);
    return compareQuantity(after, parseQuantity(hard[name] ?? "0")) > 0;
  });
  if (exceeded.length > 0) throw exceededError(attributes, quota, exceeded);
}

function exceededError(
  attributes: Attributes,
  quota: ResourceQuota,
  exceeded: readonly (readonly [string, Quantity])[],
): ApiError {
  const { hard = {}, used = {} } = quota.status ?? {};
  const requested = amountsText(exceeded.map(([name, amount]) => [name, quantityText(amount)]));
  const present = amountsText(exceeded.map(([name]) => [name, used[name] ?? "0"]));
  const limited = amountsText(exceeded.map(([name]) => [name, hard[name] ?? "0"]));
  const name = quota.metadata.name ?? "";
  const why = `exceeded quota: ${name}, requested: ${requested}, used: ${present}, limited: ${limited}`;
  return refuse(attributes, why);
}

function requireCovered(
  attributes: Attributes,
  { resource, object }: CountedObject,
  usage: ReadonlyMap<string, Quantity>,
  quotas: readonly ResourceQuota[],
  matching: readonly ResourceQuota[],
  { limitedResources = [] }: QuotaConfiguration,
): void {
  if (limitedResources.length === 0) return;
  const mine = limitedResources.filter(
    (one) => groupResourceString({ group: one.apiGroup ?? "", resource: one.resource }) === resource,
  );
  const limited = [...withoutZeros(usage).keys()].filter((name) =>
    mine.some(({ matchContains = [] }) => matchContains.some((part) => name.includes(part))),
  );
  const covered = new Set(matching.flatMap((quota) => matchingNames(resource, Object.keys(quota.status?.hard ?? {}))));
  const uncovered = limited.filter((name) => !covered.has(name)).sort();
  if (uncovered.length > 0) throw refuse(attributes, `insufficient quota to consume: ${uncovered.join(",")}`);
  const wanted = limitedResources.flatMap(({ matchScopes = [] }) => matchedScopes(resource, object, matchScopes));
  const covering = quotas.flatMap((quota) => matchedScopes(resource, object, scopesOf(quota)));
  const missing = uncoveredScopes(wanted, covering);
  if (missing.length === 0) return;
  const list = missing.map((one) => `{${one.scopeName} ${one.operator} [${(one.values ?? []).join(" ")}]}`);
  throw refuse(attributes, `insufficient quota to match these scopes: [${list.join(" ")}]`);
}
