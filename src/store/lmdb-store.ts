import type { Host } from "../host/index.ts";
import { EncodedBytes } from "./encoded-bytes.ts";
import { Encryption, type ValueTransformer } from "./encryption/index.ts";
import { GroupCommitStore } from "./group-commit-store.ts";
import { LmdbJournal, type LmdbJournalOptions } from "./lmdb-journal.ts";
import { RevisionedIndex } from "./revisioned-index.ts";
import type { Store } from "./store.ts";

export interface LmdbStoreOptions extends LmdbJournalOptions {
  /** How many events of the past are kept at most. */
  readonly historyEventsMax?: number;
  /** How values are encrypted on disk; default not at all. */
  readonly encryption?: ValueTransformer;
}

/**
 * Opens or creates the store in a folder. Everything is held in memory too; the disk is read only here. History starts
 * anew: watches from before get CompactedError. That only one process uses a folder is for the caller to ensure.
 * @throws StoreError when the folder cannot be used, is damaged, or is of a newer version.
 */
export async function openLmdbStore(host: Host, dir: string, options: LmdbStoreOptions = {}): Promise<Store> {
  const transformer = options.encryption ?? (await Encryption.create(host.random));
  const encoded = new EncodedBytes({ keeps: "bytes" });
  const { journal, loaded } = await LmdbJournal.open(host, dir, { ...options, transformer, encoded });
  const { expiring, ...state } = loaded;
  const { historyEventsMax } = options;
  const index = new RevisionedIndex(host, { loaded: state, encoded, historyEventsMax });
  return new GroupCommitStore(host, index, journal, expiring);
}
