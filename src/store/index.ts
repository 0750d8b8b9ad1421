/**
 * The store owns revisions, compare-and-commit, history and watch: etcd's role, in memory or on disk. It knows nothing of
 * kinds, users or HTTP.
 */

export { checkStore, type StoreReport } from "./check-store.ts";
export * from "./encryption/index.ts";
export type { EtcdStoreOptions, EtcdTls, StorageMediaType } from "./etcd/index.ts";
export type { EtcdServer, EtcdServerOptions, EtcdServerTls } from "./etcd-server/index.ts";
export { historyAgeMaxMs, historyEventsMax } from "./history.ts";
export { type LmdbStoreOptions, openLmdbStore } from "./lmdb-store.ts";
export { measureStore } from "./measured-store.ts";
export { createMemoryStore, type MemoryStoreOptions } from "./memory-store.ts";
export { openEtcdServer, openEtcdStore } from "./open-etcd.ts";
export { bumpRevisionDefault, readSnapshotStatus, restoreSnapshot, saveSnapshot } from "./snapshot-file.ts";
export type { SnapshotStatus } from "./snapshot-reader.ts";
export * from "./store.ts";
