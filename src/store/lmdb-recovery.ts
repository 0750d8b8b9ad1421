import type { Logger } from "../host/index.ts";
import type { JournalRecord } from "./journal.ts";
import { formatVersion, type LmdbEnvironment } from "./lmdb-env.ts";
import { LogContent, type LogTail } from "./log-reader.ts";
import { recordOfFormat1 } from "./record.ts";
import { type Revision, StoreError } from "./store.ts";
import { type LogOptions, WriteAheadLog } from "./write-ahead-log.ts";

export interface Recovered {
  readonly log: WriteAheadLog;
  readonly revision: Revision;
}

/**
 * Makes of a folder that is new, of an earlier format, or left behind by a process that was killed, one whose tree has everything;
 * and opens its log, whose earlier content has no meaning from then on.
 * @throws StoreError, or the error of the file system
 */
export async function recover(
  dir: string,
  env: LmdbEnvironment,
  options: Pick<LogOptions, "fsync" | "turnBytes"> & { readonly log: Logger },
): Promise<Recovered> {
  const format = knownFormat(env);
  const state = env.readLogState();
  const tail = await readTail(dir, env);
  const { revision, cutOff } = tail;
  if (tail.records.size > 0) options.log.info("replaying the log", { dir, revision, records: tail.records.size });
  if (cutOff !== undefined) options.log.warn("the last write was cut off; nobody was told that it happened", cutOff);
  const epoch = state.epoch + 1;
  const log = await WriteAheadLog.open(dir, { ...options, epoch, revision });
  try {
    await env.writeRecords(format === "1" ? recordsOfFormat1(env) : tail.records, {
      during: { log: { ...state, target: revision } },
      end: { revision, format: formatVersion, log: { epoch, isOpen: true, target: revision } },
      atOnce: format === "1",
    });
    return { log, revision };
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** What the log has beyond the tree of a store that nobody has open. @throws StoreError when some of it is missing */
export async function readTail(dir: string, env: LmdbEnvironment): Promise<LogTail> {
  const state = env.readLogState();
  const revision = env.readRevision();
  return state.isOpen ? (await LogContent.read(dir)).after(revision, state) : { revision, records: new Map() };
}

/** Undefined for a new folder. @throws StoreError when this code does not know it */
export function knownFormat(env: LmdbEnvironment): string | undefined {
  const format = env.readFormat();
  if (format === undefined && env.count() > 0) {
    throw new StoreError("it has objects but no format version: its record is damaged");
  }
  if (format !== undefined && !["1", "2", String(formatVersion)].includes(format)) {
    throw new StoreError(
      `it has format version ${format}, which this version of Sampan does not know (it knows 1 to ${formatVersion})`,
    );
  }
  return format;
}

function recordsOfFormat1(env: LmdbEnvironment): Map<string, JournalRecord> {
  const records = new Map<string, JournalRecord>();
  for (const { key, value } of env.records()) {
    records.set(key.toString(), { key: key.toString(), value: recordOfFormat1(key, value) });
  }
  return records;
}
