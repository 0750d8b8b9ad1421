import { stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { EncodedBytes } from "./encoded-bytes.ts";
import type { ValueTransformer } from "./encryption/index.ts";
import type { StoredEntry, StoredEvent } from "./entry.ts";
import type { Journal, JournalRecord } from "./journal.ts";
import { formatVersion, LmdbEnvironment } from "./lmdb-env.ts";
import { flushFolder, prepareFolder } from "./lmdb-file.ts";
import { decodeRecord, encodeRecord, recordOfFormat1 } from "./record.ts";
import { type Revision, StoreError } from "./store.ts";

/** LMDB's own limit is a little below 2,000 bytes; the longest key of Kubernetes is below 800. */
const keyBytesMax = 1024;
/**
 * Every page that was touched stays mapped and counts as memory of the process, up to the size of the file; it is in the
 * system's cache anyway. A file larger than this is mapped anew once it has been read, and after so many records.
 */
const remapDefault = { aboveBytes: 64 * 1024 * 1024, everyRecords: 2_000 };

export interface LmdbJournalOptions {
  /**
   * "always": a commit is flushed to the disk before it is visible. "interval": it is handed to the operating system,
   * which flushes soon after; it outlives the process, but a power failure may take the last moments (never half a commit).
   */
  readonly fsync?: "always" | "interval";
  /** When a file is mapped anew, to give memory back; the default is for all but tests. */
  readonly remap?: { readonly aboveBytes: number; readonly everyRecords: number };
}

interface OpenOptions extends LmdbJournalOptions {
  readonly transformer: ValueTransformer;
  readonly encoded: EncodedBytes;
}

export interface Loaded {
  readonly revision: Revision;
  readonly entries: [string, StoredEntry][];
  readonly expiring: StoredEntry[];
}

/** Objects and the revision on disk, in LMDB. */
export class LmdbJournal implements Journal {
  readonly #dir: string;
  readonly #options: OpenOptions;
  #env: LmdbEnvironment;
  #isOpen = true;
  #writtenSinceMapped = 0;

  private constructor(dir: string, env: LmdbEnvironment, options: OpenOptions) {
    this.#dir = dir;
    this.#env = env;
    this.#options = options;
  }

  /**
   * Opens or creates the store and reads all of it.
   * @throws StoreError when the folder cannot be used, is damaged, or is of a newer version; it names the first record that
   *   is damaged or cannot be decrypted.
   */
  static async open(dir: string, options: OpenOptions): Promise<{ journal: LmdbJournal; loaded: Loaded }> {
    const journal = new LmdbJournal(dir, await openEnvironment(dir, options), options);
    try {
      const loaded = journal.#load(options.encoded);
      await journal.#remap();
      return { journal, loaded };
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  #load(encoded: EncodedBytes): Loaded {
    const revision = this.#env.readRevision();
    const entries: [string, StoredEntry][] = [];
    const expiring: StoredEntry[] = [];
    for (const { key, value } of this.#env.records()) {
      const entry = this.#decode(key, value, encoded);
      entries.push([entry.key, entry]);
      if (entry.expiresAtMs !== 0) expiring.push(entry);
    }
    const count = this.#env.count();
    if (entries.length !== count) {
      throw new StoreError(`${this.#file} is damaged: it has ${entries.length} of its ${count} records; ${advice}`);
    }
    return { revision, entries, expiring };
  }

  encode({ type, key, entry }: StoredEvent): JournalRecord {
    const keyBytes = Buffer.from(key);
    if (keyBytes.length === 0 || keyBytes.length > keyBytesMax) {
      throw new StoreError(`a key must have 1 to ${keyBytesMax} bytes, not ${keyBytes.length}`);
    }
    if (type === "delete") return { key: keyBytes };
    return { key: keyBytes, value: encodeRecord(keyBytes, entry, this.#options.transformer) };
  }

  async write(records: readonly JournalRecord[], revision: Revision): Promise<void> {
    try {
      if (this.#writtenSinceMapped >= (this.#options.remap ?? remapDefault).everyRecords) await this.#remap();
      await this.#env.write((objects) => {
        for (const { key, value } of records) {
          if (value === undefined) objects.remove(key);
          else objects.put(key, value);
        }
      }, revision);
      this.#writtenSinceMapped += records.length;
    } catch (error) {
      throw storeError(`cannot write to the store in ${this.#dir}`, error, await this.#freeSpace());
    }
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#env.close();
  }

  /** Nobody writes meanwhile. When it fails, the next write tries again. */
  async #remap(): Promise<void> {
    if ((await stat(this.#file)).size > (this.#options.remap ?? remapDefault).aboveBytes) {
      await this.close();
      this.#env = await LmdbEnvironment.open(this.#dir, this.#options);
      this.#isOpen = true;
    }
    this.#writtenSinceMapped = 0;
  }

  get #file(): string {
    return join(this.#dir, "data.mdb");
  }

  #decode(key: Buffer, value: Buffer, encoded: EncodedBytes): StoredEntry {
    try {
      return decodeRecord(key, value, encoded, this.#options.transformer);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      // What cannot be decrypted names the record itself, and what to do.
      if (error.message.startsWith(key.toString())) throw error;
      const what = `the record of ${key} in ${this.#file} is damaged: ${error.message}`;
      throw new StoreError(`${what}; ${advice}`, { cause: error });
    }
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

const advice =
  "'sampan store check' lists all that is damaged, 'sampan store snapshot restore' makes a new folder of a snapshot";

/** @throws StoreError */
async function openEnvironment(dir: string, options: LmdbJournalOptions): Promise<LmdbEnvironment> {
  let env: LmdbEnvironment | undefined;
  try {
    await prepareFolder(dir);
    env = await LmdbEnvironment.open(dir, options);
    await bringUpToDate(dir, env);
    return env;
  } catch (error) {
    await env?.close();
    throw storeError(`cannot open the store in ${dir}`, error);
  }
}

/** Makes a new folder, or one of an earlier format, one of this format. @throws StoreError */
async function bringUpToDate(dir: string, env: LmdbEnvironment): Promise<void> {
  const found = env.readFormat();
  if (found === String(formatVersion)) return;
  if (found === undefined) {
    if (env.count() > 0) throw new StoreError("it has objects but no format version: its record is damaged");
    await env.write(() => {}, 0, formatVersion);
    await flushFolder(dir);
  } else if (found === "1") {
    const change = [...env.records()].map(({ key, value }) => ({ key, value: recordOfFormat1(key, value) }));
    await env.write(
      (objects) => {
        for (const { key, value } of change) objects.put(key, value);
      },
      env.readRevision(),
      formatVersion,
    );
  } else {
    throw new StoreError(
      `it has format version ${found}, which this version of Sampan does not know (it knows 1 to ${formatVersion})`,
    );
  }
}

function storeError(what: string, cause: unknown, hint = ""): StoreError {
  return new StoreError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}${hint}`, { cause });
}
