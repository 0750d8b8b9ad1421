import type { StoredEvent } from "./entry.ts";
import type { Revision } from "./store.ts";

/** One change as it goes to disk; without `value` the key is removed. */
export interface JournalRecord {
  readonly key: string;
  readonly value?: Buffer;
}

/** The disk under a group commit store: only what makes changes outlive the process. */
export interface Journal {
  /** @throws StoreError for a change that the disk cannot hold. */
  encode(event: StoredEvent): JournalRecord;
  /**
   * Resolves when all records and the revision are durable; rejects with StoreError when none of them is. The next call comes
   * after that.
   */
  write(records: readonly JournalRecord[], revision: Revision): Promise<void>;
  /** How much its files take. */
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}
