import type { ValueTransformer } from "../encryption/index.ts";
import type { EtcdTls } from "./connection.ts";
import type { StorageMediaType } from "./value-codec.ts";

export interface EtcdStoreOptions extends EtcdTls {
  /** URLs of the cluster's members; one is used until it fails. */
  readonly servers: readonly string[];
  /** Of all keys in etcd; default /registry. */
  readonly prefix?: string;
  /** The prefix that callers of the store know those keys by; default /registry. */
  readonly root?: string;
  /** Default application/vnd.kubernetes.protobuf. */
  readonly mediaType?: StorageMediaType;
  /** Encryption at rest. */
  readonly transformer?: ValueTransformer;
  /** How often etcd is compacted; default 5 minutes, 0 leaves it to somebody else. */
  readonly compactionIntervalMs?: number;
  /** How many events of the past are kept in memory at most. */
  readonly historyEventsMax?: number;
}
