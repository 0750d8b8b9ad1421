import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../host/index.ts";
import type { JournalRecord } from "./journal.ts";
import { logFileBytesMin } from "./log-file.ts";
import { type Frame, frameAlignment, readFrame, readFrameHead, recordsOf } from "./log-frame.ts";
import { type Revision, StoreError } from "./store.ts";

/** The files of the log, which are used in turn. */
export const logFileNames = ["log.0", "log.1"] as const;

/** What the tree says of the log (see `LmdbEnvironment.readLogState`). */
export interface LogState {
  /** Only frames of this opening of the store count. */
  readonly epoch: number;
  /** False after the store was closed: all is in the tree. */
  readonly isOpen: boolean;
  /** Some records up to this revision may be in the tree already, so that the log must reach it. */
  readonly target: Revision;
}

/** What follows a revision of the tree. */
export interface LogTail {
  /** The newest revision. */
  readonly revision: Revision;
  /** The newest record of every key that changed. */
  readonly records: ReadonlyMap<string, JournalRecord>;
  /** A write that had not ended when the process did: nobody was told that it happened. */
  readonly cutOff?: { readonly revision: Revision; readonly path: string };
}

interface Found {
  readonly path: string;
  readonly frame: Frame;
}

interface Broken {
  readonly path: string;
  readonly epoch: number;
  readonly first: Revision;
}

/** What the files of the log hold, in no order: frames of several openings, and what is left of overwritten ones. */
export class LogContent {
  readonly #dir: string;
  readonly #frames: readonly Found[];
  readonly #broken: readonly Broken[];
  readonly #problem: string | undefined;

  private constructor(dir: string, frames: readonly Found[], broken: readonly Broken[], problem: string | undefined) {
    this.#dir = dir;
    this.#frames = frames;
    this.#broken = broken;
    this.#problem = problem;
  }

  /** Reads the files as they are, also while another process writes to them. */
  static async read(dir: string): Promise<LogContent> {
    const frames: Found[] = [];
    const broken: Broken[] = [];
    let problem: string | undefined;
    for (const name of logFileNames) {
      const path = join(dir, name);
      const content = await readExisting(path);
      if (content === undefined) problem ??= `${path} is missing`;
      else if (content.length < logFileBytesMin) problem ??= `${path} is damaged: it is cut off`;
      else collect(path, content, frames, broken);
    }
    return new LogContent(dir, frames, broken, problem);
  }

  /** @throws StoreError when something is missing that was acknowledged. */
  after(revision: Revision, state: LogState): LogTail {
    const records = new Map<string, JournalRecord>();
    if (!state.isOpen) return { revision, records };
    if (this.#problem !== undefined) throw new StoreError(this.#problem);
    const found = this.#frames
      .filter(({ frame }) => frame.epoch === state.epoch && frame.last > revision)
      .sort((a, b) => a.frame.first - b.frame.first);
    let end = revision;
    for (const { path, frame } of found) {
      if (frame.first !== end + 1) {
        this.#assertNeverFlushed(end + 1, found);
        break;
      }
      for (const record of readRecords(path, frame)) {
        records.delete(record.key); // so that the map is in the order of the last change
        records.set(record.key, record);
      }
      end = frame.last;
    }
    if (end < state.target) throw this.#damaged(end + 1, `the tree has a part of revision ${state.target}`);
    const cutOff = this.#broken.find(({ epoch, first }) => epoch === state.epoch && first === end + 1);
    return { revision: end, records, ...(cutOff && { cutOff: { revision: end + 1, path: cutOff.path } }) };
  }

  /** What was not flushed may be lost after a power failure, in any order; what was must be there. */
  #assertNeverFlushed(missing: Revision, found: readonly Found[]): void {
    const later = found.find(({ frame }) => frame.flushed >= missing);
    if (later !== undefined) throw this.#damaged(missing, `revision ${later.frame.last} is there`);
  }

  #damaged(missing: Revision, but: string): StoreError {
    const path = this.#broken.find(({ first }) => first === missing)?.path ?? join(this.#dir, "log.*");
    return new StoreError(`${path} is damaged: what was written with revision ${missing} cannot be read, and ${but}`);
  }
}

function collect(path: string, content: Buffer, frames: Found[], broken: Broken[]): void {
  for (let at = 0; at < content.length; ) {
    const head = readFrameHead(content, at);
    const frame = head && readFrame(content, at, head);
    if (frame !== undefined) frames.push({ path, frame });
    else if (head !== undefined) broken.push({ path, epoch: head.epoch, first: head.first });
    at += frame?.bytes ?? frameAlignment;
  }
}

/** A frame whose checksum is right was written by us; one that reads beyond its end all the same is no reason to end. */
function readRecords(path: string, frame: Frame): JournalRecord[] {
  try {
    return [...recordsOf(frame)];
  } catch (error) {
    throw new StoreError(`${path} is damaged: the frame of revision ${frame.first} has no sense`, { cause: error });
  }
}

async function readExisting(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
