import type { Host } from "../host/index.ts";
import type { Commit, StoredEntry, StoredEvent } from "./entry.ts";
import { Expiry } from "./expiry.ts";
import type { Journal, JournalRecord } from "./journal.ts";
import type { RevisionedIndex } from "./revisioned-index.ts";
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

/** How many commits share one flush at most: bounds how long the first of them waits. */
const flushCommitsMax = 2_000;
/** The same in bytes, but for a commit that is larger alone. */
const flushBytesMax = 8 * 1024 * 1024;
/** An idle disk does not wait for more than these, though more come in the same turn: they are encoded meanwhile. */
const flushCommitsAtOnce = 16;

/** A commit, or an answer that tells of commits before it, waiting for the disk. */
interface Waiting {
  readonly result: TxnResult;
  readonly commit: Commit | undefined;
  readonly records: readonly JournalRecord[];
  resolve(result: TxnResult): void;
  reject(why: Error): void;
}

/**
 * A store whose commits are durable before anybody sees them, many sharing one flush. A commit is checked against the
 * assigned state (visible plus what waits for the disk) and takes the next revision at once; when the flush is over it
 * becomes visible. When the flush fails, it and all that came after it are refused, and the assigned state falls back
 * to the visible one.
 */
export class GroupCommitStore implements Store {
  readonly #host: Host;
  readonly #index: RevisionedIndex;
  readonly #journal: Journal;
  readonly #expiry: Expiry;
  /** The newest change of every key that waits for the disk. */
  readonly #assigned = new Map<string, StoredEvent>();
  #assignedRevision: Revision;
  #queue: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @param expiring loaded entries that have a time to live. */
  constructor(host: Host, index: RevisionedIndex, journal: Journal, expiring: readonly StoredEntry[] = []) {
    this.#host = host;
    this.#index = index;
    this.#journal = journal;
    this.#assignedRevision = index.revision;
    this.#expiry = new Expiry(host, (txn) => this.commit(txn));
    for (const entry of expiring) this.#expiry.track(entry);
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

  /** Not `async`: the promise of the flush is the caller's, without another one around it. */
  commit(txn: Txn): Promise<TxnResult> {
    try {
      return this.#commit(txn);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  watch(prefix: string, after: Revision, sink: WatchSink): Subscription {
    this.#assertOpen();
    return this.#index.watch(prefix, after, sink);
  }

  async compact(before: Revision): Promise<void> {
    this.#assertOpen();
    this.#index.compact(before);
  }

  sizeBytes(): Promise<number> {
    return this.#journal.sizeBytes();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #commit(txn: Txn): Promise<TxnResult> {
    this.#assertOpen();
    checkTransaction(txn);
    if (!transactionHolds(txn, this.#newest)) {
      const result = refused(txn, this.#newest);
      return this.#concernsAssigned(txn) ? this.#enqueue(result) : Promise.resolve(result);
    }
    if (txn.operations.length === 0) {
      const result = committed(this.#assignedRevision, []);
      return this.#assigned.size > 0 ? this.#enqueue(result) : Promise.resolve(result);
    }
    const revision = this.#assignedRevision + 1;
    const nowMs = this.#host.clock.now();
    const encoded = this.#index.encoded;
    const events = transactionEvents(txn, { newest: this.#newest, revision, nowMs, encoded });
    const records = events.map((event) => this.#journal.encode(event));
    this.#assignedRevision = revision;
    for (const event of events) this.#assigned.set(event.key, event);
    return this.#enqueue(committed(revision, events), { revision, events }, records);
  }

  readonly #newest = (key: string): StoredEntry | undefined => {
    const event = this.#assigned.get(key);
    if (event === undefined) return this.#index.get(key);
    return event.type === "put" ? event.entry : undefined;
  };

  /** A refusal must not tell of a change that may still fail to become durable. */
  #concernsAssigned(txn: Txn): boolean {
    const assigned = this.#assigned;
    return txn.compare.some(({ key }) => assigned.has(key)) || txn.operations.some(({ key }) => assigned.has(key));
  }

  #enqueue(result: TxnResult, commit?: Commit, records: readonly JournalRecord[] = []): Promise<TxnResult> {
    const { promise, resolve, reject } = Promise.withResolvers<TxnResult>();
    this.#queue.push({ result, commit, records, resolve, reject });
    if (this.#queue.length === flushCommitsAtOnce) this.#startFlushing();
    else if (this.#queue.length === 1) void Promise.resolve().then(() => this.#startFlushing());
    return promise;
  }

  /** Of no effect while a flush is under way: what waits then is in the next one. */
  #startFlushing(): void {
    if (this.#queue.length > 0) this.#flushing ??= this.#flushAll();
  }

  async #flushAll(): Promise<void> {
    while (this.#queue.length > 0) await this.#flush(this.#queue.splice(0, this.#flushLength()));
    this.#flushing = undefined;
  }

  #flushLength(): number {
    let bytes = 0;
    for (const [i, { records }] of this.#queue.entries()) {
      for (const { value } of records) bytes += value?.length ?? 0;
      if (i === flushCommitsMax || (bytes > flushBytesMax && i > 0)) return i;
    }
    return this.#queue.length;
  }

  async #flush(batch: readonly Waiting[]): Promise<void> {
    const commits: Commit[] = [];
    const records: JournalRecord[] = [];
    for (const waiting of batch) {
      if (waiting.commit !== undefined) commits.push(waiting.commit);
      for (const record of waiting.records) records.push(record);
    }
    const newest = commits.at(-1);
    if (newest !== undefined) {
      try {
        await this.#journal.write(records, newest.revision);
      } catch (error) {
        this.#fail(batch, error);
        return;
      }
      this.#publish(commits);
    }
    for (const { resolve, result } of batch) resolve(result);
  }

  #publish(commits: readonly Commit[]): void {
    for (const { events } of commits) {
      this.#expiry.observe(events);
      for (const event of events) if (this.#assigned.get(event.key) === event) this.#assigned.delete(event.key);
    }
    this.#index.publish(commits);
    for (const { events } of commits) for (const { entry } of events) entry.settle();
  }

  /** What came after the failed commits was checked against them, so it goes with them. */
  #fail(batch: readonly Waiting[], error: unknown): void {
    const why =
      error instanceof StoreError
        ? error
        : new StoreError(`cannot write: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    const lost = [...batch, ...this.#queue];
    this.#queue = [];
    this.#assigned.clear();
    this.#assignedRevision = this.#index.revision;
    this.#host.log.error("commits are lost", { commits: lost.length, error: why });
    for (const { commit, reject } of lost) {
      for (const { entry } of commit?.events ?? []) entry.retire();
      reject(why);
    }
  }

  async #close(): Promise<void> {
    this.#expiry.close();
    this.#startFlushing();
    while (this.#flushing !== undefined) await this.#flushing;
    this.#index.close(new StoreError("the store is closed"));
    await this.#journal.close();
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StoreError("the store is closed");
  }
}
