import type { JsonObject } from "../meta/index.ts";
import type { Shape } from "../schema/index.ts";
import { FieldSet } from "./field-set.ts";
import { fieldsOf } from "./fields-of.ts";
import type { Manager, Managers } from "./managers.ts";
import type { Convert, Versioned } from "./ownership.ts";
import { removeItems, withNamedFields } from "./remove-items.ts";
import { isObject } from "./typed.ts";

export interface Pruning {
  /** The live object with the new configuration laid over it. */
  readonly merged: JsonObject;
  readonly shape: Shape;
  /** All managers, the applying one with what it applies now. */
  readonly managers: Managers;
  readonly applier: Manager;
  /** What the applying manager owned before. */
  readonly last: Manager | undefined;
  readonly convert: Convert | undefined;
}

/** Removes what the manager applied last time and does not apply now, unless someone else owns it. */
export function prune(pruning: Pruning): JsonObject {
  const { merged, shape, last, applier, convert } = pruning;
  if (last === undefined || last.set.difference(applier.set).isEmpty) return merged;
  if (convert === undefined || last.apiVersion === applier.apiVersion) {
    return pruneIn({ object: merged, shape }, last, pruning);
  }
  const converted = convert(merged, last.apiVersion);
  if (converted === undefined) return merged;
  const pruned = pruneIn(converted, last, pruning);
  return convert(pruned, applier.apiVersion)?.object ?? merged;
}

function pruneIn(merged: Versioned, last: Manager, { managers, convert }: Pruning): JsonObject {
  const lastSet = withNamedFields(last.set, merged.shape);
  let pruned: Versioned = { ...merged, object: without(merged.object, lastSet, merged.shape) };
  for (const [version, owned] of ownedByVersion(managers, last.apiVersion)) {
    pruned = addBackOwned(merged, pruned, version, owned, last.apiVersion, convert);
  }
  // Whatever else went away with a container, and was not this manager's, comes back.
  const before = withNamedFields(fieldsOf(merged.object, merged.shape), merged.shape);
  const after = withNamedFields(fieldsOf(pruned.object, pruned.shape), pruned.shape);
  return without(merged.object, before.difference(after).intersection(lastSet), merged.shape);
}

/** The version of the pruned object comes first, so that it can be converted to the others. */
function ownedByVersion(managers: Managers, first: string): Map<string, FieldSet> {
  const owned = new Map<string, FieldSet>([[first, FieldSet.empty]]);
  for (const { apiVersion, set } of managers.values()) {
    owned.set(apiVersion, owned.get(apiVersion)?.union(set) ?? set);
  }
  return owned;
}

function addBackOwned(
  merged: Versioned,
  pruned: Versioned,
  version: string,
  owned: FieldSet,
  prunedVersion: string,
  convert: Convert | undefined,
): Versioned {
  const foreign = convert !== undefined && version !== prunedVersion;
  const from = foreign ? convert(merged.object, version) : merged;
  const to = foreign ? convert(pruned.object, version) : pruned;
  if (from === undefined || to === undefined) return pruned;
  const { shape } = from;
  const before = withNamedFields(fieldsOf(from.object, shape), shape);
  const after = withNamedFields(fieldsOf(to.object, shape), shape);
  const gone = before.difference(after.union(withNamedFields(owned, shape)));
  const object = without(from.object, gone, shape);
  return foreign ? (convert(object, prunedVersion) ?? pruned) : { object, shape };
}

function without(object: JsonObject, fields: FieldSet, shape: Shape): JsonObject {
  const rest = removeItems(object, fields, shape);
  return isObject(rest) ? rest : {};
}
