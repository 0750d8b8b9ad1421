import { createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { mkdir, rename, rm, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Transaction } from "lmdb";
import { formatVersion, LmdbEnvironment, type RawRecord } from "./lmdb-env.ts";
import { checkFolder, flushFolder, prepareFolder } from "./lmdb-file.ts";
import { LogContent } from "./log-reader.ts";
import { recordOfFormat1 } from "./record.ts";
import { frameBytes, SnapshotReader, type SnapshotStatus, snapshotMagic } from "./snapshot-reader.ts";
import { StoreError } from "./store.ts";

/** How much is collected before it is written. */
const chunkBytes = 1024 * 1024;
/** Records that are written in one transaction while restoring. */
const restoredAtOnce = 2_000;
/** How often a running store is read anew when what was read does not fit together. */
const attemptsMax = 10;
/** Its first pages and its lock file. */
const emptyStoreBytes = 128 * 1024;
/** How far a restored store's revision is ahead of its snapshot's: beyond all that the lost time may have written. */
export const bumpRevisionDefault = 1_000_000_000;

export interface SaveOptions {
  /** The store is open in another process: its file changes meanwhile, and was checked by that process. */
  readonly isRunning: boolean;
  /** Goes into the file. */
  readonly nowMs: number;
}

/**
 * Writes all objects of a store, as they are at one moment, into a file; encrypted ones stay encrypted. The store may be in
 * use. An existing file is replaced as a whole, when the new one is on disk.
 * @throws StoreError
 */
export async function saveSnapshot(dir: string, file: string, options: SaveOptions): Promise<SnapshotStatus> {
  if (!existsSync(dir)) throw new StoreError(`there is no store in ${dir}`);
  if (!options.isRunning) await checkFolder(dir);
  const env = await LmdbEnvironment.open(dir, { readOnly: true });
  const part = `${file}.part`;
  try {
    const fd = openSync(part, "w", 0o600);
    try {
      await writeAtOneMoment(dir, env, fd, options);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(part, file);
    await flushFolder(dirname(file));
  } catch (error) {
    rmSync(part, { force: true });
    throw error instanceof StoreError
      ? error
      : new StoreError(`cannot write ${file}: ${messageOf(error)}`, { cause: error });
  } finally {
    await env.close();
  }
  return readSnapshotStatus(file);
}

/**
 * The log is read first, and the tree as it is after that: what the log had that the tree has not by then was not overwritten.
 * The process that writes may go from file to file meanwhile; what looks damaged by that is read again.
 */
async function writeAtOneMoment(
  dir: string,
  env: LmdbEnvironment,
  fd: number,
  { isRunning, nowMs }: SaveOptions,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const log = await LogContent.read(dir);
    try {
      env.atOneMoment((transaction) => writeAll(env, transaction, log, fd, nowMs));
      return;
    } catch (error) {
      if (!(error instanceof StoreError) || !isRunning || attempt === attemptsMax) throw error;
    }
  }
}

function writeAll(env: LmdbEnvironment, transaction: Transaction, log: LogContent, fd: number, nowMs: number): void {
  const tail = log.after(env.readRevision(transaction), env.readLogState(transaction));
  const upgrade = formatUpgrade(env.readFormat());
  const out = new HashedOutput(fd);
  out.write(Buffer.from(`${JSON.stringify({ snapshot: snapshotMagic, revision: tail.revision, timeMs: nowMs })}\n`));
  for (const record of env.records(transaction)) {
    if (tail.records.size === 0 || !tail.records.has(record.key.toString())) writeRecord(out, upgrade(record));
  }
  for (const { key, value } of tail.records.values()) {
    if (value !== undefined) writeRecord(out, { key: Buffer.from(key), value });
  }
  out.write(Buffer.alloc(frameBytes));
  out.end();
}

function writeRecord(out: HashedOutput, { key, value }: RawRecord): void {
  const frame = Buffer.alloc(frameBytes);
  frame.writeUInt32BE(key.length, 0);
  frame.writeUInt32BE(value.length, 4);
  out.write(frame);
  out.write(key);
  out.write(value);
}

function formatUpgrade(format: string | undefined): (record: RawRecord) => RawRecord {
  if (format === String(formatVersion) || format === "2") return (record) => record;
  if (format === "1") return ({ key, value }) => ({ key, value: recordOfFormat1(key, value) });
  throw new StoreError(`the store has format version ${format}, which this version of Sampan does not know`);
}

/** Collects, hashes and writes; the digest ends the file. */
class HashedOutput {
  readonly #fd: number;
  readonly #hash = createHash("sha256");
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= chunkBytes) this.#flush();
  }

  end(): void {
    this.#flush();
    this.#writeWhole(this.#hash.digest());
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#hash.update(bytes);
    this.#writeWhole(bytes);
  }

  /** A disk that is nearly full takes a part before it refuses. */
  #writeWhole(bytes: Buffer): void {
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#fd, bytes, written);
  }
}

/** Reads and verifies all of a snapshot. @throws StoreError when it is none, or damaged. */
export function readSnapshotStatus(file: string): SnapshotStatus {
  const reader = new SnapshotReader(file);
  try {
    for (const _ of reader.records()) {
      // the reader checks each of them
    }
    return reader.status();
  } finally {
    reader.close();
  }
}

export interface RestoreOptions {
  /** How far to go beyond the snapshot's revision, so that watches from the lost time are told to list again. */
  readonly bumpRevision?: number;
}

/**
 * Makes a new store of a snapshot in `dir`, which must not exist. It appears as a whole, at the end. Its revision is beyond
 * all that was ever given out, and its history starts there: who watches from before gets 410 Expired.
 * @throws StoreError
 */
export async function restoreSnapshot(
  file: string,
  dir: string,
  options: RestoreOptions = {},
): Promise<SnapshotStatus> {
  const status = readSnapshotStatus(file);
  if (existsSync(dir)) throw new StoreError(`${dir} exists: a snapshot is restored into a new folder`);
  const part = `${dir}.part`;
  try {
    await rm(part, { recursive: true, force: true });
    await mkdir(dirname(dir), { recursive: true, mode: 0o700 });
    await assertRoom(dirname(dir), status.bytes);
    await prepareFolder(part);
    await fill(part, file, status.revision + (options.bumpRevision ?? bumpRevisionDefault));
    await rename(part, dir);
    await flushFolder(dirname(dir));
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw new StoreError(`cannot restore into ${dir}: ${messageOf(error)}`, { cause: error });
  }
  return status;
}

/** Before anything is written: records fill their pages by half at worst. @throws StoreError */
async function assertRoom(dir: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const needed = 2 * bytes + emptyStoreBytes;
  if (bavail * bsize >= needed) return;
  const kibibytes = (count: number) => `${Math.ceil(count / 1024)} KiB`;
  throw new StoreError(`up to ${kibibytes(needed)} are needed and ${kibibytes(bavail * bsize)} are free there`);
}

async function fill(dir: string, file: string, revision: number): Promise<void> {
  const env = await LmdbEnvironment.open(dir);
  const reader = new SnapshotReader(file);
  try {
    const write = (batch: readonly RawRecord[]) =>
      env.write(
        (objects) => {
          for (const { key, value } of batch) objects.put(key, value);
        },
        { revision },
      );
    let batch: RawRecord[] = [];
    for (const record of reader.records()) {
      batch.push(record);
      if (batch.length < restoredAtOnce) continue;
      await write(batch);
      batch = [];
    }
    await write(batch);
    await env.write(() => {}, { revision, format: formatVersion });
  } finally {
    reader.close();
    await env.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
