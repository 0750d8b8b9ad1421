import type { Host } from "../../host/index.ts";
import {
  CompactedError,
  type Entry,
  type Operation,
  type Revision,
  type Snapshot,
  type Store,
  StoreError,
  type Subscription,
  type Txn,
  type TxnResult,
  type WatchSink,
} from "../store.ts";
import { checkTransaction } from "../transaction.ts";
import { Compactor } from "./compactor.ts";
import { EtcdConnection } from "./connection.ts";
import { asStoreError, EtcdCallError } from "./errors.ts";
import { KeySpace } from "./key-space.ts";
import { LeasePool } from "./lease-pool.ts";
import type { KeyValue, TxnAnswer } from "./messages.ts";
import type { EtcdStoreOptions } from "./options.ts";
import { QuorumReads } from "./quorum-reads.ts";
import { Replica } from "./replica.ts";
import { Values } from "./values.ts";

/** The original's: how long a read waits for a revision that another server has told of. */
const freshnessMs = 3_000;
const compactionIntervalMs = 5 * 60_000;

/** @throws StoreError when no endpoint answers, or what is asked for cannot be */
export async function openEtcdBackend(host: Host, options: EtcdStoreOptions): Promise<Store> {
  const etcd = new EtcdConnection(host, options.servers, options);
  const { prefix = "/registry", root = "/registry", mediaType = "application/vnd.kubernetes.protobuf" } = options;
  const values = new Values(new KeySpace(prefix, root), mediaType, options.transformer);
  try {
    const replica = await Replica.open(host, etcd, values, { historyEventsMax: options.historyEventsMax });
    return new EtcdStore(host, etcd, values, replica, options.compactionIntervalMs ?? compactionIntervalMs);
  } catch (error) {
    etcd.close();
    throw asStoreError(error);
  }
}

/**
 * A store whose truth is an etcd cluster. Writes are etcd's transactions. Reads are answered from a replica in memory, once
 * that has reached the revision that a quorum of etcd's members has: so they see what every other API server has written.
 */
class EtcdStore implements Store {
  readonly #host: Host;
  readonly #etcd: EtcdConnection;
  readonly #values: Values;
  readonly #replica: Replica;
  readonly #quorum: QuorumReads;
  readonly #leases: LeasePool;
  readonly #compactor: Compactor;
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(host: Host, etcd: EtcdConnection, values: Values, replica: Replica, intervalMs: number) {
    this.#host = host;
    this.#etcd = etcd;
    this.#values = values;
    this.#replica = replica;
    this.#quorum = new QuorumReads(etcd, values.keys.start);
    this.#leases = new LeasePool(host, etcd);
    this.#compactor = new Compactor(host, etcd, intervalMs);
  }

  get revision(): Revision {
    return this.#replica.index.revision;
  }

  async get(key: string): Promise<Entry | undefined> {
    await this.#fresh();
    return this.#replica.index.get(key);
  }

  async list(prefix: string, at?: Revision): Promise<Snapshot> {
    if (at === undefined || at > this.revision) await this.#fresh();
    this.#assertOpen();
    try {
      return this.#replica.index.list(prefix, at);
    } catch (error) {
      if (!(error instanceof CompactedError) || at === undefined) throw error;
      return await this.#readPast(prefix, at);
    }
  }

  async commit(txn: Txn): Promise<TxnResult> {
    this.#assertOpen();
    checkTransaction(txn);
    const running = this.#commit(txn);
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      if (error instanceof EtcdCallError && error.details.includes("requested lease not found")) this.#leases.forget();
      throw asStoreError(error);
    } finally {
      this.#running.delete(running);
    }
  }

  watch(prefix: string, after: Revision, sink: WatchSink): Subscription {
    this.#assertOpen();
    return this.#replica.index.watch(prefix, after, sink);
  }

  async compact(before: Revision): Promise<void> {
    await this.#fresh();
    this.#replica.index.compact(before);
    try {
      await this.#etcd.call("KV", "Compact", { revision: before }, "read");
    } catch (error) {
      const known = asStoreError(error);
      if (!(known instanceof CompactedError)) throw known; // somebody else has done it
    }
  }

  async waitFor(revision: Revision): Promise<void> {
    if (revision <= this.revision) return;
    await new Promise<void>((resolve) => {
      const timer = this.#host.clock.setTimer(freshnessMs, resolve);
      const done = () => {
        timer.cancel();
        resolve();
      };
      this.#replica.reached(revision).then(done, done);
    });
  }

  async sizeBytes(): Promise<number> {
    return (await this.#etcd.call<{ dbSize: number }>("Maintenance", "Status", {}, "read")).dbSize;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#compactor.close();
    await Promise.allSettled(this.#running);
    await this.#replica.close();
    this.#etcd.close();
  }

  async #commit(txn: Txn): Promise<TxnResult> {
    const answer = await this.#etcd.call<TxnAnswer>("KV", "Txn", await this.#request(txn), "write");
    const { revision } = answer.header;
    await this.#replica.reached(revision);
    const { index } = this.#replica;
    if (!answer.succeeded) {
      return { committed: false, current: txn.compare.map((_, i) => this.#current(answer, i)) };
    }
    if (txn.operations.length === 0) return { committed: true, revision, entries: [] };
    const events = new Map(index.commitOf(revision)?.events.map((event) => [event.key, event.entry]));
    const entries = txn.operations.map(({ key }) => {
      const newest = index.get(key);
      const entry = events.get(key) ?? (newest?.revision === revision ? newest : undefined);
      if (entry === undefined) throw new StoreError(`revision ${revision} changed ${key}, but was not seen to`);
      return entry;
    });
    return { committed: true, revision, entries };
  }

  async #request({ compare, operations }: Txn): Promise<object> {
    const compared = new Set(compare.flatMap(({ key, revision }) => (revision > 0 ? [key] : [])));
    const deleted = operations.filter(({ type, key }) => type === "delete" && !compared.has(key));
    return {
      compare: [
        ...compare.map(({ key, revision }) => ({
          result: "EQUAL",
          target: "MOD",
          key: this.#values.keys.toEtcd(key),
          modRevision: revision,
        })),
        ...deleted.map(({ key }) => ({
          result: "GREATER",
          target: "CREATE",
          key: this.#values.keys.toEtcd(key),
          createRevision: 0,
        })),
      ],
      success: await Promise.all(operations.map((operation) => this.#operation(operation))),
      failure: compare.map(({ key }) => ({ requestRange: { key: this.#values.keys.toEtcd(key) } })),
    };
  }

  async #operation(operation: Operation): Promise<object> {
    const key = this.#values.keys.toEtcd(operation.key);
    if (operation.type === "delete") return { requestDeleteRange: { key } };
    const { object, ttlSeconds } = operation;
    const value = this.#values.encode(operation.key, object);
    const lease = ttlSeconds === undefined ? 0 : await this.#leases.leaseFor(ttlSeconds);
    return { requestPut: { key, value, lease } };
  }

  /** What the key of a compare held when the transaction was refused. */
  #current(answer: TxnAnswer, at: number): Entry | undefined {
    const kv: KeyValue | undefined = answer.responses[at]?.responseRange?.kvs[0];
    const key = kv && this.#values.keys.fromEtcd(kv.key);
    if (kv === undefined || key === undefined) return undefined;
    const { index } = this.#replica;
    const known = index.get(key);
    return known?.revision === kv.modRevision ? known : this.#values.entryOf(key, kv, index.encoded);
  }

  /** The replica has everything that was committed before this was called. */
  async #fresh(): Promise<void> {
    this.#assertOpen();
    let revision: Revision;
    try {
      revision = await this.#quorum.revision();
    } catch (error) {
      throw asStoreError(error);
    }
    await this.#replica.reached(revision);
  }

  async #readPast(prefix: string, at: Revision): Promise<Snapshot> {
    try {
      return await this.#replica.readPast(prefix, at);
    } catch (error) {
      const known = asStoreError(error);
      if (known instanceof CompactedError) throw new CompactedError(this.#replica.index.compacted);
      throw known;
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StoreError("the store is closed");
  }
}
