import type { StoredEntry } from "./entry.ts";

/** How many bytes of JSON belong at most to entries that have both forms since somebody read them. */
const readBytesMax = 64 * 1024 * 1024;
/**
 * The same for entries that have both since they were written: most of those are looked at by nobody any more, or by informers,
 * who have the object anyway. So few that objects die young, before V8's collector has copied them: that was a third of a commit.
 */
const writtenBytesMax = 128 * 1024;

export interface EncodedBytesOptions {
  readonly readBytesMax?: number;
  readonly writtenBytesMax?: number;
  /**
   * What an entry keeps when it may not keep both. "bytes": a third of the memory, outside of V8's heap, and the object is
   * parsed again when nobody else has it; for stores that encode everything anyway. "objects": the other way round.
   */
  readonly keeps?: "bytes" | "objects";
}

/** Bounds the memory of one store's entries that have both forms: the oldest gives one up first. */
export class EncodedBytes {
  readonly keeps: "bytes" | "objects";
  readonly #read: EntryList;
  readonly #written: EntryList;

  constructor(options: EncodedBytesOptions = {}) {
    this.keeps = options.keeps ?? "objects";
    this.#read = new EntryList(options.readBytesMax ?? readBytesMax);
    this.#written = new EntryList(options.writtenBytesMax ?? writtenBytesMax);
  }

  get total(): number {
    return this.#read.bytes + this.#written.bytes;
  }

  /** An entry that has both forms from now on. @param since what gave it the second one */
  admit(entry: StoredEntry, size: number, since: "read" | "written"): void {
    this.remove(entry);
    (since === "read" ? this.#read : this.#written).add(entry, size);
  }

  /** Of no effect for an entry that is not counted. */
  remove(entry: StoredEntry): void {
    entry.countedIn?.remove(entry);
  }
}

/** Entries in the order in which they came, linked through themselves, so that leaving early costs nothing. */
export class EntryList {
  bytes = 0;
  readonly #max: number;
  #oldest: StoredEntry | undefined;
  #newest: StoredEntry | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  add(entry: StoredEntry, size: number): void {
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    entry.countedIn = this;
    entry.countedBytes = size;
    this.bytes += size;
    while (this.bytes > this.#max) {
      const oldest = this.#oldest;
      if (oldest === undefined || oldest === entry) break;
      this.remove(oldest);
      oldest.giveUpOneForm();
    }
  }

  remove(entry: StoredEntry): void {
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    entry.older = undefined;
    entry.newer = undefined;
    entry.countedIn = undefined;
    this.bytes -= entry.countedBytes;
    entry.countedBytes = 0;
  }
}
