import type { Host } from "../host/index.ts";
import { Expiry } from "./expiry.ts";
import { RevisionedIndex } from "./revisioned-index.ts";
import {
  type Entry,
  type Revision,
  type Snapshot,
  type Store,
  StoreError,
  type Subscription,
  type Txn,
  type TxnResult,
  type WatchSink,
} from "./store.ts";
import { checkTransaction, committed, refused, transactionEvents, transactionHolds } from "./transaction.ts";

export interface MemoryStoreOptions {
  /** How many events of the past are kept at most. */
  readonly historyEventsMax?: number;
}

/** A store that ends with its process: a commit is visible at once. */
export function createMemoryStore(host: Host, options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(host, options);
}

class MemoryStore implements Store {
  readonly #host: Host;
  readonly #index: RevisionedIndex;
  readonly #expiry: Expiry;
  #closed = false;

  constructor(host: Host, options: MemoryStoreOptions) {
    this.#host = host;
    this.#index = new RevisionedIndex(host, options);
    this.#expiry = new Expiry(host, (txn) => this.commit(txn));
  }

  get revision(): Revision {
    return this.#index.revision;
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#assertOpen();
    return this.#index.get(key);
  }

  async list(prefix: string, at?: Revision): Promise<Snapshot> {
    this.#assertOpen();
    return this.#index.list(prefix, at);
  }

  async commit(txn: Txn): Promise<TxnResult> {
    this.#assertOpen();
    checkTransaction(txn);
    const index = this.#index;
    if (!transactionHolds(txn, index.get)) return refused(txn, index.get);
    if (txn.operations.length === 0) return committed(index.revision, []);
    const revision = index.revision + 1;
    const nowMs = this.#host.clock.now();
    const events = transactionEvents(txn, { newest: index.get, revision, nowMs, encoded: index.encoded });
    this.#expiry.observe(events);
    index.publish([{ revision, events }]);
    return committed(revision, events);
  }

  watch(prefix: string, after: Revision, sink: WatchSink): Subscription {
    this.#assertOpen();
    return this.#index.watch(prefix, after, sink);
  }

  async compact(before: Revision): Promise<void> {
    this.#assertOpen();
    this.#index.compact(before);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#expiry.close();
    this.#index.close(new StoreError("the store is closed"));
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError("the store is closed");
  }
}
