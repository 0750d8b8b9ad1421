import { join } from "node:path";
import type { JournalRecord } from "./journal.ts";
import { flushFolder } from "./lmdb-file.ts";
import { LogFile } from "./log-file.ts";
import { FrameEncoder } from "./log-frame.ts";
import { logFileNames } from "./log-reader.ts";
import type { Revision } from "./store.ts";

/** From this on the other file is taken, and the tree is brought up to date so that this one can be used again. */
const turnBytesDefault = 64 * 1024 * 1024;
/** A file that is full waits for the tree: a multiple of the above. */
const fullTimes = 1.5;

export interface LogOptions {
  readonly epoch: number;
  /** The newest one; the tree has it. */
  readonly revision: Revision;
  readonly fsync: "always" | "interval";
  /** The default is for all but tests. */
  readonly turnBytes?: number | undefined;
}

/**
 * The log in front of the tree: two files in turn, to which each flush adds one frame in one write. A file is used again, from
 * its beginning, when the tree has all that is in it.
 */
export class WriteAheadLog {
  readonly epoch: number;
  readonly #encoder = new FrameEncoder();
  readonly #flushesEachWrite: boolean;
  readonly #turnBytes: number;
  #current: LogFile;
  #other: LogFile;
  #turnIsDue = false;
  #newest: Revision;
  #flushed: Revision;

  private constructor(current: LogFile, other: LogFile, options: LogOptions) {
    this.#current = current;
    this.#other = other;
    this.epoch = options.epoch;
    this.#flushesEachWrite = options.fsync === "always";
    this.#turnBytes = options.turnBytes ?? turnBytesDefault;
    this.#newest = options.revision;
    this.#flushed = options.revision;
  }

  /** Creates its files where needed, and leaves what is in them until it writes. @throws the error of the file system */
  static async open(dir: string, options: LogOptions): Promise<WriteAheadLog> {
    const opening = logFileNames.map((name) => LogFile.open(join(dir, name), options.fsync === "always"));
    const settled = await Promise.allSettled(opening);
    const opened = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    try {
      await Promise.all(opening);
      if (opened.some(({ isNew }) => isNew)) await flushFolder(dir);
      const [first, second] = opened;
      if (first === undefined || second === undefined) throw new Error("the log has two files");
      return new WriteAheadLog(first.file, second.file, options);
    } catch (error) {
      await Promise.all(opened.map(({ file }) => file.close()));
      throw error;
    }
  }

  /** Whether it is time to bring the tree up to date. */
  get isLong(): boolean {
    return this.#current.position >= this.#turnBytes;
  }

  /** The next frame goes to the other file, if that is free; the tree is about to get all that is in this one. */
  turn(): void {
    this.#turnIsDue = true;
  }

  /** What one flush writes; valid until the next one is made. */
  frame(records: readonly JournalRecord[], last: Revision): Buffer {
    const first = this.#newest + 1;
    const flushed = this.#flushesEachWrite ? this.#newest : this.#flushed;
    return this.#encoder.encode({ epoch: this.epoch, first, last, flushed }, records);
  }

  /**
   * Finds the place of the next frame; false when the file has to grow for it, or the tree has to be brought up to date.
   * @param inTree the revision that the tree has reached
   */
  hasRoom(bytes: number, inTree: Revision): boolean {
    if (this.#current.lastRevision <= inTree) this.#current.rewind();
    else if (this.#turnIsDue && this.#other.lastRevision <= inTree) {
      this.#turnIsDue = false;
      this.#other.rewind();
      [this.#current, this.#other] = [this.#other, this.#current];
    }
    return this.#current.hasRoom(bytes);
  }

  /** False when the log is full, and the tree has to be brought up to date. @throws the error of the file system */
  async grow(bytes: number): Promise<boolean> {
    const { position } = this.#current;
    if (position > 0 && position + bytes > fullTimes * this.#turnBytes) return false;
    await this.#current.grow(bytes);
    return true;
  }

  /** Resolves when the frame is as durable as was asked for. @throws the error of the file system; then it is not there */
  async append(frame: Buffer, last: Revision): Promise<void> {
    await this.#current.append(frame, last);
    this.#newest = last;
    this.#current.growAhead(this.#turnBytes);
  }

  /** Makes durable all that was appended before. @throws the error of the file system */
  async flush(): Promise<void> {
    const newest = this.#newest;
    await Promise.all([this.#current.flush(), this.#other.flush()]);
    this.#flushed = newest;
  }

  async close(): Promise<void> {
    await Promise.all([this.#current.close(), this.#other.close()]);
  }
}
