import { stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Host, Timer } from "../host/index.ts";
import { Checkpointer, type RemapOptions } from "./checkpointer.ts";
import type { EncodedBytes } from "./encoded-bytes.ts";
import type { ValueTransformer } from "./encryption/index.ts";
import type { StoredEntry, StoredEvent } from "./entry.ts";
import type { Journal, JournalRecord } from "./journal.ts";
import { LmdbEnvironment } from "./lmdb-env.ts";
import { dataFileName, prepareFolder } from "./lmdb-file.ts";
import { recover } from "./lmdb-recovery.ts";
import { logFileNames } from "./log-reader.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import { type Revision, StoreError } from "./store.ts";
import type { WriteAheadLog } from "./write-ahead-log.ts";

/** LMDB's own limit is a little below 2,000 bytes; the longest key of Kubernetes is below 800. */
const keyBytesMax = 1024;
/** So long the tree is behind the log at most, when there is not much to do. */
const checkpointAgeMs = 10_000;
/** With `fsync: "interval"`, how long what was written may wait for its flush. */
const flushIntervalMs = 1_000;

export interface LmdbJournalOptions {
  /**
   * "always": a commit is flushed to the disk before it is visible. "interval": it is handed to the operating system, and flushed
   * within a second; it outlives the process, but a power failure may take that second (never half a commit).
   */
  readonly fsync?: "always" | "interval";
  /** When a file is mapped anew, to give memory back; the default is for all but tests. */
  readonly remap?: RemapOptions;
  /** How long the log gets before its other file is taken; the default is for all but tests. */
  readonly logTurnBytes?: number;
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

/** Objects and the revision on disk: in the log first, then, in the background, in LMDB's tree. */
export class LmdbJournal implements Journal {
  readonly #host: Host;
  readonly #dir: string;
  readonly #options: OpenOptions;
  readonly #log: WriteAheadLog;
  readonly #tree: Checkpointer;
  #checkpointTimer: Timer | undefined;
  #flushTimer: Timer | undefined;
  #isClosing = false;

  private constructor(host: Host, dir: string, options: OpenOptions, log: WriteAheadLog, tree: Checkpointer) {
    this.#host = host;
    this.#dir = dir;
    this.#options = options;
    this.#log = log;
    this.#tree = tree;
  }

  /**
   * Opens or creates the store and reads all of it.
   * @throws StoreError when the folder cannot be used, is damaged, or is of a newer version; it names the first record that
   *   is damaged or cannot be decrypted.
   */
  static async open(host: Host, dir: string, options: OpenOptions): Promise<{ journal: LmdbJournal; loaded: Loaded }> {
    const { env, log, revision } = await openFolder(host, dir, options);
    const tree = new Checkpointer(dir, env, log, revision, options.remap);
    const journal = new LmdbJournal(host, dir, options, log, tree);
    try {
      const loaded = { revision, ...load(dir, env, options) };
      await tree.remap();
      return { journal, loaded };
    } catch (error) {
      await Promise.all([tree.close(), log.close()]);
      throw error;
    }
  }

  encode({ type, key, entry }: StoredEvent): JournalRecord {
    const keyBytes = Buffer.byteLength(key);
    if (keyBytes === 0 || keyBytes > keyBytesMax) {
      throw new StoreError(`a key must have 1 to ${keyBytesMax} bytes, not ${keyBytes}`);
    }
    return type === "delete" ? { key } : { key, value: encodeRecord(entry, this.#options.transformer) };
  }

  async write(records: readonly JournalRecord[], revision: Revision): Promise<void> {
    try {
      const frame = this.#log.frame(records, revision);
      // Without an `await` where there is room, so that the disk begins before the caller goes on.
      if (!this.#log.hasRoom(frame.length, this.#tree.revision)) await this.#makeRoom(frame.length);
      await this.#log.append(frame, revision);
    } catch (error) {
      throw storeError(`cannot write to the store in ${this.#dir}`, error, await this.#freeSpace());
    }
    this.#tree.add(records, revision);
    if (this.#log.isLong && !this.#tree.isRunning) void this.#checkpoint();
    this.#checkpointLater();
    if (this.#options.fsync === "interval") {
      this.#flushTimer ??= this.#host.clock.setTimer(flushIntervalMs, () => void this.#flush());
    }
  }

  async sizeBytes(): Promise<number> {
    const sizes = [dataFileName, ...logFileNames].map(async (name) => (await stat(join(this.#dir, name))).size);
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#checkpointTimer?.cancel();
    this.#flushTimer?.cancel();
    try {
      await this.#tree.finish();
    } catch (error) {
      // Nothing is lost: the next start finds it in the log.
      this.#host.log.error("the store is closed before its tree has all that its log has", { dir: this.#dir, error });
    } finally {
      await Promise.all([this.#tree.close(), this.#log.close()]);
    }
  }

  /** Waits for the tree when the log is full; a disk without room for more log may have room when that was emptied. */
  async #makeRoom(bytes: number): Promise<void> {
    while (!this.#log.hasRoom(bytes, this.#tree.revision)) {
      try {
        if (await this.#log.grow(bytes)) continue;
      } catch (error) {
        if (!this.#tree.isBehind) throw error;
      }
      await this.#tree.run();
    }
  }

  #checkpointLater(): void {
    if (this.#isClosing) return;
    this.#checkpointTimer ??= this.#host.clock.setTimer(checkpointAgeMs, () => void this.#checkpoint());
  }

  /** In the background; when it fails, the log keeps what it has, and it is tried again. */
  async #checkpoint(): Promise<void> {
    this.#checkpointTimer?.cancel();
    this.#checkpointTimer = undefined;
    try {
      await this.#tree.run();
    } catch (error) {
      this.#host.log.error("cannot bring the store's tree up to date with its log", { dir: this.#dir, error });
    }
    if (this.#tree.isBehind) this.#checkpointLater();
  }

  async #flush(): Promise<void> {
    this.#flushTimer = undefined;
    try {
      await this.#log.flush();
    } catch (error) {
      this.#host.log.error("cannot flush the store's log", { dir: this.#dir, error });
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
async function openFolder(host: Host, dir: string, { fsync = "always", logTurnBytes }: LmdbJournalOptions) {
  let env: LmdbEnvironment | undefined;
  try {
    await prepareFolder(dir);
    env = await LmdbEnvironment.open(dir);
    return { env, ...(await recover(dir, env, { fsync, turnBytes: logTurnBytes, log: host.log })) };
  } catch (error) {
    await env?.close();
    throw storeError(`cannot open the store in ${dir}`, error);
  }
}

function load(dir: string, env: LmdbEnvironment, options: OpenOptions): Omit<Loaded, "revision"> {
  const file = join(dir, dataFileName);
  const entries: [string, StoredEntry][] = [];
  const expiring: StoredEntry[] = [];
  for (const { key, value } of env.records()) {
    const entry = decode(file, key, value, options);
    entries.push([entry.key, entry]);
    if (entry.expiresAtMs !== 0) expiring.push(entry);
  }
  const count = env.count();
  if (entries.length !== count) {
    throw new StoreError(`${file} is damaged: it has ${entries.length} of its ${count} records; ${advice}`);
  }
  return { entries, expiring };
}

function decode(file: string, key: Buffer, value: Buffer, { encoded, transformer }: OpenOptions): StoredEntry {
  try {
    return decodeRecord(key, value, encoded, transformer);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    // What cannot be decrypted names the record itself, and what to do.
    if (error.message.startsWith(key.toString())) throw error;
    const what = `the record of ${key} in ${file} is damaged: ${error.message}`;
    throw new StoreError(`${what}; ${advice}`, { cause: error });
  }
}

function storeError(what: string, cause: unknown, hint = ""): StoreError {
  return new StoreError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}${hint}`, { cause });
}
