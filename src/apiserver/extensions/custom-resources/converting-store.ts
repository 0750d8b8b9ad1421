import type { KubeObject } from "../../../api/meta/index.ts";
import type {
  Entry,
  Operation,
  Revision,
  Snapshot,
  Store,
  StoreEvent,
  Subscription,
  Txn,
  TxnResult,
  WatchSink,
} from "../../../store/index.ts";

/** How objects come from the store into one version, and back. */
export interface RemoteConversion {
  /** In the order of the objects; what is of the version already is given back as it is. */
  fromStorage(objects: readonly KubeObject[]): Promise<readonly KubeObject[]>;
  toStorage(object: KubeObject): Promise<KubeObject>;
}

/**
 * The objects of one custom resource as if they were stored in one of its versions: what reads and writes them need not
 * know that another server converts them. Each stored version is converted once, however often it is read.
 */
export class ConvertingStore implements Store {
  readonly #store: Store;
  readonly #conversion: RemoteConversion;
  readonly #converted = new WeakMap<Entry, Entry>();
  /** First revisions of batches that watchers have not been told of yet. */
  readonly #untold = new Set<{ readonly first: Revision }>();

  constructor(store: Store, conversion: RemoteConversion) {
    this.#store = store;
    this.#conversion = conversion;
  }

  /** Watchers must have been told of everything up to here. */
  get revision(): Revision {
    let { revision } = this.#store;
    for (const { first } of this.#untold) revision = Math.min(revision, first - 1);
    return revision;
  }

  async get(key: string): Promise<Entry | undefined> {
    const entry = await this.#store.get(key);
    return entry && (await this.#convert([entry]))[0];
  }

  async list(prefix: string, at?: Revision): Promise<Snapshot> {
    const snapshot = await this.#store.list(prefix, at);
    const stored = [...snapshot.entries()];
    const converted = await this.#convert(stored);
    const byKey = new Map(converted.map((entry) => [entry.key, entry]));
    return {
      revision: snapshot.revision,
      *entries(afterKey) {
        for (const { key } of snapshot.entries(afterKey)) {
          const entry = byKey.get(key);
          if (entry !== undefined) yield entry;
        }
      },
      count: (afterKey) => snapshot.count(afterKey),
    };
  }

  async commit(txn: Txn): Promise<TxnResult> {
    const operations = await Promise.all(txn.operations.map((operation) => this.#stored(operation)));
    const result = await this.#store.commit({ ...txn, operations });
    if (result.committed) return { ...result, entries: await this.#convert(result.entries) };
    const current = await Promise.all(result.current.map(async (entry) => entry && (await this.#convert([entry]))[0]));
    return { ...result, current };
  }

  watch(prefix: string, after: Revision, sink: WatchSink): Subscription {
    let isOver = false;
    let told: Promise<void> = Promise.resolve();
    const subscription = this.#store.watch(prefix, after, {
      events: (batch) => {
        const untold = { first: batch[0]?.revision ?? 0 };
        this.#untold.add(untold);
        told = told
          .then(async () => {
            const events = isOver ? [] : await this.#events(batch);
            this.#untold.delete(untold);
            if (!isOver && events.length > 0) sink.events(events);
          })
          .catch((error: unknown) => {
            this.#untold.delete(untold);
            if (isOver) return;
            isOver = true;
            subscription.cancel();
            sink.closed(error instanceof Error ? error : new Error(String(error)));
          });
      },
      closed: (why) => void told.then(() => isOver || sink.closed(why)),
    });
    return {
      cancel() {
        isOver = true;
        subscription.cancel();
      },
    };
  }

  waitFor(revision: Revision): Promise<void> {
    return this.#store.waitFor?.(revision) ?? Promise.resolve();
  }

  compact(before: Revision): Promise<void> {
    return this.#store.compact(before);
  }

  /** The store below is another's. */
  async close(): Promise<void> {}

  async #stored(operation: Operation): Promise<Operation> {
    if (operation.type === "delete") return operation;
    return { ...operation, object: await this.#conversion.toStorage(operation.object) };
  }

  async #events(batch: readonly StoreEvent[]): Promise<StoreEvent[]> {
    const stored = batch.flatMap(({ entry, previous }) => (previous === undefined ? [entry] : [entry, previous]));
    const converted = await this.#convert(stored);
    const byEntry = new Map(stored.map((entry, i) => [entry, converted[i] ?? entry]));
    return batch.map((event) => ({
      ...event,
      entry: byEntry.get(event.entry) ?? event.entry,
      ...(event.previous && { previous: byEntry.get(event.previous) ?? event.previous }),
    }));
  }

  async #convert(entries: readonly Entry[]): Promise<Entry[]> {
    const missing = entries.filter((entry) => !this.#converted.has(entry));
    if (missing.length > 0) {
      const objects = await this.#conversion.fromStorage(missing.map(({ object }) => object));
      for (const [i, entry] of missing.entries()) {
        const object = objects[i];
        if (object === undefined) throw new Error(`${entry.key} was not converted`);
        this.#converted.set(entry, object === entry.object ? entry : new ConvertedEntry(entry, object));
      }
    }
    return entries.map((entry) => this.#converted.get(entry) ?? entry);
  }
}

class ConvertedEntry implements Entry {
  readonly key: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
  readonly object: KubeObject;
  readonly isStale: boolean;
  #json: Buffer | undefined;

  constructor({ key, revision, createRevision, isStale = false }: Entry, object: KubeObject) {
    this.key = key;
    this.revision = revision;
    this.createRevision = createRevision;
    this.object = object;
    this.isStale = isStale;
  }

  json(): Buffer {
    this.#json ??= Buffer.from(JSON.stringify(this.object));
    return this.#json;
  }
}
