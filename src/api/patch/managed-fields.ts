import { deepEqual, type JsonObject, type ManagedFieldsEntry } from "../meta/index.ts";
import type { Shape } from "../schema/index.ts";
import { isSame } from "./compare.ts";
import {
  capUpdateManagers,
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
import { PathElementError } from "./path-element.ts";
import { reconcileManagers } from "./reconcile.ts";
import { isBlank, TypedError, zeroObject } from "./typed.ts";

export interface UpdateOwnership {
  /** The stored object; undefined on create. */
  readonly live: object | undefined;
  /** The decoded and defaulted object of the request, before admission changes it. */
  readonly next: object;
  readonly manager: string;
  readonly subresource?: string;
  readonly apiVersion: string;
  /** RFC 3339, in seconds. */
  readonly timestamp: string;
  readonly shape: Shape;
  readonly resetFields?: readonly (readonly string[])[];
  readonly convert?: Convert;
}

/**
 * The managedFields of an object that a create, an update or a patch other than apply is about to store; undefined if
 * nobody owns anything. An object that does not fit its shape keeps the live entries.
 */
export function updateManagedFields(update: UpdateOwnership): ManagedFieldsEntry[] | undefined {
  const live = managedFieldsOf(update.live);
  try {
    const given = givenManagers(update, live);
    const before = given ?? readManagers(live) ?? noManagers;
    const managers = updateManagers(update, before);
    const isAsLive = given === undefined && managers === before && before.size > 0;
    return isAsLive ? asStored(live) : encodeManagers(managers);
  } catch (err) {
    if (err instanceof TypedError) return asStored(live);
    throw err;
  }
}

/** Entries that stay as they are keep their array, so that nothing has to be encoded or compared again. */
function asStored(entries: readonly ManagedFieldsEntry[] | null | undefined): ManagedFieldsEntry[] | undefined {
  return (entries ?? undefined) as ManagedFieldsEntry[] | undefined;
}

/** Who owns what after an update, given those before it. */
export function updateManagers(update: UpdateOwnership, before: Managers): Managers {
  // An object that lost its managers is not tracked again before it is applied.
  if (before.size === 0 && update.live !== undefined) return before;
  const managers = reconcileManagers(before, update.apiVersion, update.shape);
  const old = update.live === undefined ? zeroObject(update.shape) : asJson(update.live);
  const next = withManagedFieldsOf(asJson(update.next), old);
  const reset = resetSet(update.resetFields);
  const comparison = compareWithout(old, next, update.shape, reset);
  if (isSame(comparison)) return managers;
  const { apiVersion, convert } = update;
  const { kept } = lossesOf(managers, undefined, { old, next, apiVersion, comparison, reset, convert });
  const taken = withoutServerFields(comparison.modified.union(comparison.added));
  if (!taken.isEmpty) {
    const identity = identityOf(update, "Update");
    const id = managerId(identity);
    const previous = kept.get(id);
    const set = previous === undefined ? taken : taken.union(previous.set);
    kept.set(id, { ...identity, time: update.timestamp, set });
  }
  capUpdateManagers(kept);
  return kept;
}

export function identityOf(
  request: Pick<UpdateOwnership, "manager" | "apiVersion" | "subresource">,
  operation: "Apply" | "Update",
): Omit<Manager, "time" | "set"> {
  const manager = request.manager === "" ? "unknown" : request.manager;
  return { manager, operation, apiVersion: request.apiVersion, subresource: request.subresource ?? "" };
}

/**
 * The managers that the request states itself, if they can be read and are not those of the live object; undefined where it
 * starts from the live ones. An empty list, or a list of one empty entry, resets them.
 */
function givenManagers(update: UpdateOwnership, live: readonly ManagedFieldsEntry[] | null | undefined) {
  if (update.subresource) return undefined;
  const stated = managedFieldsOf(update.next);
  if (stated !== live && isReset(stated)) return noManagers;
  // Most clients send back what they read.
  if (deepEqual(stated, live)) return undefined;
  const managers = readManagers(stated);
  return managers === undefined || managers.size === 0 ? undefined : managers;
}

function isReset(entries: readonly ManagedFieldsEntry[] | null | undefined): boolean {
  if (entries === undefined || entries === null) return false;
  return entries.length === 0 || (entries.length === 1 && isBlank(asJson(entries[0] ?? {})));
}

function readManagers(entries: readonly ManagedFieldsEntry[] | null | undefined): Managers | undefined {
  try {
    return decodeManagers(entries);
  } catch (err) {
    if (err instanceof ManagedFieldsError || err instanceof PathElementError) return undefined;
    throw err;
  }
}

/** So that a comparison does not look into managedFields. */
function withManagedFieldsOf(object: JsonObject, other: JsonObject): JsonObject {
  const entries = managedFieldsOf(other);
  if (managedFieldsOf(object) === entries) return object;
  const metadata = { ...asJson((object.metadata ?? {}) as object) };
  if (entries === undefined) delete metadata.managedFields;
  else metadata.managedFields = entries as unknown as JsonObject[]; // Entries are JSON; their interface has no index.
  return { ...object, metadata };
}
