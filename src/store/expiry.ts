import type { Host, Timer } from "../host/index.ts";
import { BTree } from "./b-tree.ts";
import type { StoredEntry, StoredEvent } from "./entry.ts";
import type { Txn, TxnResult } from "./store.ts";

/** How many expired keys are deleted at once; the next ones follow when these are done. */
const expiredBatchMax = 500;
/** When a deletion fails (disk full), how long until it is tried again. */
const expiryRetryMs = 1_000;

/** Deletes entries when their time to live is over, each as an ordinary commit. */
export class Expiry {
  readonly #host: Host;
  readonly #commit: (txn: Txn) => Promise<TxnResult>;
  readonly #entries = new BTree<StoredEntry, undefined>(undefined, compareExpiry);
  #timer: Timer | undefined;
  #timerAtMs = 0;
  #deleting = false;
  #closed = false;

  constructor(host: Host, commit: (txn: Txn) => Promise<TxnResult>) {
    this.#host = host;
    this.#commit = commit;
  }

  track(entry: StoredEntry): void {
    if (entry.expiresAtMs === 0) return;
    this.#entries.set(entry, undefined);
    this.#arm();
  }

  /** Follows changes that became visible. */
  observe(events: readonly StoredEvent[]): void {
    for (const { type, entry, previous } of events) {
      if (previous !== undefined && previous.expiresAtMs !== 0) this.#entries.delete(previous);
      if (type === "put") this.track(entry);
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #arm(notBeforeMs = 0): void {
    const first = this.#entries.minKey();
    if (this.#closed || this.#deleting || first === undefined) return;
    const atMs = Math.max(first.expiresAtMs, notBeforeMs);
    if (this.#timer !== undefined && this.#timerAtMs <= atMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = this.#host.clock.setTimer(Math.max(0, atMs - this.#host.clock.now()), () => void this.#expire());
  }

  async #expire(): Promise<void> {
    this.#timer = undefined;
    this.#deleting = true;
    let retryAtMs = 0;
    try {
      await Promise.all(this.#expired().map((entry) => this.#delete(entry)));
    } catch (error) {
      retryAtMs = this.#host.clock.now() + expiryRetryMs;
      if (!this.#closed) this.#host.log.error("cannot delete expired entries", { error });
    }
    this.#deleting = false;
    this.#arm(retryAtMs);
  }

  #expired(): StoredEntry[] {
    const nowMs = this.#host.clock.now();
    const expired: StoredEntry[] = [];
    for (const entry of this.#entries.keys()) {
      if (entry.expiresAtMs > nowMs || expired.length === expiredBatchMax) break;
      expired.push(entry);
    }
    return expired;
  }

  /** An entry that was replaced meanwhile has left the queue, or leaves it when its replacement becomes visible. */
  async #delete({ key, revision }: StoredEntry): Promise<void> {
    await this.#commit({ compare: [{ key, revision }], operations: [{ type: "delete", key }] });
  }
}

function compareExpiry(a: StoredEntry, b: StoredEntry): number {
  return a.expiresAtMs - b.expiresAtMs || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}
