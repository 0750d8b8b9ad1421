import type { ManagedFieldsEntry } from "../meta/index.ts";
import { FieldSet } from "./field-set.ts";
import { decodeManagers, encodeManagers, type Manager, type Managers, managerId } from "./managers.ts";

const scaleVersion = "autoscaling/v1";
const replicasInScale = FieldSet.ofFields([["spec", "replicas"]]);

/**
 * Where the versions of a scalable kind hold their replicas: `{"apps/v1": ["spec", "replicas"]}`. A version without
 * a scale subresource has undefined; versions that are not named are not served any more.
 */
export type ReplicasPaths = Readonly<Record<string, readonly string[] | undefined>>;

function replicasIn(apiVersion: string, paths: ReplicasPaths): FieldSet | undefined {
  const path = paths[apiVersion];
  return path === undefined ? undefined : FieldSet.ofFields([path]);
}

function owns(manager: Manager, fields: FieldSet): boolean {
  return !manager.set.intersection(fields).isEmpty;
}

/** The owners of the replicas, as entries of the Scale that stands for the object. */
export function managedFieldsOfScale(
  parent: readonly ManagedFieldsEntry[] | undefined,
  paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const scale = new Map<string, Manager>();
  for (const [id, manager] of decodeManagers(parent)) {
    const replicas = replicasIn(manager.apiVersion, paths);
    if (replicas === undefined || !owns(manager, replicas)) continue;
    scale.set(id, { ...manager, apiVersion: scaleVersion, set: replicasInScale });
  }
  return encodeManagers(scale);
}

/**
 * The entries of the object after its Scale changed hands. As in the original, an entry that comes from the Scale has
 * no time unless its manager applied the replicas before.
 */
export function managedFieldsAfterScale(
  parent: readonly ManagedFieldsEntry[] | undefined,
  scale: readonly ManagedFieldsEntry[] | undefined,
  apiVersion: string,
  paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const before: Managers = decodeManagers(parent);
  const fromScale = new Map(decodeManagers(scale));
  const after: Manager[] = [];
  for (const [id, manager] of before) {
    if (!(manager.apiVersion in paths)) continue;
    const replicas = replicasIn(manager.apiVersion, paths);
    if (replicas === undefined || !owns(manager, replicas) || fromScale.delete(id)) after.push(manager);
    else after.push({ ...manager, set: manager.set.difference(replicas) });
  }
  const replicas = replicasIn(apiVersion, paths) ?? FieldSet.empty;
  for (const [id, manager] of fromScale) {
    if (!owns(manager, replicasInScale)) continue;
    after.push({ ...manager, apiVersion, time: before.get(id)?.time, set: replicas });
  }
  return encodeManagers(new Map(after.map((manager, i) => [`${managerId(manager)}\u0000${i}`, manager])));
}
