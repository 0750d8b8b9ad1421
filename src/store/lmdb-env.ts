import { crc32 } from "node:zlib";
import type { Database, RootDatabase, Transaction } from "lmdb";
import { type Revision, StoreError } from "./store.ts";

/** The layout that this code writes; it reads format 1 too, and turns it into this one. */
export const formatVersion = 2;
/** Address space that is reserved at first; LMDB grows it. */
const mapBytes = 1024 * 1024 * 1024;

export interface EnvironmentOptions {
  /** See LmdbJournalOptions. */
  readonly fsync?: "always" | "interval";
  /** Beside a process that writes: nothing can be changed. */
  readonly readOnly?: boolean;
}

type Bytes = Database<Buffer, Buffer>;

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
      // Without overlap a write's promise waits for fdatasync; with it, only for the operating system.
      overlappingSync: options.fsync === "interval",
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
    const text = this.#read("revision", transaction);
    if (text === undefined) return 0;
    const [digits = "", checksum] = text.split(" ");
    const isWhole = checksum === undefined ? this.readFormat() === "1" : checksum === checksumOf(digits);
    if (!/^\d{1,15}$/.test(digits) || !isWhole) throw new StoreError("the record of the revision is damaged");
    return Number(digits);
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
  async write(change: (objects: Bytes) => void, revision: Revision, format?: number): Promise<void> {
    try {
      await this.#env.batch(() => {
        change(this.objects);
        this.#write("revision", `${revision} ${checksumOf(String(revision))}`);
        if (format !== undefined) this.#write("format", String(format));
      });
    } catch (error) {
      throw await causeOf(error);
    }
  }

  async close(): Promise<void> {
    await this.#env.close();
  }

  #read(name: string, transaction?: Transaction): string | undefined {
    return this.#meta.get(Buffer.from(name), transaction === undefined ? undefined : { transaction })?.toString();
  }

  #write(name: string, text: string): void {
    this.#meta.put(Buffer.from(name), Buffer.from(text));
  }
}

function checksumOf(digits: string): string {
  return crc32(`revision ${digits}`).toString(16);
}

/** LMDB's binding rejects with a general error and says the reason in a promise beside it. */
async function causeOf(error: unknown): Promise<unknown> {
  if (error instanceof Error && "commitError" in error && error.commitError instanceof Promise) {
    return error.commitError.catch((cause: unknown) => cause);
  }
  return error;
}
