import { crc32 } from "node:zlib";
import type { Database, RootDatabase, Transaction } from "lmdb";
import type { JournalRecord } from "./journal.ts";
import type { LogState } from "./log-reader.ts";
import { type Revision, StoreError } from "./store.ts";

/** The layout that this code writes; it reads formats 1 (no checksums) and 2 (no log) too, and turns them into this one. */
export const formatVersion = 3;
/** Address space that is reserved at first; LMDB grows it. */
const mapBytes = 1024 * 1024 * 1024;

/** Records of one transaction of `writeRecords`: bounds how long the process does nothing else while it hands them over. */
const chunkRecordsMax = 500;

export interface EnvironmentOptions {
  /** Beside a process that writes: nothing can be changed. */
  readonly readOnly?: boolean;
}

type Bytes = Database<Buffer, Buffer>;

/** What a transaction says beside its objects; what is left out stays. */
export interface TreeState {
  readonly revision?: Revision;
  readonly log?: LogState;
  readonly format?: number;
}

export interface RecordsState {
  readonly during: TreeState;
  readonly end: TreeState;
  /** In one transaction, however many they are. */
  readonly atOnce?: boolean;
}

/** A record as it lies on disk. */
export interface RawRecord {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** An LMDB environment of two databases: `objects` maps key to record, `meta` holds format and revision. */
export class LmdbEnvironment {
  readonly objects: Bytes;
  readonly #env: RootDatabase<Buffer, Buffer>;
  readonly #meta: Bytes;

  private constructor(env: RootDatabase<Buffer, Buffer>) {
    this.#env = env;
    this.objects = env.openDB("objects", { encoding: "binary", keyEncoding: "binary" });
    this.#meta = env.openDB("meta", { encoding: "binary", keyEncoding: "binary" });
  }

  /** The folder must have been prepared or checked (lmdb-file.ts). */
  static async open(dir: string, options: EnvironmentOptions = {}): Promise<LmdbEnvironment> {
    const { open } = await import("lmdb");
    const env = open<Buffer, Buffer>({
      path: dir,
      noSubdir: false,
      mapSize: mapBytes,
      maxDbs: 4,
      encoding: "binary",
      readOnly: options.readOnly ?? false,
      // A write's promise waits for fdatasync; with overlap it would only wait for the operating system.
      overlappingSync: false,
      // Every write is one explicit batch, so nothing is gained by waiting for the end of the turn.
      eventTurnBatching: false,
      ...{ permissionsMode: 0o600 }, // absent from the typings
    });
    try {
      return new LmdbEnvironment(env);
    } catch (error) {
      await env.close();
      throw error;
    }
  }

  /** Undefined in a new folder. */
  readFormat(): string | undefined {
    return this.#read("format");
  }

  /** @throws StoreError when it is damaged. */
  readRevision(transaction?: Transaction): Revision {
    const [digits = "0"] = this.#readChecked("revision", /^\d{1,15}$/, transaction) ?? [];
    return Number(digits);
  }

  /** Of a new folder, and of one of an earlier format: that there is nothing in the log. @throws StoreError when it is damaged. */
  readLogState(transaction?: Transaction): LogState {
    const found = this.#readChecked("log", /^(\d{1,10}) (open|closed) (\d{1,15})$/, transaction);
    return { epoch: Number(found?.[1] ?? 0), isOpen: found?.[2] === "open", target: Number(found?.[3] ?? 0) };
  }

  /** How many objects the file says it has. */
  count(): number {
    const { entryCount } = this.objects.getStats() as { entryCount: number };
    return entryCount;
  }

  /** All objects in the order of the file, as of one moment. */
  records(transaction?: Transaction): Iterable<RawRecord> {
    return this.objects.getRange(transaction === undefined ? {} : { transaction });
  }

  /** Reads as of one moment while another process writes. */
  atOneMoment<T>(read: (transaction: Transaction) => T): T {
    const transaction = this.#env.useReadTransaction();
    try {
      return read(transaction);
    } finally {
      transaction.done();
    }
  }

  /** All that `change` does, or nothing; resolves when it is durable, fails with the reason. */
  async write(change: (objects: Bytes) => void, state: TreeState): Promise<void> {
    const { revision, log, format } = state;
    try {
      await this.#env.batch(() => {
        change(this.objects);
        if (revision !== undefined) this.#writeChecked("revision", `${revision}`);
        if (log !== undefined) {
          this.#writeChecked("log", `${log.epoch} ${log.isOpen ? "open" : "closed"} ${log.target}`);
        }
        if (format !== undefined) this.#write("format", String(format));
      });
    } catch (error) {
      throw await causeOf(error);
    }
  }

  /**
   * Writes many records, in several transactions: who ends in between leaves some of them behind, and `during` says so.
   * @param end the last transaction says this, so that all is there when it does
   */
  async writeRecords(
    records: ReadonlyMap<string, JournalRecord>,
    { during, end, atOnce }: RecordsState,
  ): Promise<void> {
    const all = [...records.values()];
    const chunk = atOnce ? all.length : chunkRecordsMax;
    let state = during;
    for (let from = 0; from === 0 || from < all.length; from += chunk) {
      if (from + chunk >= all.length) state = end;
      await this.write((objects) => {
        for (const { key, value } of all.slice(from, from + chunk)) {
          if (value === undefined) objects.remove(Buffer.from(key));
          else objects.put(Buffer.from(key), value);
        }
      }, state);
      state = {};
    }
  }

  async close(): Promise<void> {
    await this.#env.close();
  }

  #read(name: string, transaction?: Transaction): string | undefined {
    return this.#meta.get(Buffer.from(name), transaction === undefined ? undefined : { transaction })?.toString();
  }

  /** What has its checksum behind it, which revisions of format 1 had not. @throws StoreError */
  #readChecked(name: string, form: RegExp, transaction?: Transaction): RegExpExecArray | undefined {
    const text = this.#read(name, transaction);
    if (text === undefined) return undefined;
    const end = text.lastIndexOf(" ");
    const said = end < 0 ? text : text.slice(0, end);
    const isWhole = end < 0 ? this.readFormat() === "1" : text.slice(end + 1) === checksumOf(name, said);
    const found = form.exec(said);
    if (!isWhole || found === null) throw new StoreError(`the record of the ${name} is damaged`);
    return found;
  }

  #writeChecked(name: string, text: string): void {
    this.#write(name, `${text} ${checksumOf(name, text)}`);
  }

  #write(name: string, text: string): void {
    this.#meta.put(Buffer.from(name), Buffer.from(text));
  }
}

function checksumOf(name: string, text: string): string {
  return crc32(`${name} ${text}`).toString(16);
}

/** LMDB's binding rejects with a general error and says the reason in a promise beside it. */
async function causeOf(error: unknown): Promise<unknown> {
  if (error instanceof Error && "commitError" in error && error.commitError instanceof Promise) {
    return error.commitError.catch((cause: unknown) => cause);
  }
  return error;
}
