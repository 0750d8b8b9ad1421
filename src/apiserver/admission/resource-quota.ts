import type { KindRegistry } from "../../api/kinds/index.ts";
import {
  addQuantity,
  compareQuantity,
  errors,
  formatQuantity,
  type KubeObject,
  parseQuantity,
  type Quantity,
  quantityOf,
} from "../../api/meta/index.ts";
import type { Entry, Store } from "../../store/index.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import type { Pod, PodSpec } from "./pod.ts";
import { type Usage, unspecified, usageOf } from "./quota-usage.ts";
import { refuse } from "./refusal.ts";

interface ScopeRequirement {
  scopeName: string;
  operator: string;
  values?: string[];
}
type Quota = KubeObject & {
  spec?: { scopes?: string[]; scopeSelector?: { matchExpressions?: ScopeRequirement[] } };
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
};

const chargeAttemptsMax = 10;

/** Creations are charged to the quotas of their namespace, and refused when one does not suffice. */
export function resourceQuota(store: Store, kinds: KindRegistry): AdmissionPlugin {
  return {
    name: "ResourceQuota",
    handles: ({ operation, subresource, kind, namespace }) =>
      operation === "CREATE" &&
      subresource === "" &&
      kind.namespaced &&
      namespace !== "" &&
      kind.verbs.includes("list"),
    async validate(attributes) {
      const prefix = kinds.byResource("", "v1", "resourcequotas")?.storagePrefix;
      if (prefix === undefined) return;
      const snapshot = await store.list(`${prefix}/${attributes.namespace}/`);
      for (const entry of snapshot.entries()) await charge(store, attributes, entry);
    },
  };
}

/** Anew on the newest quota when somebody else was charged meanwhile. */
async function charge(store: Store, attributes: Attributes, first: Entry): Promise<void> {
  const { object, kind } = attributes;
  if (object === undefined) return;
  let entry: Entry | undefined = first;
  for (let attempt = 1; attempt <= chargeAttemptsMax && entry !== undefined; attempt++) {
    const charged = chargedQuota(attributes, entry.object, usageOf(kind, object));
    if (charged === undefined || attributes.dryRun) return;
    const result = await store.commit({
      compare: [{ key: entry.key, revision: entry.revision }],
      operations: [{ type: "put", key: entry.key, object: charged }],
    });
    if (result.committed) return;
    entry = result.current[0];
  }
  if (entry !== undefined)
    throw errors.conflict(
      { group: "", resource: "resourcequotas" },
      entry.object.metadata.name ?? "",
      "the quota is contended; please try again",
    );
}

/** The quota with the usage added; undefined when it does not limit such an object. @throws ApiError 403. */
function chargedQuota(attributes: Attributes, quota: Quota, usage: Usage): Quota | undefined {
  const hard = quota.status?.hard ?? {};
  if (!isInScope(attributes, quota)) return undefined;
  requireSpecified(attributes, quota, Object.keys(hard));
  const limited = [...usage].filter(([name]) => name in hard);
  if (limited.length === 0) return undefined;
  const used: Record<string, string> = { ...quota.status?.used };
  const exceeded: [string, Quantity][] = [];
  for (const [name, amount] of limited) {
    const before = used[name] === undefined ? quantityOf(0, amount.format) : parseQuantity(used[name]);
    const after = addQuantity(before, amount);
    if (compareQuantity(after, parseQuantity(hard[name] ?? "0")) > 0) exceeded.push([name, amount]);
    used[name] = formatQuantity(after);
  }
  if (exceeded.length > 0) throw refuse(attributes, exceededMessage(quota, exceeded));
  return { ...quota, metadata: { ...quota.metadata }, status: { ...quota.status, used } }; // the store stamps metadata
}

function exceededMessage(quota: Quota, exceeded: readonly [string, Quantity][]): string {
  const names = exceeded.map(([name]) => name).sort();
  const amounts = new Map(exceeded);
  const list = (text: (name: string) => string) => names.map((name) => `${name}=${text(name)}`).join(",");
  const requested = list((name) => formatQuantity(amounts.get(name) ?? quantityOf(0)));
  const used = list((name) => quota.status?.used?.[name] ?? "0");
  const limited = list((name) => quota.status?.hard?.[name] ?? "0");
  return `exceeded quota: ${quota.metadata.name}, requested: ${requested}, used: ${used}, limited: ${limited}`;
}

/** A quota on cpu or memory can only be kept when every container says what it takes. */
function requireSpecified(attributes: Attributes, quota: Quota, limited: readonly string[]): void {
  if (!isPodKind(attributes)) return;
  const missing = unspecified((attributes.object as Pod).spec ?? {}, limited);
  if (missing.length > 0) {
    throw refuse(attributes, `failed quota: ${quota.metadata.name}: must specify ${missing.join("; ")}`);
  }
}

function isPodKind({ kind }: Attributes): boolean {
  return kind.group === "" && kind.resource === "pods";
}

/** Quotas with scopes only count the pods (or claims) in them. */
function isInScope(attributes: Attributes, quota: Quota): boolean {
  const requirements: ScopeRequirement[] = [
    ...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" })),
    ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (requirements.length === 0) return true;
  if (!isPodKind(attributes)) return false;
  const spec: PodSpec & { activeDeadlineSeconds?: number } = (attributes.object as Pod).spec ?? {};
  return requirements.every((requirement) => matchesScope(requirement, spec));
}

function matchesScope(
  { scopeName, operator, values }: ScopeRequirement,
  spec: PodSpec & { activeDeadlineSeconds?: number },
): boolean {
  switch (scopeName) {
    case "Terminating":
      return spec.activeDeadlineSeconds !== undefined;
    case "NotTerminating":
      return spec.activeDeadlineSeconds === undefined;
    case "BestEffort":
      return isBestEffort(spec);
    case "NotBestEffort":
      return !isBestEffort(spec);
    case "PriorityClass":
      return matchesPriority(operator, values ?? [], spec.priorityClassName ?? "");
    default:
      return false;
  }
}

function matchesPriority(operator: string, values: readonly string[], name: string): boolean {
  if (operator === "Exists") return name !== "";
  if (operator === "DoesNotExist") return name === "";
  return operator === "NotIn" ? !values.includes(name) : values.includes(name);
}

function isBestEffort(spec: PodSpec): boolean {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].every(({ resources }) =>
    [resources?.requests, resources?.limits].every(
      (amounts) => !("cpu" in (amounts ?? {})) && !("memory" in (amounts ?? {})),
    ),
  );
}
