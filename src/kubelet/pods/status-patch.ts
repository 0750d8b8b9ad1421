import { deepEqual } from "../../api/meta/index.ts";
import type { PodCondition, PodStatus } from "../../api/types/index.ts";
import { passingConditions } from "../pod-worker/index.ts";

type Patch = Record<string, unknown>;

/** Lists that a strategic merge patch merges by IP; the kubelet means them as a whole. */
const listsByIp = ["podIPs", "hostIPs"];
/** Maps that would be merged key by key, likewise. */
const mapsByKey = ["resources", "allocatedResources"];

/** What a strategic merge patch must say to make one status the other; undefined when they are the same. */
export function statusPatch(from: PodStatus | undefined, to: PodStatus): Patch | undefined {
  const patch: Patch = {};
  const old: Patch = { ...from };
  const next: Patch = { ...to };
  for (const name of new Set([...Object.keys(old), ...Object.keys(next)])) {
    if (deepEqual(old[name], next[name])) continue;
    if (name === "conditions") {
      const conditions = changedConditions(from?.conditions ?? [], to.conditions ?? []);
      if (conditions.length > 0) patch.conditions = conditions;
    } else if (listsByIp.includes(name) && Array.isArray(next[name]) && !isEmptyList(old[name])) {
      patch[name] = [...next[name], { $patch: "replace" }];
    } else if (mapsByKey.includes(name) && next[name] !== undefined && old[name] !== undefined) {
      patch[name] = { ...(next[name] as object), $patch: "replace" };
    } else patch[name] = next[name] === undefined ? null : next[name];
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function isEmptyList(value: unknown): boolean {
  return !Array.isArray(value) || value.length === 0;
}

/** Members that went away are said to be null: merging keeps them else. */
function changedConditions(from: readonly PodCondition[], to: readonly PodCondition[]): Patch[] {
  const changed: Patch[] = [];
  for (const condition of to) {
    const old = from.find(({ type }) => type === condition.type);
    if (deepEqual(old, condition)) continue;
    const gone = Object.keys(old ?? {}).filter((name) => !(name in condition));
    changed.push({ ...condition, ...Object.fromEntries(gone.map((name) => [name, null])) });
  }
  // Only the kubelet's own: others may have written theirs since this status was made.
  for (const { type } of from) {
    if (passingConditions.includes(type) && !to.some((condition) => condition.type === type)) {
      changed.push({ type, $patch: "delete" });
    }
  }
  return changed;
}
