import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { JournalRecord } from "./journal.ts";
import { LmdbEnvironment } from "./lmdb-env.ts";
import { dataFileName } from "./lmdb-file.ts";
import type { Revision } from "./store.ts";
import type { WriteAheadLog } from "./write-ahead-log.ts";

/**
 * Every page that was touched stays mapped and counts as memory of the process, up to the size of the file; it is in the
 * system's cache anyway. A file larger than this is mapped anew once it has been read, and after so many records.
 */
const remapDefault: RemapOptions = { aboveBytes: 64 * 1024 * 1024, everyRecords: 2_000 };

export interface RemapOptions {
  readonly aboveBytes: number;
  readonly everyRecords: number;
}

/**
 * Brings the tree up to date with the log, in the background: the newest record of every key that changed since the last time.
 * Until that is done the log has them, so it may end at any moment, and leave a part of them in the tree.
 */
export class Checkpointer {
  readonly #dir: string;
  readonly #log: WriteAheadLog;
  readonly #remapOptions: RemapOptions;
  #env: LmdbEnvironment;
  #isOpen = true;
  #inTree: Revision;
  #newest: Revision;
  #changed = new Map<string, JournalRecord>();
  #running: Promise<void> | undefined;
  #writtenSinceMapped = 0;

  /** @param revision which tree and log have; the environment is the checkpointer's from now on */
  constructor(dir: string, env: LmdbEnvironment, log: WriteAheadLog, revision: Revision, remap?: RemapOptions) {
    this.#dir = dir;
    this.#env = env;
    this.#log = log;
    this.#remapOptions = remap ?? remapDefault;
    this.#inTree = revision;
    this.#newest = revision;
  }

  /** What the log need not keep any more. */
  get revision(): Revision {
    return this.#inTree;
  }

  get isBehind(): boolean {
    return this.#inTree < this.#newest;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** These records are in the log. */
  add(records: readonly JournalRecord[], revision: Revision): void {
    for (const record of records) this.#changed.set(record.key, record);
    this.#newest = revision;
  }

  /** One at a time: joins the one that runs. When it fails, the next one has its work to do too. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Gives back the memory of the file's pages that were read or written. */
  async remap(): Promise<void> {
    this.#writtenSinceMapped = 0;
    if ((await stat(join(this.#dir, dataFileName))).size > this.#remapOptions.aboveBytes) await this.#openAnew();
  }

  /** All is in the tree, and the tree says that nothing is in the log. */
  async finish(): Promise<void> {
    while (this.isBehind || this.isRunning) await this.run();
    if (!this.#isOpen) await this.#openAnew();
    const { epoch } = this.#log;
    await this.#env.write(() => {}, { log: { epoch, isOpen: false, target: this.#inTree } });
  }

  async close(): Promise<void> {
    await this.#running?.catch(() => {}); // told to who asked for it
    await this.#closeTree();
  }

  async #run(): Promise<void> {
    if (!this.isBehind) return;
    const changed = this.#changed;
    const target = this.#newest;
    this.#changed = new Map();
    this.#log.turn();
    try {
      await this.#log.flush(); // what the tree has, the log must have
      if (!this.#isOpen) await this.#openAnew();
      const log = { epoch: this.#log.epoch, isOpen: true, target };
      await this.#env.writeRecords(changed, { during: { log }, end: { revision: target } });
    } catch (error) {
      for (const [key, record] of this.#changed) changed.set(key, record);
      this.#changed = changed;
      throw error;
    }
    this.#inTree = target;
    this.#writtenSinceMapped += changed.size;
    // The records are there; when the tree cannot be opened again, whoever needs it next is told.
    if (this.#writtenSinceMapped >= this.#remapOptions.everyRecords) await this.remap().catch(() => {});
  }

  async #openAnew(): Promise<void> {
    await this.#closeTree();
    this.#env = await LmdbEnvironment.open(this.#dir);
    this.#isOpen = true;
  }

  async #closeTree(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#env.close();
  }
}
