import type { Revision, StoreEvent, Subscription, WatchSink } from "./store.ts";

interface Watch {
  readonly sink: WatchSink;
  /** Everything up to this revision was delivered or is not wanted. */
  delivered: Revision;
  active: boolean;
}

/** All watches of one prefix. They share the batch array that they are handed. */
interface Bucket {
  readonly prefix: string;
  readonly watches: Set<Watch>;
  batch: StoreEvent[] | undefined;
}

/**
 * Who watches what. An event finds its watchers by looking up the prefixes of its key, so that its cost does not grow
 * with watchers of other resources, namespaces or names.
 */
export class Watches {
  /** Buckets whose prefix ends with a slash (or is empty): found at the slashes of a key. */
  readonly #directories = new Map<string, Bucket>();
  /** Other buckets, by the directory they are in: watches of one object, or of half a name. */
  readonly #names = new Map<string, Map<string, Bucket>>();
  readonly #waiting: (readonly StoreEvent[])[] = [];
  readonly #onSinkError: (error: unknown) => void;
  #dispatching = false;

  /** @param onSinkError told of a sink that threw, against its contract; its watch is over. */
  constructor(onSinkError: (error: unknown) => void) {
    this.#onSinkError = onSinkError;
  }

  add(prefix: string, delivered: Revision, sink: WatchSink): Subscription {
    const watch: Watch = { sink, delivered, active: true };
    const bucket = this.#bucket(prefix);
    bucket.watches.add(watch);
    return { cancel: () => this.#cancel(watch, bucket) };
  }

  /** Hands the events of whole commits to their watchers. A call from inside a sink takes its turn after the running one. */
  dispatch(events: readonly StoreEvent[]): void {
    this.#waiting.push(events);
    if (this.#dispatching) return;
    this.#dispatching = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#deliver(next);
    } finally {
      this.#dispatching = false;
    }
  }

  close(why: Error): void {
    const buckets = [
      ...this.#directories.values(),
      ...[...this.#names.values()].flatMap((names) => [...names.values()]),
    ];
    this.#directories.clear();
    this.#names.clear();
    for (const bucket of buckets) {
      for (const watch of bucket.watches) {
        if (!watch.active) continue;
        watch.active = false;
        watch.sink.closed(why);
      }
    }
  }

  #deliver(events: readonly StoreEvent[]): void {
    const touched: Bucket[] = [];
    for (const event of events) this.#sort(event, touched);
    for (const bucket of touched) {
      const batch = bucket.batch ?? [];
      bucket.batch = undefined;
      for (const watch of [...bucket.watches]) this.#deliverTo(watch, bucket, batch);
    }
  }

  #deliverTo(watch: Watch, bucket: Bucket, batch: readonly StoreEvent[]): void {
    const wanted = undelivered(watch, batch);
    if (wanted.length === 0) return;
    try {
      watch.sink.events(wanted);
    } catch (error) {
      this.#cancel(watch, bucket);
      this.#onSinkError(error);
    }
  }

  #cancel(watch: Watch, bucket: Bucket): void {
    if (!watch.active) return;
    watch.active = false;
    bucket.watches.delete(watch);
    if (bucket.watches.size === 0) this.#drop(bucket);
  }

  /** Puts an event into the batch of every bucket that it belongs to. */
  #sort(event: StoreEvent, touched: Bucket[]): void {
    const key = event.key;
    collect(this.#directories.get(""), event, touched);
    for (let slash = key.indexOf("/"); slash >= 0; slash = key.indexOf("/", slash + 1)) {
      const directory = key.slice(0, slash + 1);
      collect(this.#directories.get(directory), event, touched);
      const names = this.#names.get(directory);
      if (names !== undefined) collectNames(names, directory.length, event, touched);
    }
    const rootNames = this.#names.get("");
    if (rootNames !== undefined) collectNames(rootNames, 0, event, touched);
  }

  #bucket(prefix: string): Bucket {
    const directory = directoryOf(prefix);
    const buckets = directory === prefix ? this.#directories : this.#namesIn(directory);
    let bucket = buckets.get(prefix);
    if (bucket === undefined) {
      bucket = { prefix, watches: new Set(), batch: undefined };
      buckets.set(prefix, bucket);
    }
    return bucket;
  }

  #namesIn(directory: string): Map<string, Bucket> {
    let names = this.#names.get(directory);
    if (names === undefined) {
      names = new Map();
      this.#names.set(directory, names);
    }
    return names;
  }

  /** A bucket without watches goes, unless a new one has taken its place. */
  #drop(bucket: Bucket): void {
    const directory = directoryOf(bucket.prefix);
    const buckets = directory === bucket.prefix ? this.#directories : this.#names.get(directory);
    if (buckets?.get(bucket.prefix) !== bucket) return;
    buckets.delete(bucket.prefix);
    if (buckets !== this.#directories && buckets.size === 0) this.#names.delete(directory);
  }
}

function directoryOf(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf("/") + 1);
}

function collect(bucket: Bucket | undefined, event: StoreEvent, touched: Bucket[]): void {
  if (bucket === undefined) return;
  if (bucket.batch === undefined) {
    bucket.batch = [event];
    touched.push(bucket);
  } else {
    bucket.batch.push(event);
  }
}

/** Finds the buckets that the key starts with: by looking at all of them when they are few, else by all starts of the key. */
function collectNames(names: Map<string, Bucket>, directoryLength: number, event: StoreEvent, touched: Bucket[]): void {
  const key = event.key;
  if (names.size <= key.length - directoryLength) {
    for (const bucket of names.values()) if (key.startsWith(bucket.prefix)) collect(bucket, event, touched);
    return;
  }
  for (let end = directoryLength + 1; end <= key.length; end++) collect(names.get(key.slice(0, end)), event, touched);
}

/** What of a batch the watch has to get; it counts as delivered from here on. */
function undelivered(watch: Watch, batch: readonly StoreEvent[]): readonly StoreEvent[] {
  const first = batch[0];
  const last = batch[batch.length - 1];
  if (!watch.active || first === undefined || last === undefined || last.revision <= watch.delivered) return [];
  const after = watch.delivered;
  watch.delivered = last.revision;
  return first.revision > after ? batch : batch.filter((event) => event.revision > after);
}
