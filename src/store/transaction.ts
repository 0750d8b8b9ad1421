import type { EncodedBytes } from "./encoded-bytes.ts";
import { StoredEntry, type StoredEvent } from "./entry.ts";
import { type Operation, type Revision, StoreError, type Txn, type TxnResult } from "./store.ts";

/** The newest version of a key as a transaction has to see it. */
export type Newest = (key: string) => StoredEntry | undefined;

export interface CommitContext {
  readonly newest: Newest;
  /** The revision that the transaction takes. */
  readonly revision: Revision;
  readonly nowMs: number;
  readonly encoded: EncodedBytes;
}

/** @throws StoreError for a transaction that makes no sense whatever is stored: two operations on one key. */
export function checkTransaction(txn: Txn): void {
  if (txn.operations.length < 2) return;
  const keys = new Set<string>();
  for (const { key } of txn.operations) {
    if (keys.has(key)) throw new StoreError(`two operations on ${key} in one transaction`);
    keys.add(key);
  }
}

/** Whether all compares hold and every key to delete exists. */
export function transactionHolds(txn: Txn, newest: Newest): boolean {
  for (const { key, revision } of txn.compare) {
    if ((newest(key)?.revision ?? 0) !== revision) return false;
  }
  for (const operation of txn.operations) {
    if (operation.type === "delete" && newest(operation.key) === undefined) return false;
  }
  return true;
}

/** What a transaction that holds changes; its drafts are stamped with the revision. */
export function transactionEvents(txn: Txn, context: CommitContext): StoredEvent[] {
  return txn.operations.map((operation) => eventOf(operation, context));
}

function eventOf(operation: Operation, context: CommitContext): StoredEvent {
  const { revision, encoded } = context;
  const key = operation.key;
  const previous = context.newest(key);
  if (operation.type === "delete") {
    if (previous === undefined) throw new StoreError(`nothing to delete at ${key}`);
    const facts = { key, revision, createRevision: previous.createRevision, expiresAtMs: 0 };
    const last = previous.object;
    const object = { ...last, metadata: { ...last.metadata, resourceVersion: String(revision) } };
    return { type: "delete", key, revision, entry: StoredEntry.ofObject(facts, encoded, object), previous };
  }
  const { object, ttlSeconds } = operation;
  object.metadata.resourceVersion = String(revision);
  const expiresAtMs = ttlSeconds === undefined ? 0 : context.nowMs + ttlSeconds * 1000;
  const facts = { key, revision, createRevision: previous?.createRevision ?? revision, expiresAtMs };
  return { type: "put", key, revision, entry: StoredEntry.ofObject(facts, encoded, object), previous };
}

export function refused(txn: Txn, newest: Newest): TxnResult {
  return { committed: false, current: txn.compare.map(({ key }) => newest(key)) };
}

export function committed(revision: Revision, events: readonly StoredEvent[]): TxnResult {
  return { committed: true, revision, entries: events.map((event) => event.entry) };
}
