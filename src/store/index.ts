/**
 * The store owns revisions, compare-and-commit, history and watch: etcd's role, in memory or on disk. It knows nothing of
 * kinds, users or HTTP.
 */

export { historyAgeMaxMs, historyEventsMax } from "./history.ts";
export { type LmdbStoreOptions, openLmdbStore } from "./lmdb-store.ts";
export { createMemoryStore, type MemoryStoreOptions } from "./memory-store.ts";
export * from "./store.ts";
