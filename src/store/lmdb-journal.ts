import { statfs } from "node:fs/promises";
import type { Database, RootDatabase } from "lmdb";
import type { EncodedBytes } from "./encoded-bytes.ts";
import type { StoredEntry, StoredEvent } from "./entry.ts";
import type { Journal, JournalRecord } from "./journal.ts";
import { flushFolder, prepareFolder } from "./lmdb-file.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import { type Revision, StoreError } from "./store.ts";

/** The layout that this code reads and writes. */
const formatVersion = 1;
/** LMDB's own limit is a little below 2,000 bytes; the longest key of Kubernetes is below 800. */
const keyBytesMax = 1024;
/** Address space that is reserved at first; LMDB grows it. */
const mapBytes = 1024 * 1024 * 1024;

export interface LmdbJournalOptions {
  /**
   * "always": a commit is flushed to the disk before it is visible. "interval": it is handed to the operating system,
   * which flushes soon after; it outlives the process, but a power failure may take the last moments (never half a commit).
   */
  readonly fsync?: "always" | "interval";
}

export interface Loaded {
  readonly revision: Revision;
  readonly entries: [string, StoredEntry][];
  readonly expiring: StoredEntry[];
}

type Bytes = Database<Buffer, Buffer>;

/** Objects and the revision in one LMDB environment: `objects` maps key to record, `meta` holds format and revision. */
export class LmdbJournal implements Journal {
  readonly #dir: string;
  readonly #env: RootDatabase<Buffer, Buffer>;
  readonly #objects: Bytes;
  readonly #meta: Bytes;

  private constructor(dir: string, env: RootDatabase<Buffer, Buffer>) {
    this.#dir = dir;
    this.#env = env;
    this.#objects = env.openDB("objects", { encoding: "binary", keyEncoding: "binary" });
    this.#meta = env.openDB("meta", { encoding: "binary", keyEncoding: "binary" });
  }

  /** @throws StoreError when the folder cannot be used, or is of a newer version. */
  static async open(dir: string, options: LmdbJournalOptions = {}): Promise<LmdbJournal> {
    let env: RootDatabase<Buffer, Buffer> | undefined;
    try {
      await prepareFolder(dir);
      env = await openEnvironment(dir, options);
      const journal = new LmdbJournal(dir, env);
      await journal.#checkFormat();
      return journal;
    } catch (error) {
      await env?.close();
      throw storeError(`cannot open the store in ${dir}`, await causeOf(error));
    }
  }

  load(encoded: EncodedBytes): Loaded {
    const revision = Number(this.#readMeta("revision") ?? 0);
    const entries: [string, StoredEntry][] = [];
    const expiring: StoredEntry[] = [];
    for (const { key, value } of this.#objects.getRange({})) {
      const entry = decodeRecord(key.toString(), value, encoded);
      entries.push([entry.key, entry]);
      if (entry.expiresAtMs !== 0) expiring.push(entry);
    }
    return { revision, entries, expiring };
  }

  encode({ type, key, entry }: StoredEvent): JournalRecord {
    const keyBytes = Buffer.from(key);
    if (keyBytes.length === 0 || keyBytes.length > keyBytesMax) {
      throw new StoreError(`a key must have 1 to ${keyBytesMax} bytes, not ${keyBytes.length}`);
    }
    return type === "put" ? { key: keyBytes, value: encodeRecord(entry) } : { key: keyBytes };
  }

  async write(records: readonly JournalRecord[], revision: Revision): Promise<void> {
    try {
      await this.#env.batch(() => {
        for (const { key, value } of records) {
          if (value === undefined) this.#objects.remove(key);
          else this.#objects.put(key, value);
        }
        this.#writeMeta("revision", revision);
      });
    } catch (error) {
      throw storeError(`cannot write to the store in ${this.#dir}`, await causeOf(error), await this.#freeSpace());
    }
  }

  async close(): Promise<void> {
    await this.#env.close();
  }

  async #checkFormat(): Promise<void> {
    const found = this.#readMeta("format");
    if (found === undefined) {
      await this.#env.batch(() => this.#writeMeta("format", formatVersion));
      await flushFolder(this.#dir);
    } else if (found !== String(formatVersion)) {
      throw new StoreError(
        `it has format version ${found}, which this version of Sampan does not know (it knows ${formatVersion})`,
      );
    }
  }

  #readMeta(name: string): string | undefined {
    return this.#meta.get(Buffer.from(name))?.toString();
  }

  #writeMeta(name: string, value: number): void {
    this.#meta.put(Buffer.from(name), Buffer.from(String(value)));
  }

  async #freeSpace(): Promise<string> {
    try {
      const { bavail, bsize } = await statfs(this.#dir);
      return `; ${Math.floor((bavail * bsize) / 1024)} KiB are free there`;
    } catch {
      return ""; // only a hint: the error itself is told in any case
    }
  }
}

async function openEnvironment(dir: string, options: LmdbJournalOptions): Promise<RootDatabase<Buffer, Buffer>> {
  const { open } = await import("lmdb");
  return open<Buffer, Buffer>({
    path: dir,
    noSubdir: false,
    mapSize: mapBytes,
    maxDbs: 4,
    encoding: "binary",
    // Without overlap a write's promise waits for fdatasync; with it, only for the operating system.
    overlappingSync: options.fsync === "interval",
    // Every write is one explicit batch, so nothing is gained by waiting for the end of the turn.
    eventTurnBatching: false,
    ...{ permissionsMode: 0o600 }, // absent from the typings
  });
}

/** LMDB's binding rejects with a general error and says the reason in a promise beside it. */
async function causeOf(error: unknown): Promise<unknown> {
  if (error instanceof Error && "commitError" in error && error.commitError instanceof Promise) {
    return error.commitError.catch((cause: unknown) => cause);
  }
  return error;
}

function storeError(what: string, cause: unknown, hint = ""): StoreError {
  return new StoreError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}${hint}`, { cause });
}
