import { isEncrypted, type ValueTransformer } from "./encryption/index.ts";
import { LmdbEnvironment } from "./lmdb-env.ts";
import { checkFolder } from "./lmdb-file.ts";
import { knownFormat, readTail } from "./lmdb-recovery.ts";
import type { LogTail } from "./log-reader.ts";
import { readRecord } from "./record.ts";
import { type Revision, StoreError } from "./store.ts";

/** More problems than this are counted, not told one by one. */
const problemsTold = 100;

export interface StoreReport {
  readonly revision: Revision;
  readonly objects: number;
  /** Of them, those whose content was not looked at, since nothing was given to decrypt them. */
  readonly sealed: number;
  /** Each in one line, the first hundred; empty when the store is whole. */
  readonly problems: readonly string[];
  readonly problemCount: number;
}

/**
 * Reads all of a store that nobody has open: the trees of the file, the log, the checksum of every record, the order of keys
 * and revisions, and whether every object can be read.
 * @param encryption decrypts; without it the checksum of what is encrypted is all that is checked.
 * @throws the error of the file system when there is no such folder.
 */
export async function checkStore(dir: string, encryption?: ValueTransformer): Promise<StoreReport> {
  try {
    await checkFolder(dir);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { revision: 0, objects: 0, sealed: 0, problems: [error.message], problemCount: 1 };
  }
  const env = await LmdbEnvironment.open(dir, { readOnly: true });
  try {
    return await new StoreCheck(dir, env, encryption).run();
  } finally {
    await env.close();
  }
}

class StoreCheck {
  readonly #dir: string;
  readonly #env: LmdbEnvironment;
  readonly #encryption: ValueTransformer | undefined;
  readonly #problems: string[] = [];
  #problemCount = 0;
  #sealed = 0;

  constructor(dir: string, env: LmdbEnvironment, encryption: ValueTransformer | undefined) {
    this.#dir = dir;
    this.#env = env;
    this.#encryption = encryption;
  }

  async run(): Promise<StoreReport> {
    const tail = await this.#tail();
    if (tail === undefined) return this.#report(0, 0);
    const { revision, records } = tail;
    let found = 0;
    let objects = 0;
    let before: Buffer | undefined;
    for (const { key, value } of this.#env.records()) {
      found++;
      if (before !== undefined && Buffer.compare(before, key) >= 0) this.#tell(`${key} follows ${before}: wrong order`);
      before = key;
      if (records.size > 0 && records.has(key.toString())) continue;
      objects++;
      this.#record(key, value, revision);
    }
    for (const { key, value } of records.values()) {
      if (value === undefined) continue;
      objects++;
      this.#record(Buffer.from(key), value, revision);
    }
    const count = this.#env.count();
    if (found !== count) this.#tell(`it has ${found} of its ${count} records`);
    return this.#report(revision, objects);
  }

  /** What the log has beyond the tree; undefined when the format tells that nothing else can be said. */
  async #tail(): Promise<LogTail | undefined> {
    try {
      if (knownFormat(this.#env) === "1") {
        this.#tell("it is of format 1, without checksums: start the cluster once, which brings it up to date");
        return undefined;
      }
    } catch (error) {
      this.#tell(messageOf(error));
      return undefined;
    }
    try {
      return await readTail(this.#dir, this.#env);
    } catch (error) {
      this.#tell(messageOf(error));
      return { revision: Number.MAX_SAFE_INTEGER, records: new Map() }; // so that no record is blamed for it
    }
  }

  #record(key: Buffer, record: Buffer, newest: Revision): void {
    try {
      const { facts, value } = readRecord(key, record);
      const { revision, createRevision } = facts;
      if (revision > newest) this.#tell(`${key} has revision ${revision}, above the store's ${newest}`);
      if (createRevision > revision)
        this.#tell(`${key} was created at ${createRevision}, after its revision ${revision}`);
      const plain = this.#decrypted(facts.key, value);
      if (plain === undefined) this.#sealed++;
      else this.#object(facts.key, plain, revision);
    } catch (error) {
      const message = messageOf(error);
      this.#tell(message.startsWith(key.toString()) ? message : `the record of ${key} is damaged: ${message}`);
    }
  }

  #decrypted(key: string, value: Buffer): Buffer | undefined {
    if (this.#encryption !== undefined) return this.#encryption.fromStorage(key, value).value;
    return isEncrypted(value) ? undefined : value;
  }

  #object(key: string, json: Buffer, revision: Revision): void {
    const object: unknown = JSON.parse(json.toString());
    const metadata = isObject(object) && isObject(object.metadata) ? object.metadata : undefined;
    if (metadata === undefined) this.#tell(`${key} is no object with metadata`);
    else if (metadata.resourceVersion !== String(revision)) {
      this.#tell(`${key} says resource version ${metadata.resourceVersion}, its record says ${revision}`);
    }
  }

  #tell(problem: string): void {
    this.#problemCount++;
    if (this.#problems.length < problemsTold) this.#problems.push(problem);
  }

  #report(revision: Revision, objects: number): StoreReport {
    return { revision, objects, sealed: this.#sealed, problems: this.#problems, problemCount: this.#problemCount };
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
