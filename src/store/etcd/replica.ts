import type { ClientDuplexStream } from "@grpc/grpc-js";
import { type Host, sleep, type Timer } from "../../host/index.ts";
import { EncodedBytes } from "../encoded-bytes.ts";
import type { Commit, StoredEntry, StoredEvent } from "../entry.ts";
import { RevisionedIndex } from "../revisioned-index.ts";
import { newTree, TreeSnapshot } from "../snapshot.ts";
import { CompactedError, type Revision, type Snapshot, StoreError } from "../store.ts";
import type { EtcdConnection } from "./connection.ts";
import type { RangeAnswer, WatchAnswer } from "./messages.ts";
import { readPages } from "./pages.ts";
import type { Values } from "./values.ts";

/** How long somebody waits for the replica to reach a revision that etcd has told of. */
const catchUpMs = 10_000;
/** A replica that is behind for so long looks for another endpoint: its stream may be dead without having ended. */
const stalledMs = 2_000;
/** Before a stream that ended is opened again, doubled up to the maximum while it fails. */
const reopenPauseMs = 50;
const reopenPauseMaxMs = 2_000;

interface Waiting {
  readonly revision: Revision;
  readonly timers: readonly Timer[];
  resolve(): void;
  reject(why: Error): void;
}

/**
 * What etcd holds under our prefix, in memory, kept up to date by one watch. The watch is of all keys, so that every
 * revision brings at least one event: by that the replica knows how far it is, and that nothing was left out. (Progress
 * notifications would say it too, but older servers send them before the events that they count.)
 */
export class Replica {
  readonly #host: Host;
  readonly #etcd: EtcdConnection;
  readonly #values: Values;
  readonly #historyEventsMax: number | undefined;
  #index: RevisionedIndex;
  #stream: ClientDuplexStream<object, object> | undefined;
  #waiting: Waiting[] = [];
  readonly #closing = new AbortController();
  readonly #following: Promise<void>;

  private constructor(
    host: Host,
    etcd: EtcdConnection,
    values: Values,
    index: RevisionedIndex,
    historyEventsMax: number | undefined,
  ) {
    this.#host = host;
    this.#etcd = etcd;
    this.#values = values;
    this.#index = index;
    this.#historyEventsMax = historyEventsMax;
    this.#following = this.#follow();
  }

  /** Reads everything and begins to follow. @throws EtcdCallError, StoreError */
  static async open(
    host: Host,
    etcd: EtcdConnection,
    values: Values,
    options: { historyEventsMax?: number | undefined } = {},
  ): Promise<Replica> {
    const { historyEventsMax } = options;
    const index = await load(host, etcd, values, historyEventsMax);
    return new Replica(host, etcd, values, index, historyEventsMax);
  }

  /** Another one after a gap: to be asked for anew each time. */
  get index(): RevisionedIndex {
    return this.#index;
  }

  /** Resolves when the replica has reached the revision. @throws StoreError when it does not in time, or is closed */
  reached(revision: Revision): Promise<void> {
    if (this.#closed) return Promise.reject(new StoreError("the store is closed"));
    if (this.#index.revision >= revision) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { clock } = this.#host;
    const late = () => reject(new StoreError(`etcd has revision ${revision}, whose changes have not arrived here`));
    const timers = [
      clock.setTimer(stalledMs, () => this.#stream?.cancel()),
      clock.setTimer(catchUpMs, () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        late();
      }),
    ];
    const waiting: Waiting = { revision, timers, resolve, reject };
    this.#waiting.push(waiting);
    return promise;
  }

  /** The state of a revision that history no longer reaches, from etcd itself. @throws EtcdCallError */
  async readPast(prefix: string, at: Revision): Promise<Snapshot> {
    const range = this.#values.keys.rangeOf(prefix);
    const { list } = await readEntries(this.#etcd, this.#values, this.#index.encoded, range, at);
    return new TreeSnapshot(newTree(list), at, prefix);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#stream?.cancel();
    const why = new StoreError("the store is closed");
    this.#settle(
      () => true,
      ({ reject }) => reject(why),
    );
    this.#index.close(why);
    await this.#following;
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #follow(): Promise<void> {
    let pauseMs = reopenPauseMs;
    while (!this.#closed) {
      const before = this.#index.revision;
      const { stream, at, endpoint } = this.#etcd.openWatch();
      this.#stream = stream;
      try {
        await this.#read(stream);
      } catch (error) {
        if (this.#closed) return;
        if (error instanceof CompactedError) await this.#reload(error);
        else this.#host.log.warn("the watch of etcd ended", { endpoint, error: String(error) });
      }
      if (this.#closed) return;
      this.#etcd.moveOnFrom(at);
      pauseMs = this.#index.revision > before ? reopenPauseMs : Math.min(pauseMs * 2, reopenPauseMaxMs);
      await this.#pause(pauseMs);
    }
  }

  /** Never resolves: it ends with the reason why the stream did. @throws CompactedError when etcd no longer has what comes next */
  async #read(stream: ClientDuplexStream<object, object>): Promise<void> {
    const everything = Buffer.from([0]);
    stream.write({
      createRequest: {
        key: everything,
        rangeEnd: everything,
        startRevision: this.#index.revision + 1,
        progressNotify: true,
      },
    });
    await new Promise<void>((_, reject) => {
      stream.on("data", (answer: WatchAnswer) => {
        try {
          this.#take(answer);
        } catch (error) {
          reject(error);
          stream.cancel();
        }
      });
      stream.on("error", reject);
      stream.on("end", () => reject(new Error("etcd ended the stream")));
    });
  }

  #take(answer: WatchAnswer): void {
    if (answer.compactRevision > 0) throw new CompactedError(answer.compactRevision);
    if (answer.canceled) throw new Error(answer.cancelReason || "etcd cancelled the watch");
    const commits = this.#commitsOf(answer.events);
    if (commits.length === 0) return;
    this.#index.publish(commits);
    const { revision } = this.#index;
    this.#settle(
      (waiting) => waiting.revision <= revision,
      ({ resolve }) => resolve(),
    );
  }

  /** One commit for each revision; those without a key of ours are empty. @throws CompactedError when there is a gap */
  #commitsOf(events: WatchAnswer["events"]): Commit[] {
    const index = this.#index;
    const changed = new Map<string, StoredEvent>();
    const newest = (key: string): StoredEntry | undefined => {
      const event = changed.get(key);
      if (event === undefined) return index.get(key);
      return event.type === "put" ? event.entry : undefined;
    };
    const commits: { revision: Revision; events: StoredEvent[] }[] = [];
    let revision = index.revision;
    for (const event of events) {
      const { modRevision } = event.kv;
      if (modRevision > revision + 1) throw new CompactedError(modRevision); // etcd has forgotten what is between
      if (modRevision > revision) {
        revision = modRevision;
        commits.push({ revision, events: [] });
      }
      const commit = commits.at(-1);
      if (commit === undefined || modRevision < revision) throw new Error(`etcd sent revision ${modRevision} again`);
      const ours = this.#values.eventOf(event, newest, index.encoded);
      if (ours === undefined) continue;
      commit.events.push(ours);
      changed.set(ours.key, ours);
    }
    return commits;
  }

  /** Begins anew: watchers from before are told that they must, too. */
  async #reload(why: CompactedError): Promise<void> {
    this.#host.log.warn("etcd no longer has the changes that come next: everything is read anew", {
      have: this.#index.revision,
      compacted: why.compacted,
    });
    for (;;) {
      try {
        const old = this.#index;
        this.#index = await load(this.#host, this.#etcd, this.#values, this.#historyEventsMax);
        old.close(new CompactedError(this.#index.revision));
        break;
      } catch (error) {
        if (this.#closed) return;
        this.#host.log.warn("etcd cannot be read", { error: String(error) });
        await this.#pause(reopenPauseMaxMs);
      }
    }
    const { revision } = this.#index;
    this.#settle(
      (waiting) => waiting.revision <= revision,
      ({ resolve }) => resolve(),
    );
  }

  /** Shorter when the replica is closed meanwhile. */
  async #pause(ms: number): Promise<void> {
    await sleep(this.#host.clock, ms, this.#closing.signal).catch(() => {});
  }

  #settle(which: (waiting: Waiting) => boolean, how: (waiting: Waiting) => void): void {
    if (this.#waiting.length === 0) return;
    const settled = this.#waiting.filter(which);
    if (settled.length === 0) return;
    this.#waiting = this.#waiting.filter((waiting) => !which(waiting));
    for (const waiting of settled) {
      for (const timer of waiting.timers) timer.cancel();
      how(waiting);
    }
  }
}

async function load(
  host: Host,
  etcd: EtcdConnection,
  values: Values,
  historyEventsMax: number | undefined,
): Promise<RevisionedIndex> {
  const { start: key, end: rangeEnd } = values.keys;
  const encoded = new EncodedBytes();
  const { revision, list: entries } = await readEntries(etcd, values, encoded, { key, rangeEnd });
  return new RevisionedIndex(host, {
    loaded: { revision, entries },
    encoded,
    ...(historyEventsMax !== undefined && { historyEventsMax }),
  });
}

async function readEntries(
  etcd: EtcdConnection,
  values: Values,
  encoded: EncodedBytes,
  range: { key: Buffer; rangeEnd: Buffer },
  at?: Revision,
): Promise<{ revision: Revision; list: [string, StoredEntry][] }> {
  const ask = (request: object) => etcd.call<RangeAnswer>("KV", "Range", request, "read");
  const { revision, kvs } = await readPages(ask, range, at);
  const list = kvs.flatMap((kv): [string, StoredEntry][] => {
    const name = values.keys.fromEtcd(kv.key);
    return name === undefined ? [] : [[name, values.entryOf(name, kv, encoded)]];
  });
  return { revision, list };
}
