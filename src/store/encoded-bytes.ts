import type { StoredEntry } from "./entry.ts";

/** How many bytes of JSON belong at most to entries that have both forms, the object and its bytes. */
const bothFormsBytesMax = 64 * 1024 * 1024;

export interface EncodedBytesOptions {
  readonly max?: number;
  /**
   * What an entry keeps when it may not keep both. "bytes": a third of the memory, outside of V8's heap, and the object is
   * parsed again when nobody else has it; for stores that encode everything anyway. "objects": the other way round.
   */
  readonly keeps?: "bytes" | "objects";
}

/**
 * Bounds the memory of one store's entries that have both forms, in the order in which they came to have both: the oldest
 * gives one up first. The list is linked through the entries, so that leaving it early costs nothing.
 */
export class EncodedBytes {
  readonly keeps: "bytes" | "objects";
  readonly #max: number;
  #total = 0;
  #oldest: StoredEntry | undefined;
  #newest: StoredEntry | undefined;

  constructor({ max = bothFormsBytesMax, keeps = "objects" }: EncodedBytesOptions = {}) {
    this.#max = max;
    this.keeps = keeps;
  }

  get total(): number {
    return this.#total;
  }

  /** An entry that has both forms from now on. */
  admit(entry: StoredEntry, size: number): void {
    this.remove(entry);
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    entry.countedBytes = size;
    this.#total += size;
    while (this.#total > this.#max) {
      const oldest = this.#oldest;
      if (oldest === undefined || oldest === entry) break;
      this.remove(oldest);
      oldest.giveUpOneForm();
    }
  }

  /** Of no effect for an entry that is not counted. */
  remove(entry: StoredEntry): void {
    if (entry.countedBytes === 0) return;
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    entry.older = undefined;
    entry.newer = undefined;
    this.#total -= entry.countedBytes;
    entry.countedBytes = 0;
  }
}
