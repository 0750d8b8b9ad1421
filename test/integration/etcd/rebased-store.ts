// A store on an etcd that others have used before, seen as if it had begun empty at revision 0: what the shared suite wants.
import type { KubeObject } from "../../../src/api/meta/index.ts";
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
} from "../../../src/store/index.ts";

export function rebased(store: Store): Store {
  return new RebasedStore(store);
}

class RebasedStore implements Store {
  readonly #store: Store;
  readonly #base: Revision;
  readonly #entries = new WeakMap<Entry, Entry>();

  constructor(store: Store) {
    this.#store = store;
    this.#base = store.revision;
  }

  get revision(): Revision {
    return this.#store.revision - this.#base;
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#entry(await this.#store.get(key));
  }

  async list(prefix: string, at?: Revision): Promise<Snapshot> {
    const snapshot = await this.#store.list(prefix, at === undefined ? undefined : at + this.#base);
    const entries = (afterKey?: string) => this.#all(snapshot.entries(afterKey));
    return { revision: snapshot.revision - this.#base, entries, count: (afterKey) => snapshot.count(afterKey) };
  }

  async commit(txn: Txn): Promise<TxnResult> {
    const compare = txn.compare.map(({ key, revision }) => ({
      key,
      revision: revision === 0 ? 0 : revision + this.#base,
    }));
    const result = await this.#store.commit({ ...txn, compare });
    if (!result.committed) return { committed: false, current: result.current.map((entry) => this.#entry(entry)) };
    const entries = result.entries.map((entry) => this.#known(entry));
    return { committed: true, revision: result.revision - this.#base, entries };
  }

  watch(prefix: string, after: Revision, sink: WatchSink): Subscription {
    return this.#store.watch(prefix, after + this.#base, {
      events: (batch) => sink.events(batch.map((event) => this.#event(event))),
      closed: (why) =>
        sink.closed(why instanceof CompactedError ? new CompactedError(why.compacted - this.#base) : why),
    });
  }

  compact(before: Revision): Promise<void> {
    return this.#store.compact(before + this.#base);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  *#all(entries: Iterable<Entry>): Generator<Entry> {
    for (const entry of entries) yield this.#known(entry);
  }

  #event(event: StoreEvent): StoreEvent {
    const { previous, entry, revision } = event;
    return {
      ...event,
      revision: revision - this.#base,
      entry: this.#known(entry),
      ...(previous && { previous: this.#known(previous) }),
    };
  }

  #entry(entry: Entry | undefined): Entry | undefined {
    return entry && this.#known(entry);
  }

  #known(entry: Entry): Entry {
    let found = this.#entries.get(entry);
    if (found === undefined) {
      found = new RebasedEntry(entry, this.#base);
      this.#entries.set(entry, found);
    }
    return found;
  }
}

class RebasedEntry implements Entry {
  readonly key: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
  readonly object: KubeObject;
  readonly #json: Buffer;

  constructor(entry: Entry, base: Revision) {
    this.key = entry.key;
    this.revision = entry.revision - base;
    this.createRevision = entry.createRevision - base;
    const { metadata } = entry.object;
    this.object = { ...entry.object, metadata: { ...metadata, resourceVersion: String(this.revision) } };
    this.#json = Buffer.from(JSON.stringify(this.object));
  }

  json(): Buffer {
    return this.#json;
  }
}
