import type { Host } from "../host/index.ts";
import { EncodedBytes } from "./encoded-bytes.ts";
import type { Commit, StoredEntry, StoredEvent } from "./entry.ts";
import { History } from "./history.ts";
import { newTree, type Tree, TreeSnapshot } from "./snapshot.ts";
import { FutureRevisionError, type Revision, type Snapshot, type Subscription, type WatchSink } from "./store.ts";
import { Watches } from "./watches.ts";

/** How many states of the past are kept at hand for lists that go on page by page. */
const pastTreesMax = 16;

export interface IndexOptions {
  /** What a disk had: entries in key order and the revision they belong to. */
  readonly loaded?: { readonly revision: Revision; readonly entries: [string, StoredEntry][] };
  readonly encoded?: EncodedBytes;
  readonly historyEventsMax?: number;
}

/**
 * The visible state of an embedded store: the newest version of every key in a copy-on-write tree, the recent history,
 * and who watches it. Durability is not its business: it is told of a commit when that may be seen.
 */
export class RevisionedIndex {
  readonly encoded: EncodedBytes;
  readonly #host: Host;
  readonly #tree: Tree;
  /** The same entries by key: a write looks at its key three times, and keys share long beginnings. */
  readonly #newest: Map<string, StoredEntry>;
  readonly #history: History;
  readonly #watches: Watches;
  /** Frozen trees by revision, least recently used first. */
  readonly #pastTrees = new Map<Revision, Tree>();
  #revision: Revision;

  constructor(host: Host, options: IndexOptions = {}) {
    this.#host = host;
    this.#watches = new Watches((error) => host.log.error("a watch failed and was ended", { error }));
    this.encoded = options.encoded ?? new EncodedBytes();
    this.#revision = options.loaded?.revision ?? 0;
    this.#tree = newTree(options.loaded?.entries);
    this.#newest = new Map(options.loaded?.entries);
    this.#history = new History(this.#revision, options.historyEventsMax);
  }

  get revision(): Revision {
    return this.#revision;
  }

  /** The oldest revision whose state is known. */
  get compacted(): Revision {
    return this.#history.compacted;
  }

  readonly get = (key: string): StoredEntry | undefined => this.#newest.get(key);

  /** @throws CompactedError, FutureRevisionError */
  list(prefix: string, at: Revision = this.#revision): Snapshot {
    return new TreeSnapshot(this.#treeAt(at), at, prefix);
  }

  /** The kept history is handed over before this returns. @throws CompactedError */
  watch(prefix: string, after: Revision, sink: WatchSink): Subscription {
    this.#history.assertReaches(after);
    const missed: StoredEvent[] = [];
    for (const { events } of this.#history.since(after)) {
      for (const event of events) if (event.key.startsWith(prefix)) missed.push(event);
    }
    const subscription = this.#watches.add(prefix, Math.max(after, this.#revision), sink);
    if (missed.length > 0) sink.events(missed);
    return subscription;
  }

  /** What a commit changed that history still has; undefined for one that is older or has not happened. */
  commitOf(revision: Revision): Commit | undefined {
    if (revision <= this.#history.compacted || revision > this.#revision) return undefined;
    return this.#history.since(revision - 1).next().value ?? undefined;
  }

  compact(before: Revision): void {
    this.#assertHappened(before);
    this.#history.compactTo(before);
    this.#dropCompactedTrees();
  }

  /** Makes commits visible, which follow each other and the present revision without a gap, and tells the watchers. */
  publish(commits: readonly Commit[]): void {
    const nowMs = this.#host.clock.now();
    for (const commit of commits) {
      if (commit.revision !== this.#revision + 1) {
        throw new Error(`revision ${commit.revision} cannot follow ${this.#revision}`);
      }
      for (const event of commit.events) {
        if (event.type === "put") {
          this.#tree.set(event.key, event.entry);
          this.#newest.set(event.key, event.entry);
        } else {
          this.#tree.delete(event.key);
          this.#newest.delete(event.key);
        }
      }
      this.#revision = commit.revision;
      this.#history.append(commit, nowMs);
    }
    this.#history.trim(nowMs);
    this.#dropCompactedTrees();
    const only = commits.length === 1 ? commits[0] : undefined;
    this.#watches.dispatch(only?.events ?? commits.flatMap((commit) => commit.events));
  }

  close(why: Error): void {
    this.#watches.close(why);
  }

  #assertHappened(revision: Revision): void {
    if (revision > this.#revision) {
      throw new FutureRevisionError("etcdserver: mvcc: required revision is a future revision");
    }
  }

  #treeAt(at: Revision): Tree {
    this.#assertHappened(at);
    this.#history.assertReaches(at);
    const tree = this.#pastTrees.get(at) ?? this.#rebuild(at);
    this.#pastTrees.delete(at);
    this.#pastTrees.set(at, tree);
    if (this.#pastTrees.size > pastTreesMax) {
      for (const revision of this.#pastTrees.keys()) {
        this.#pastTrees.delete(revision);
        break;
      }
    }
    return tree;
  }

  /** Undoes history on a copy of the nearest later state. */
  #rebuild(at: Revision): Tree {
    let nearest = this.#revision;
    let base = this.#tree;
    for (const [revision, tree] of this.#pastTrees) {
      if (revision > at && revision < nearest) {
        nearest = revision;
        base = tree;
      }
    }
    const tree = base.clone();
    for (const { events } of this.#history.backwards(nearest, at)) {
      for (const { key, previous } of events) {
        if (previous === undefined) tree.delete(key);
        else tree.set(key, previous);
      }
    }
    return tree;
  }

  /** States that nobody may ask for any more would only hold memory. */
  #dropCompactedTrees(): void {
    for (const revision of this.#pastTrees.keys()) {
      if (revision < this.#history.compacted) this.#pastTrees.delete(revision);
    }
  }
}
