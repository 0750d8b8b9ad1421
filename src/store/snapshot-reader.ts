import { createHash, type Hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { RawRecord } from "./lmdb-env.ts";
import { readRecord } from "./record.ts";
import { type Revision, StoreError } from "./store.ts";

// A snapshot is one line of JSON, then the records as the store has them (length of the key and of the value, 4 bytes big
// endian each, key, value), a frame of zeros, and the SHA-256 of all that.
export const snapshotMagic = "sampan-snapshot-1";
export const frameBytes = 8;
export const digestBytes = 32;
const headBytesMax = 1024;
const keyBytesMax = 4096;
const valueBytesMax = 256 * 1024 * 1024;
const readBytes = 4 * 1024 * 1024;

export interface SnapshotStatus {
  readonly revision: Revision;
  readonly timeMs: number;
  readonly objects: number;
  readonly bytes: number;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
}

/** Reads a snapshot from its beginning to its end, once, and checks all of it on the way. */
export class SnapshotReader {
  readonly #file: string;
  readonly #fd: number;
  readonly #bytes: number;
  readonly #hash: Hash = createHash("sha256");
  readonly revision: Revision;
  readonly #timeMs: number;
  #buffer = Buffer.alloc(0);
  #position = 0;
  #objects = 0;
  #digest = "";

  /** @throws StoreError when it cannot be read, or is no snapshot. */
  constructor(file: string) {
    this.#file = file;
    try {
      this.#fd = openSync(file, "r");
    } catch (error) {
      throw new StoreError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
    try {
      this.#bytes = fstatSync(this.#fd).size;
      const { revision, timeMs } = this.#readHead();
      this.revision = revision;
      this.#timeMs = timeMs;
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** @throws StoreError when a record or the whole is damaged. */
  *records(): Generator<RawRecord> {
    for (;;) {
      const frame = this.#take(frameBytes);
      const keyBytes = frame.readUInt32BE(0);
      const valueBytes = frame.readUInt32BE(4);
      if (keyBytes === 0 && valueBytes === 0) break;
      if (keyBytes > keyBytesMax || valueBytes > valueBytesMax) throw this.#damaged("a record has no sensible length");
      const key = Buffer.from(this.#take(keyBytes));
      const value = Buffer.from(this.#take(valueBytes));
      try {
        readRecord(key, value);
      } catch (error) {
        throw this.#damaged(`the record of ${key}: ${error instanceof Error ? error.message : String(error)}`);
      }
      this.#objects++;
      yield { key, value };
    }
    this.#digest = this.#hash.digest("hex");
    const found = this.#read(digestBytes).toString("hex");
    if (found !== this.#digest) throw this.#damaged("its SHA-256 is wrong");
    if (this.#position !== this.#bytes) throw this.#damaged("something follows its end");
  }

  /** After all records were read. */
  status(): SnapshotStatus {
    const { revision } = this;
    return {
      revision,
      timeMs: this.#timeMs,
      objects: this.#objects,
      bytes: this.#bytes,
      digest: this.#digest,
    };
  }

  close(): void {
    closeSync(this.#fd);
  }

  #readHead(): { revision: Revision; timeMs: number } {
    const start = Buffer.alloc(Math.min(headBytesMax, this.#bytes));
    readSync(this.#fd, start, 0, start.length, 0);
    const end = start.indexOf("\n");
    let head: { snapshot?: unknown; revision?: unknown; timeMs?: unknown } | null = null;
    try {
      head = JSON.parse(start.toString("utf8", 0, Math.max(0, end)));
    } catch {
      // told below: it is no snapshot
    }
    if (head?.snapshot !== snapshotMagic || !isRevision(head.revision) || typeof head.timeMs !== "number") {
      throw new StoreError(`${this.#file} is no snapshot of a Sampan store, or of a newer version`);
    }
    this.#take(end + 1);
    return { revision: head.revision, timeMs: head.timeMs };
  }

  /** The next bytes, which count for the digest. Valid until the next call. */
  #take(count: number): Buffer {
    const bytes = this.#read(count);
    this.#hash.update(bytes);
    return bytes;
  }

  #read(count: number): Buffer {
    while (this.#buffer.length < count) {
      const more = Buffer.alloc(Math.max(readBytes, count - this.#buffer.length));
      const got = readSync(this.#fd, more, 0, more.length, this.#position + this.#buffer.length);
      if (got === 0) throw this.#damaged("it ends too early");
      this.#buffer = Buffer.concat([this.#buffer, more.subarray(0, got)]);
    }
    const bytes = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    this.#position += count;
    return bytes;
  }

  #damaged(what: string): StoreError {
    return new StoreError(`the snapshot ${this.#file} is damaged: ${what}`);
  }
}

function isRevision(value: unknown): value is Revision {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
