import { errors, type JsonObject, type JsonValue, type ManagedFieldsEntry, parseApiVersion } from "../meta/index.ts";
import type { Shape } from "../schema/index.ts";
import { type Conflict, conflictError, conflictsOf, fieldsInConflict } from "./conflict.ts";
import type { FieldSet } from "./field-set.ts";
import { fieldsOf } from "./fields-of.ts";
import { setField } from "./json-patch.ts";
import { fieldsOfLastApplied, kubectlManager, syncLastApplied } from "./last-applied.ts";
import { identityOf, updateManagers } from "./managed-fields.ts";
import {
  decodeManagers,
  encodeManagers,
  ManagedFieldsError,
  type Manager,
  type Managers,
  managerId,
  noManagers,
} from "./managers.ts";
import {
  asJson,
  type Convert,
  compareWithout,
  lossesOf,
  managedFieldsOf,
  resetSet,
  withoutServerFields,
} from "./ownership.ts";
import { plainFailure } from "./patch-error.ts";
import { PathElementError } from "./path-element.ts";
import { prune } from "./prune.ts";
import { reconcileManagers } from "./reconcile.ts";
import { isObject, TypedError } from "./typed.ts";
import { mergeConfig } from "./typed-merge.ts";
import { validateConfig } from "./validate-config.ts";

export interface ApplyRequest {
  /** The stored object; undefined if it is to be created. */
  readonly live: object | undefined;
  /** The configuration as it was sent: neither defaulted nor pruned. */
  readonly config: JsonValue;
  readonly manager: string;
  readonly force: boolean;
  readonly apiVersion: string;
  /** The kind that the endpoint serves; the configuration must be of it. */
  readonly kind?: string;
  readonly subresource?: string;
  /** RFC 3339, in seconds. */
  readonly timestamp: string;
  readonly shape: Shape;
  readonly resetFields?: readonly (readonly string[])[];
  readonly convert?: Convert;
}

export interface Applied {
  /** Without defaults, and without metadata.managedFields unless nothing changed: then it is the live object itself. */
  readonly object: JsonObject;
  readonly managedFields: ManagedFieldsEntry[] | undefined;
  /** False if neither the object nor its owners changed: nothing has to be stored. */
  readonly changed: boolean;
}

/**
 * Server-side apply: lays a configuration over the live object, removes what its manager no longer states and nobody
 * else owns, and records the owners. Throws 409 if that would change fields of other managers, unless `force` is set.
 */
export function applyPatch(request: ApplyRequest): Applied {
  const config = checkedConfig(request);
  try {
    return apply(request, config, liveManagers(request));
  } catch (err) {
    if (!(err instanceof TypedError)) throw err;
    if (request.live !== undefined) checkTyped("live", asJson(request.live), request.shape);
    throw plainFailure(`failed to merge config: ${err.message}`);
  }
}

/** @throws ApiError 500, as the original, when the fields cannot be told apart */
function checkTyped(what: "patch" | "live", object: JsonObject, shape: Shape): void {
  try {
    validateConfig(object, shape);
  } catch (err) {
    if (!(err instanceof TypedError)) throw err;
    const { namespace, name } = isObject(object.metadata) ? object.metadata : {};
    const place = `${typeof namespace === "string" ? namespace : ""}/${typeof name === "string" ? name : ""}`;
    throw plainFailure(
      `failed to create typed ${what} object (${place}; ${typeText(statedType(object))}): ${err.message}`,
    );
  }
}

function checkedConfig(request: ApplyRequest): JsonObject {
  const { config, apiVersion } = request;
  const { group, version } = parseApiVersion(apiVersion);
  if (!isObject(config)) {
    const got = Array.isArray(config) ? "array" : typeof config === "boolean" ? "bool" : typeof config;
    if (config !== null) {
      throw errors.badRequest(
        `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${got} into Go value of type map[string]interface {}`,
      );
    }
    throw errors.badRequest("invalid object type: /, Kind=");
  }
  const stated = statedType(config);
  const kind = request.kind ?? stated.kind;
  if (stated.group !== group || stated.version !== version || stated.kind !== kind || kind === "") {
    throw errors.badRequest(`invalid object type: ${typeText(stated)}`);
  }
  const metadata = isObject(config.metadata) ? config.metadata : {};
  if (Array.isArray(metadata.managedFields)) throw errors.badRequest("metadata.managedFields must be nil");
  checkTyped("patch", config, request.shape);
  return config;
}

interface StatedType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

function statedType(config: JsonObject): StatedType {
  const apiVersion = typeof config.apiVersion === "string" ? config.apiVersion : "";
  return { ...parseApiVersion(apiVersion), kind: typeof config.kind === "string" ? config.kind : "" };
}

function typeText({ group, version, kind }: StatedType): string {
  return `${group}/${version}, Kind=${kind}`;
}

function liveManagers(request: ApplyRequest): Managers {
  const { live, apiVersion, timestamp, shape, resetFields, convert } = request;
  if (live === undefined) return noManagers;
  let managers: Managers;
  try {
    managers = decodeManagers(managedFieldsOf(live));
  } catch (err) {
    if (!(err instanceof ManagedFieldsError || err instanceof PathElementError)) throw err;
    throw plainFailure(`failed to decode managed fields: ${err.message}`);
  }
  if (managers.size > 0) return reconcileManagers(managers, apiVersion, shape);
  // Nobody is known to own what is there: a manager of its own does, until it is taken over.
  const manager = "before-first-apply";
  const created = { live: undefined, next: live, manager, apiVersion, timestamp, shape, resetFields, convert };
  return updateManagers({ ...created, subresource: request.subresource }, noManagers);
}

function apply(request: ApplyRequest, config: JsonObject, managers: Managers): Applied {
  const identity = identityOf(request, "Apply");
  const id = managerId(identity);
  const last = managers.get(id);
  const reset = resetSet(request.resetFields);
  const set = fieldsOf(config, request.shape).recursiveDifference(reset);
  const applier: Manager = { ...identity, time: last?.time, set };
  if (request.live === undefined) return created(request, config, id, applier);

  const live = asJson(request.live);
  const all = new Map(managers).set(id, applier);
  const merged = mergeConfig(live, config, request.shape) as JsonObject;
  const { shape, apiVersion, convert } = request;
  const next = prune({ merged, shape, managers: all, applier, last, convert });
  const comparison = compareWithout(live, next, shape, reset);
  const change = { old: live, next, apiVersion, comparison, reset, convert };
  const { conflicts, kept } = lossesOf(all, id, change);
  if (!request.force && conflicts.size > 0) {
    refuseConflicts(conflictsOf(conflicts, managers), live, request);
  }
  let object = withoutNewNulls(next, live) as JsonObject;
  if (request.manager === kubectlManager) object = syncLastApplied(object, config);
  const sameObject = object === live;
  settle(kept, id, applier, last, next === live ? last?.time : request.timestamp);
  const changed = !sameObject || !sameManagers(kept, managers) || managedFieldsOf(live) === undefined;
  if (!changed) return { object: live, managedFields: managedFieldsOf(live)?.slice(), changed };
  return { object: withoutManagedFields(object), managedFields: encodeManagers(kept), changed };
}

function created(request: ApplyRequest, config: JsonObject, id: string, applier: Manager): Applied {
  const managers = new Map<string, Manager>();
  settle(managers, id, applier, undefined, request.timestamp);
  const object = withoutNewNulls(config, {}) as JsonObject;
  return { object, managedFields: encodeManagers(managers), changed: true };
}

/**
 * Records the applying manager. As in the original, what it stated before keeps its time while the object stays the same,
 * and who states for the first time what is there already gets none.
 */
function settle(
  managers: Map<string, Manager>,
  id: string,
  applier: Manager,
  last: Manager | undefined,
  time: string | undefined,
): void {
  const set = withoutServerFields(applier.set);
  if (set.isEmpty) {
    managers.delete(id);
    return;
  }
  const same = last !== undefined && last.time === time && last.apiVersion === applier.apiVersion;
  managers.set(id, same && last.set.equals(set) ? last : { ...applier, set, time });
}

function sameManagers(a: Managers, b: Managers): boolean {
  if (a.size !== b.size) return false;
  for (const [id, manager] of a) {
    if (b.get(id) !== manager) return false;
  }
  return true;
}

/** Throws unless all conflicts are with what the same client applied before, from its side. */
function refuseConflicts(conflicts: readonly Conflict[], live: JsonObject, request: ApplyRequest): void {
  const allowed: FieldSet | undefined =
    request.manager === kubectlManager ? fieldsOfLastApplied(live, request.apiVersion, request.shape) : undefined;
  if (allowed === undefined) throw conflictError(conflicts);
  if (fieldsInConflict(conflicts).difference(allowed).isEmpty) return;
  throw conflictError(conflicts.filter(({ path }) => !allowed.has(path)));
}

/** Nulls say that a field is to be empty, which it is when it is absent; those that the live object has stay. */
function withoutNewNulls(value: JsonValue, live: JsonValue | undefined): JsonValue {
  if (value === live || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const old = Array.isArray(live) ? live : [];
    const known = new Set(old);
    const items = value.map((item, i) => (known.has(item) ? item : withoutNewNulls(item, old[i])));
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  const old = isObject(live) ? live : {};
  let result: JsonObject = value;
  for (const key in value) {
    const field = value[key];
    if (field === undefined || field === old[key]) continue;
    const next = field === null ? undefined : withoutNewNulls(field, old[key]);
    if (next === field) continue;
    if (result === value) result = { ...value };
    if (next === undefined) delete result[key];
    else setField(result, key, next);
  }
  return result;
}

function withoutManagedFields(object: JsonObject): JsonObject {
  if (!isObject(object.metadata) || object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
