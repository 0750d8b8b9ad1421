import type { KubeObject } from "../api/meta/index.ts";

/** One global counter, as etcd's: every commit that changes something takes the next number. 0 means "never". */
export type Revision = number;

/**
 * One version of one object. Immutable: neither the entry nor its object may be changed by anyone.
 * `object.metadata.resourceVersion` is `String(revision)`.
 */
export interface Entry {
  readonly key: string;
  readonly object: KubeObject;
  /** The commit that wrote this version. */
  readonly revision: Revision;
  /** The commit that created the object. */
  readonly createRevision: Revision;
  /** The object as JSON bytes, encoded at most once and shared by the disk, watchers and lists. */
  json(): Buffer;
  /**
   * Whether it is stored in another form than a write would give it today (encryption at rest): an update that changes
   * nothing is to be written nonetheless.
   */
  readonly isStale?: boolean;
}

/** A change as watchers see it. For a delete, `entry` is the last version stamped with the revision of the deletion. */
export interface StoreEvent {
  readonly type: "put" | "delete";
  readonly key: string;
  readonly revision: Revision;
  readonly entry: Entry;
  /** The version before this change; absent for a creation. */
  readonly previous?: Entry;
}

/** Holds when the key's newest version has exactly this revision; 0 means that the key must not exist. */
export interface Compare {
  readonly key: string;
  readonly revision: Revision;
}

export type Operation =
  | {
      readonly type: "put";
      readonly key: string;
      /** A draft whose ownership passes to the store: it is stamped with its resource version and never changed again. */
      readonly object: KubeObject;
      /** Deleted by the store this many seconds after the commit (etcd's lease); absent means never. */
      readonly ttlSeconds?: number;
    }
  | { readonly type: "delete"; readonly key: string };

/**
 * All compares hold and every key to delete exists, then all operations happen in one revision; otherwise none does.
 * Without operations it only compares and takes no revision. No key may be named by two operations (StoreError).
 */
export interface Txn {
  readonly compare: readonly Compare[];
  readonly operations: readonly Operation[];
}

export type TxnResult =
  | {
      readonly committed: true;
      readonly revision: Revision;
      /** One per operation: the version written, or for a delete the last version with the revision of the deletion. */
      readonly entries: readonly Entry[];
    }
  | {
      readonly committed: false;
      /** The newest version of each compared key, in the order of the compares; undefined where there is none. */
      readonly current: readonly (Entry | undefined)[];
    };

/** All entries under a prefix at one revision, in key order. Taking one costs O(1); it stays valid while writes go on. */
export interface Snapshot {
  readonly revision: Revision;
  /** Entries in key order, starting after `afterKey` when it is given. */
  entries(afterKey?: string): Iterable<Entry>;
  /** How many entries there are (after `afterKey`). O(n) is acceptable. */
  count(afterKey?: string): number;
}

export interface WatchSink {
  /** Called with the events of one or more commits, in revision order, never split inside a commit. Must not throw or block. */
  events(batch: readonly StoreEvent[]): void;
  /** Called once when the store ends the watch by itself; after it nothing more arrives. */
  closed(why: Error): void;
}

export interface Subscription {
  cancel(): void;
}

/**
 * What the API server keeps objects in: etcd's promises, whatever is underneath.
 * A write is visible (to reads, to watchers, to the caller of commit) only after it is as durable as the store can make it.
 */
export interface Store {
  /** The revision of the newest visible commit. */
  readonly revision: Revision;
  get(key: string): Promise<Entry | undefined>;
  /**
   * @param at read this past revision instead of the newest one.
   * @throws CompactedError when `at` is older than the history kept, FutureRevisionError when it has not happened yet.
   */
  list(prefix: string, at?: Revision): Promise<Snapshot>;
  /** @throws StoreError when the commit could not be made durable (disk full, closed): then nothing of it is visible, now or later. */
  commit(txn: Txn): Promise<TxnResult>;
  /**
   * Every event under `prefix` with a revision greater than `after`, first the kept history, then live. The history is
   * handed to the sink before `watch` returns. An `after` that has not happened yet waits for what comes after it.
   * @throws CompactedError when `after` is older than the history kept.
   */
  watch(prefix: string, after: Revision, sink: WatchSink): Subscription;
  /**
   * Only where other processes write to the same store: resolves when this revision, which somebody has seen there, is
   * visible here, or when it is not in about three seconds.
   */
  waitFor?(revision: Revision): Promise<void>;
  /** Forgets history before this revision, whose state can still be read. @throws FutureRevisionError */
  compact(before: Revision): Promise<void>;
  /** How much its files take, where it has any. */
  sizeBytes?(): Promise<number>;
  /** Waits for commits under way, ends watches, releases files. */
  close(): Promise<void>;
}

/** The revision asked for is no longer kept; the API answers 410 Expired. */
export class CompactedError extends Error {
  override readonly name = "CompactedError";
  readonly compacted: Revision;
  constructor(compacted: Revision) {
    super("etcdserver: mvcc: required revision has been compacted");
    this.compacted = compacted;
  }
}

/** The revision asked for has not happened yet; the API answers 504 Timeout with a hint to retry. */
export class FutureRevisionError extends Error {
  override readonly name = "FutureRevisionError";
}

/** The store could not do what was asked (disk full, closed, damaged file); says what failed and where. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}
