/**
 * The store over a real etcd cluster: connection and failover, the replica that reads are answered from, transactions,
 * leases and compaction; and what its keys and values look like. Loaded only when a cluster is kept in etcd.
 */
export type { EtcdTls } from "./connection.ts";
export { etcdDescriptor, etcdServices } from "./etcd-api.ts";
export { openEtcdBackend } from "./etcd-store.ts";
export type { EtcdStoreOptions } from "./options.ts";
export { decodeOwnVersion, encodeValue, isProtobuf, type StorageMediaType } from "./value-codec.ts";
