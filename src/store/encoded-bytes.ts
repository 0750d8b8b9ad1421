import type { StoredEntry } from "./entry.ts";

/** How many bytes of encoded JSON all entries of one store keep at most; older ones are encoded again when asked for. */
const encodedBytesMax = 64 * 1024 * 1024;

/**
 * Bounds the memory that encoded entries take: entries in the order of their encoding, the oldest losing their bytes
 * first. The list is linked through the entries, so that leaving it early costs nothing.
 */
export class EncodedBytes {
  readonly #max: number;
  #total = 0;
  #oldest: StoredEntry | undefined;
  #newest: StoredEntry | undefined;

  constructor(max = encodedBytesMax) {
    this.#max = max;
  }

  get total(): number {
    return this.#total;
  }

  admit(entry: StoredEntry, size: number): void {
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    this.#total += size;
    while (this.#total > this.#max && this.#oldest !== undefined && this.#oldest !== entry) this.#oldest.forgetBytes();
  }

  remove(entry: StoredEntry, size: number): void {
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    entry.older = undefined;
    entry.newer = undefined;
    this.#total -= size;
  }
}
