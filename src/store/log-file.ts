import { close, constants, fdatasync, fstat, ftruncate, open, write } from "node:fs";
import { promisify } from "node:util";
import type { Revision } from "./store.ts";

/** What a file has from the start: a small cluster never needs more. */
export const logFileBytesMin = 1024 * 1024;
/** How much a file grows by at most: bounds how long a commit waits for that. */
const growthBytesMax = 8 * 1024 * 1024;
/** With this flag a write is durable when it returns: one way to the disk instead of two. Windows has no such flag. */
const writesThrough: number | undefined = constants.O_DSYNC;
const emptyPage = Buffer.alloc(4096);

// Descriptors rather than handles: a handle that nobody closed would end the process when it is collected.
const file = {
  open: promisify(open),
  size: async (fd: number) => (await promisify(fstat)(fd)).size,
  truncate: promisify(ftruncate),
  datasync: promisify(fdatasync),
  close: promisify(close),
};

/**
 * One of the log's files. Its bytes are on disk before they are used, as zeros or as what was there before, so that a write
 * changes no length and finds its room: it can hardly fail, and its flush has nothing to tell but the data.
 */
export class LogFile {
  /** Of the last frame in it; 0 when what it holds is of no use to anybody. */
  lastRevision: Revision = 0;
  readonly #fd: number;
  readonly #flushesEachWrite: boolean;
  #bytes: number;
  #position = 0;
  #growing: Promise<void> | undefined;
  #cannotGrow = false;
  #isWritten = false;

  private constructor(fd: number, bytes: number, flushesEachWrite: boolean) {
    this.#fd = fd;
    this.#bytes = bytes;
    this.#flushesEachWrite = flushesEachWrite;
  }

  /** Creates it where needed; `isNew` tells that its name is not durable yet. */
  static async open(path: string, flushesEachWrite: boolean): Promise<{ file: LogFile; isNew: boolean }> {
    const through = flushesEachWrite ? (writesThrough ?? 0) : 0;
    const fd = await file.open(path, constants.O_RDWR | constants.O_CREAT | through, 0o600);
    try {
      const size = await file.size(fd);
      const opened = new LogFile(fd, size, flushesEachWrite && writesThrough === undefined);
      if (size < logFileBytesMin) await opened.#growTo(logFileBytesMin);
      return { file: opened, isNew: size === 0 };
    } catch (error) {
      await file.close(fd);
      throw error;
    }
  }

  /** Where the next frame goes. */
  get position(): number {
    return this.#position;
  }

  /** Writes over what it holds from now on. */
  rewind(): void {
    this.#position = 0;
    this.#cannotGrow = false;
    this.lastRevision = 0;
  }

  /** Whether the next so many bytes have their room. */
  hasRoom(bytes: number): boolean {
    return this.#position + bytes <= this.#bytes;
  }

  /** Makes room for the next so many bytes. @throws the error of the file system */
  async grow(bytes: number): Promise<void> {
    while (!this.hasRoom(bytes)) await this.#growOnce();
  }

  /** Grows in the background before that has to be waited for; when it fails, who needs the room is told. */
  growAhead(bytesMax: number): void {
    const free = this.#bytes - this.#position;
    if (this.#cannotGrow || this.#bytes >= bytesMax || free > Math.min(this.#bytes / 2, growthBytesMax)) return;
    this.#growOnce().catch(() => {
      this.#cannotGrow = true; // not again with every frame
    });
  }

  /** What it writes counts when this resolves; when it fails, the next frame takes its place. */
  async append(frame: Buffer, lastRevision: Revision): Promise<void> {
    try {
      await this.#writeWhole(frame, this.#position);
      this.#isWritten = true;
      if (this.#flushesEachWrite) await this.flush();
    } catch (error) {
      await this.#forget();
      throw error;
    }
    this.#position += frame.length;
    this.lastRevision = lastRevision;
  }

  /** @throws the error of the file system */
  async flush(): Promise<void> {
    if (!this.#isWritten) return;
    this.#isWritten = false;
    try {
      await file.datasync(this.#fd);
    } catch (error) {
      this.#isWritten = true;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#growing?.catch(() => {});
    await file.close(this.#fd);
  }

  /** A frame that failed may be there nonetheless, and must not be found after a crash. */
  async #forget(): Promise<void> {
    try {
      await this.#writeWhole(emptyPage, this.#position);
    } catch {
      // The disk takes nothing at all; the next frame is written over it.
    }
  }

  #growOnce(): Promise<void> {
    this.#growing ??= this.#growTo(this.#bytes + Math.min(this.#bytes, growthBytesMax)).finally(() => {
      this.#growing = undefined;
    });
    return this.#growing;
  }

  async #growTo(bytes: number): Promise<void> {
    const before = this.#bytes;
    try {
      await this.#writeWhole(Buffer.alloc(bytes - before), before);
      await file.datasync(this.#fd);
      this.#bytes = bytes;
    } catch (error) {
      await file.truncate(this.#fd, before).catch(() => {}); // a file that could not grow is as it was
      throw error;
    }
  }

  /** A disk that is nearly full takes a part before it refuses. */
  async #writeWhole(bytes: Buffer, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) done += await this.#write(bytes, done, position + done);
  }

  #write(bytes: Buffer, from: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.#fd, bytes, from, bytes.length - from, position, (error, written) => {
        if (error === null) resolve(written);
        else reject(error);
      });
    });
  }
}
