import type { Clock, Host } from "../host/index.ts";
import { type RequestMetrics, type ResourceMetrics, StorageMetrics, type StorageOperation } from "./storage-metrics.ts";
import {
  CompactedError,
  type Entry,
  type Revision,
  type Snapshot,
  type Store,
  type StoreEvent,
  type Subscription,
  type Txn,
  type TxnResult,
  type WatchSink,
} from "./store.ts";

/**
 * A store whose requests are measured, and whose objects are counted, with the original's metrics.
 * @param storageClusterId which of the process's stores it is: `etcd-0`, `etcd-1`, …
 */
export function measureStore(host: Host, store: Store, storageClusterId: string): Store {
  return new MeasuredStore(host, store, storageClusterId);
}

class MeasuredStore implements Store {
  readonly waitFor?: (revision: Revision) => Promise<void>;
  readonly sizeBytes?: () => Promise<number>;
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #metrics: StorageMetrics;
  readonly #counts: ObjectCounts;

  constructor(host: Host, store: Store, storageClusterId: string) {
    this.#clock = host.clock;
    this.#store = store;
    this.#metrics = new StorageMetrics(host.metrics);
    if (store.waitFor !== undefined) this.waitFor = (revision) => store.waitFor?.(revision) ?? Promise.resolve();
    if (store.sizeBytes !== undefined) {
      this.sizeBytes = () => store.sizeBytes?.() ?? Promise.resolve(0);
      this.#tellSize(storageClusterId, this.sizeBytes);
    }
    this.#counts = new ObjectCounts(host, store, this.#metrics);
    void this.#counts.run();
  }

  get revision(): Revision {
    return this.#store.revision;
  }

  get(key: string): Promise<Entry | undefined> {
    return this.#measured(key, "get", () => this.#store.get(key));
  }

  list(prefix: string, at?: Revision): Promise<Snapshot> {
    return this.#measured(prefix, "list", () => this.#store.list(prefix, at));
  }

  commit(txn: Txn): Promise<TxnResult> {
    const first = txn.operations[0];
    if (first === undefined) return this.#store.commit(txn);
    return this.#measured(first.key, operationOf(txn), () => this.#store.commit(txn));
  }

  watch(prefix: string, after: Revision, sink: WatchSink): Subscription {
    return this.#store.watch(prefix, after, sink);
  }

  compact(before: Revision): Promise<void> {
    return this.#store.compact(before);
  }

  close(): Promise<void> {
    this.#counts.close();
    return this.#store.close();
  }

  #measured<T>(key: string, operation: StorageOperation, run: () => Promise<T>): Promise<T> {
    const metrics = this.#metrics.ofKey(key)?.request(operation);
    const running = run();
    if (metrics === undefined) return running;
    const began = this.#clock.now();
    const done = () => this.#record(metrics, began);
    running.then(done, () => {
      done();
      metrics.errors.inc();
    });
    return running;
  }

  #record({ durationSeconds, total }: RequestMetrics, began: number): void {
    durationSeconds.observe((this.#clock.now() - began) / 1000);
    total.inc();
  }

  /** As it was when somebody looked the last time: asking takes longer than rendering. */
  #tellSize(storageClusterId: string, sizeBytes: () => Promise<number>): void {
    const gauge = this.#metrics.size(storageClusterId);
    const ask = () => {
      sizeBytes().then(
        (bytes) => gauge.set(bytes),
        () => {}, // it stays as it was; whatever fails here is told by the requests that fail
      );
    };
    ask();
    this.#metrics.beforeRender(ask);
  }
}

/** A transaction of several operations counts as what it does first. */
function operationOf({ compare, operations }: Txn): StorageOperation {
  const first = operations[0];
  if (first?.type === "delete") return "delete";
  return compare.some(({ key, revision }) => key === first?.key && revision === 0) ? "create" : "update";
}

/** How many objects each resource has: counted once, then followed. */
class ObjectCounts {
  readonly #host: Host;
  readonly #store: Store;
  readonly #metrics: StorageMetrics;
  readonly #counted = new Map<ResourceMetrics, number>();
  #subscription: Subscription | undefined;
  #isClosed = false;

  constructor(host: Host, store: Store, metrics: StorageMetrics) {
    this.#host = host;
    this.#store = store;
    this.#metrics = metrics;
  }

  /** Counts anew; also when the store had to forget what happened in between (a replica that was cut off for long). */
  async run(): Promise<void> {
    try {
      const snapshot = await this.#store.list("");
      if (this.#isClosed) return;
      for (const metrics of [...this.#counted.keys()]) this.#add(metrics, -(this.#counted.get(metrics) ?? 0));
      for (const { key } of snapshot.entries()) this.#count(key, 1);
      this.#subscription = this.#store.watch("", snapshot.revision, {
        events: (batch) => this.#follow(batch),
        closed: (why) => {
          if (why instanceof CompactedError) void this.run();
        },
      });
    } catch (error) {
      if (!this.#isClosed) this.#host.log.warn("stored objects are not counted", { error });
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#subscription?.cancel();
  }

  #follow(batch: readonly StoreEvent[]): void {
    for (const { type, key, previous } of batch) {
      const metrics = this.#metrics.ofKey(key);
      if (metrics === undefined) continue;
      metrics.events.inc();
      if (type === "delete") this.#add(metrics, -1);
      else if (previous === undefined) this.#add(metrics, 1);
    }
  }

  #count(key: string, by: number): void {
    const metrics = this.#metrics.ofKey(key);
    if (metrics !== undefined) this.#add(metrics, by);
  }

  /** Other stores of the process may have objects of the same resource. */
  #add(metrics: ResourceMetrics, by: number): void {
    this.#counted.set(metrics, (this.#counted.get(metrics) ?? 0) + by);
    for (const gauge of metrics.objects) gauge.inc(by);
  }
}
