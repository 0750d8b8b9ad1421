import { deepEqual, formatTime, type KubeObject } from "../../../api/meta/index.ts";
import type { Host } from "../../../host/index.ts";
import type { Compare, Entry, Operation, Store, TxnResult } from "../../../store/index.ts";
import { type BindingObject, type RoleObject, uncoveredRules } from "../policy-rule.ts";
import { autoUpdateAnnotation, type DefaultObject, defaultBindings, defaultRoles } from "./default-objects.ts";

/** Other writers may be faster; after this many attempts something else is wrong. */
const attemptsMax = 5;
/** As many changes in one transaction as etcd takes with its defaults (128), and a few less. */
const changesMax = 100;

/**
 * Makes sure that the default roles and bindings are there and grant at least what they should.
 * What an administrator added stays; objects whose autoupdate annotation is false are left alone.
 */
export async function reconcileDefaultPolicy(host: Host, store: Store): Promise<void> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const plan = await planChanges(host, store);
    if (plan.operations.length === 0) return;
    if (await commitInParts(store, plan)) return;
  }
  throw new Error(`the default RBAC policy could not be written in ${attemptsMax} attempts`);
}

/** False when somebody else was faster with one of them. */
async function commitInParts(store: Store, { compare, operations }: Plan): Promise<boolean> {
  const parts: Promise<TxnResult>[] = [];
  for (let i = 0; i < operations.length; i += changesMax) {
    const part = { compare: compare.slice(i, i + changesMax), operations: operations.slice(i, i + changesMax) };
    parts.push(store.commit(part));
  }
  const results = await Promise.all(parts);
  return results.every(({ committed }) => committed);
}

/** One compare for each operation, in the same order. */
interface Plan {
  readonly compare: Compare[];
  readonly operations: Operation[];
}

async function planChanges(host: Host, store: Store): Promise<Plan> {
  const plan: Plan = { compare: [], operations: [] };
  const existing = await existingPolicy(store);
  for (const wanted of defaultRoles()) change(host, plan, existing, wanted, completeRole);
  for (const wanted of defaultBindings()) change(host, plan, existing, wanted, completeBinding);
  return plan;
}

async function existingPolicy(store: Store): Promise<Map<string, Entry>> {
  const existing = new Map<string, Entry>();
  for (const prefix of ["clusterroles", "clusterrolebindings", "roles/kube-", "rolebindings/kube-"]) {
    const snapshot = await store.list(`/registry/${prefix}${prefix.endsWith("-") ? "" : "/"}`);
    for (const entry of snapshot.entries()) existing.set(entry.key, entry);
  }
  return existing;
}

function change<T extends KubeObject>(
  host: Host,
  plan: Plan,
  existing: ReadonlyMap<string, Entry>,
  wanted: DefaultObject<T>,
  complete: (stored: T, wanted: T) => T | undefined,
): void {
  const { key } = wanted;
  const entry = existing.get(key);
  const object = entry === undefined ? created(host, wanted.object) : updated(entry, wanted.object, complete);
  if (object === undefined) return;
  plan.compare.push({ key, revision: entry?.revision ?? 0 });
  plan.operations.push({ type: "put", key, object });
}

function created<T extends KubeObject>(host: Host, object: T): T {
  const { name, namespace, ...rest } = object.metadata;
  const uid = host.random.uuid();
  const creationTimestamp = formatTime(host.clock.now());
  const metadata = { name, ...(namespace !== undefined && { namespace }), uid, creationTimestamp, ...rest };
  return { ...object, metadata };
}

function updated<T extends KubeObject>(
  entry: Entry,
  wanted: T,
  complete: (stored: T, wanted: T) => T | undefined,
): T | undefined {
  // The key says which kind is stored there.
  const stored = entry.object as T;
  const { annotations = {}, labels = {} } = stored.metadata;
  if (annotations[autoUpdateAnnotation] === "false") return undefined;
  const completed = complete(stored, wanted);
  const lacksMetadata =
    lacks(labels, wanted.metadata.labels ?? {}) || lacks(annotations, wanted.metadata.annotations ?? {});
  if (completed === undefined && !lacksMetadata) return undefined;
  const base = completed ?? stored;
  return {
    ...base,
    metadata: {
      ...base.metadata,
      labels: { ...wanted.metadata.labels, ...labels },
      annotations: { ...wanted.metadata.annotations, ...annotations },
    },
  };
}

function lacks(held: Record<string, string>, wanted: Record<string, string>): boolean {
  return Object.keys(wanted).some((key) => held[key] === undefined);
}

function completeRole(stored: RoleObject, wanted: RoleObject): RoleObject | undefined {
  // The rules of an aggregated role are the aggregation controller's.
  if (wanted.aggregationRule !== undefined) {
    return stored.aggregationRule === undefined ? { ...stored, aggregationRule: wanted.aggregationRule } : undefined;
  }
  if (deepEqual(stored.rules, wanted.rules)) return undefined; // at almost every start
  const missing = uncoveredRules(stored.rules ?? [], wanted.rules ?? []);
  return missing.length === 0 ? undefined : { ...stored, rules: [...(stored.rules ?? []), ...missing] };
}

function completeBinding(stored: BindingObject, wanted: BindingObject): BindingObject | undefined {
  const held = new Set(
    (stored.subjects ?? []).map((subject) => `${subject.kind}/${subject.namespace}/${subject.name}`),
  );
  const missing = (wanted.subjects ?? []).filter(
    (subject) => !held.has(`${subject.kind}/${subject.namespace}/${subject.name}`),
  );
  const otherRole = stored.roleRef.kind !== wanted.roleRef.kind || stored.roleRef.name !== wanted.roleRef.name;
  if (missing.length === 0 && !otherRole) return undefined;
  return { ...stored, roleRef: wanted.roleRef, subjects: [...(stored.subjects ?? []), ...missing] };
}
