import type { JsonObject, ManagedFieldsEntry } from "../meta/index.ts";
import type { Shape } from "../schema/index.ts";
import { type Comparison, compare } from "./compare.ts";
import { FieldSet } from "./field-set.ts";
import type { Manager, Managers } from "./managers.ts";

/** An object in some version, with that version's shape. */
export interface Versioned {
  readonly object: JsonObject;
  readonly shape: Shape;
}

/**
 * Gives an object in another version; undefined if that version is not served any more, whose managers are then
 * forgotten.
 */
export type Convert = (object: JsonObject, apiVersion: string) => Versioned | undefined;

export interface WithManagedFields {
  readonly managedFields?: readonly ManagedFieldsEntry[] | null;
}

/** Fields that nobody owns: identity, and what only the server sets. */
const stripped = FieldSet.ofFields([
  ["apiVersion"],
  ["kind"],
  ["metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((name) => ["metadata", name]),
]);

const withoutStripped = new WeakMap<FieldSet, FieldSet>();

export function withoutServerFields(set: FieldSet): FieldSet {
  let rest = withoutStripped.get(set);
  if (rest === undefined) {
    rest = set.difference(stripped);
    withoutStripped.set(set, rest);
  }
  return rest;
}

const resetSets = new WeakMap<readonly (readonly string[])[], FieldSet>();

/** Fields that the strategy of this endpoint sets back, whatever a request says. */
export function resetSet(resetFields: readonly (readonly string[])[] | undefined): FieldSet {
  if (resetFields === undefined || resetFields.length === 0) return FieldSet.empty;
  let set = resetSets.get(resetFields);
  if (set === undefined) {
    set = FieldSet.ofFields(resetFields);
    resetSets.set(resetFields, set);
  }
  return set;
}

export function compareWithout(old: JsonObject, next: JsonObject, shape: Shape, reset: FieldSet): Comparison {
  const { added, modified, removed } = compare(old, next, shape);
  return {
    added: added.recursiveDifference(reset),
    modified: modified.recursiveDifference(reset),
    removed: removed.recursiveDifference(reset),
  };
}

export interface Change {
  readonly old: JsonObject;
  readonly next: JsonObject;
  readonly apiVersion: string;
  readonly comparison: Comparison;
  readonly reset: FieldSet;
  readonly convert: Convert | undefined;
}

/** What a change takes from each manager but `self`: what it set anew (the conflicts), and what it removed. */
export interface Losses {
  readonly conflicts: ReadonlyMap<string, FieldSet>;
  readonly kept: Map<string, Manager>;
}

export function lossesOf(managers: Managers, self: string | undefined, change: Change): Losses {
  const comparisons = new Map<string, Comparison | undefined>([[change.apiVersion, change.comparison]]);
  const conflicts = new Map<string, FieldSet>();
  const kept = new Map<string, Manager>();
  for (const [id, manager] of managers) {
    if (id === self) {
      kept.set(id, manager);
      continue;
    }
    const comparison = comparisonFor(manager.apiVersion, change, comparisons);
    if (comparison === undefined) continue;
    const { added, modified, removed } = comparison;
    const conflict = manager.set.intersection(modified.union(added));
    if (!conflict.isEmpty) conflicts.set(id, conflict);
    const set = manager.set.difference(conflict).difference(removed);
    kept.set(id, set === manager.set ? manager : { ...manager, set });
  }
  for (const [id, { set }] of kept) {
    if (set.isEmpty) kept.delete(id);
  }
  return { conflicts, kept };
}

function comparisonFor(
  apiVersion: string,
  change: Change,
  known: Map<string, Comparison | undefined>,
): Comparison | undefined {
  // Without a converter the entries of other versions are read as if they were of this one.
  if (change.convert === undefined) return change.comparison;
  if (!known.has(apiVersion)) {
    const old = change.convert(change.old, apiVersion);
    const next = change.convert(change.next, apiVersion);
    const comparison = old && next && compareWithout(old.object, next.object, next.shape, change.reset);
    known.set(apiVersion, comparison);
  }
  return known.get(apiVersion);
}

/** Objects are read here as plain JSON, whatever interface their owner sees. */
export function asJson(object: object): JsonObject {
  return object as JsonObject;
}

export function managedFieldsOf(object: object | undefined): readonly ManagedFieldsEntry[] | null | undefined {
  return (object as { metadata?: WithManagedFields } | undefined)?.metadata?.managedFields;
}
