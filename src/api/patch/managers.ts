import type { ManagedFieldsEntry } from "../meta/index.ts";
import { FieldSet } from "./field-set.ts";

/** What one manager owns by one kind of operation, in one version, through one subresource. */
export interface Manager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
}

/** Managers by their identity. */
export type Managers = ReadonlyMap<string, Manager>;

export const noManagers: Managers = new Map();

/**
 * An applier keeps its identity when it changes the version that it applies; an updater does not. The text is the
 * original's, for managers are told in its order.
 */
export function managerId(m: Pick<Manager, "manager" | "operation" | "apiVersion" | "subresource">): string {
  const version = m.operation === "Apply" ? "" : `,"apiVersion":"${m.apiVersion}"`;
  const subresource = m.subresource === "" ? "" : `,"subresource":"${m.subresource}"`;
  return `{"manager":${JSON.stringify(m.manager)},"operation":"${m.operation}"${version}${subresource}}`;
}

/** A managedFields list that cannot be read. */
export class ManagedFieldsError extends Error {}

/**
 * Reads metadata.managedFields; throws ManagedFieldsError or PathElementError if it is not well-formed. What is dear to read,
 * the sets, is remembered by FieldSet for all objects that have them; nothing is remembered of single objects, which the
 * garbage collector would have to look after.
 */
export function decodeManagers(entries: readonly ManagedFieldsEntry[] | null | undefined): Managers {
  if (entries === undefined || entries === null || entries.length === 0) return noManagers;
  const managers = new Map<string, Manager>();
  entries.forEach((entry, i) => {
    const manager = decodeEntry(entry, i);
    managers.set(managerId(manager), manager);
  });
  return managers;
}

function decodeEntry(entry: ManagedFieldsEntry, index: number): Manager {
  const { manager = "", operation, apiVersion = "", subresource = "", time, fieldsType = "", fieldsV1 } = entry;
  if (operation !== "Apply" && operation !== "Update") {
    throw new ManagedFieldsError("operation must be `Apply` or `Update`");
  }
  if (apiVersion === "") throw new ManagedFieldsError("apiVersion must not be empty");
  if (fieldsType === "") throw new ManagedFieldsError(`missing fieldsType in managed fields entry ${index}`);
  if (fieldsType !== "FieldsV1") {
    throw new ManagedFieldsError(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`);
  }
  const set = FieldSet.fromFieldsV1(fieldsV1 ?? {});
  return { manager, operation, apiVersion, subresource, time: time ?? undefined, set };
}

/** metadata.managedFields in the original's order; undefined if nobody owns anything. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  const owners: Manager[] = [];
  for (const manager of managers.values()) if (!manager.set.isEmpty) owners.push(manager);
  if (owners.length === 0) return undefined;
  if (owners.length > 1) owners.sort(compareManagers);
  return owners.map(encodeEntry);
}

/** The keys come in the order of the wire. */
function encodeEntry(owner: Manager): ManagedFieldsEntry {
  const { manager, operation, apiVersion, time, set, subresource } = owner;
  const entry: ManagedFieldsEntry = {};
  if (manager !== "") entry.manager = manager;
  entry.operation = operation;
  entry.apiVersion = apiVersion;
  if (time !== undefined) entry.time = time;
  entry.fieldsType = "FieldsV1";
  entry.fieldsV1 = set.toFieldsV1();
  if (subresource !== "") entry.subresource = subresource;
  return entry;
}

function compareManagers(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    unixSeconds(a.time) - unixSeconds(b.time) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

export function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** 0 where the time is absent or cannot be read. */
export function unixSeconds(time: string | undefined): number {
  if (time === undefined) return 0;
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
}

/** The largest number of updaters that an object remembers one by one. */
const updateManagersMax = 10;

/** Merges the oldest updaters of each version into one, called ancient-changes, until no more than ten are left. */
export function capUpdateManagers(managers: Map<string, Manager>): void {
  if (managers.size <= updateManagersMax) return;
  const updaters = [...managers].filter(([, m]) => m.operation === "Update");
  let count = updaters.length;
  if (count <= updateManagersMax) return;
  updaters.sort(([idA, a], [idB, b]) => unixSeconds(a.time) - unixSeconds(b.time) || compareText(idA, idB));
  const firstOfVersion = new Map<string, string>();
  for (const [id, updater] of updaters) {
    if (count <= updateManagersMax) return;
    const { apiVersion } = updater;
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) {
      firstOfVersion.set(apiVersion, id);
      continue;
    }
    const bucket: Manager = { ...updater, manager: "ancient-changes", operation: "Update", subresource: "" };
    const bucketId = managerId(bucket);
    const held = managers.get(bucketId) ?? managers.get(first);
    if (!managers.has(bucketId)) managers.delete(first);
    managers.delete(id);
    managers.set(bucketId, { ...bucket, set: updater.set.union(held?.set ?? FieldSet.empty) });
    count--;
  }
}
