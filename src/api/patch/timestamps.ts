import { deepEqual, type JsonObject, type ManagedFieldsEntry } from "../meta/index.ts";
import { asJson, managedFieldsOf } from "./ownership.ts";
import { isObject } from "./typed.ts";

/**
 * The object to store, with the live managedFields if nothing but their times changed: so that an update or an apply
 * that changes nothing after defaulting and admission is no write. Call it on what is about to be compared and stored.
 */
export function withLiveTimestamps<T extends object>(next: T, live: object): T {
  const ours = managedFieldsOf(next) ?? [];
  const theirs = managedFieldsOf(live) ?? [];
  if (ours === theirs || ours.length !== theirs.length || ours.length === 0) return next;
  // Most writes change the status: looking there first spares the comparison of the spec.
  if (!deepEqual(asJson(next).status, asJson(live).status)) return next;
  if (!ours.every((entry, i) => equalButTime(entry, theirs[i] ?? {}))) return next;
  if (!deepEqual(withoutBookkeeping(asJson(next)), withoutBookkeeping(asJson(live)))) return next;
  const metadata = { ...asJson(asJson(next).metadata as JsonObject), managedFields: theirs };
  return { ...next, metadata };
}

function equalButTime(a: ManagedFieldsEntry, b: ManagedFieldsEntry): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    a.apiVersion === b.apiVersion &&
    a.fieldsType === b.fieldsType &&
    (a.subresource ?? "") === (b.subresource ?? "") &&
    deepEqual(a.fieldsV1, b.fieldsV1)
  );
}

function withoutBookkeeping(object: JsonObject): JsonObject {
  const { managedFields: _, resourceVersion: __, ...metadata } = isObject(object.metadata) ? object.metadata : {};
  return { ...object, metadata };
}
