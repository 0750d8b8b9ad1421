import { systemHost } from "../../../src/host/index.ts";
import { openEtcdStore, type Store } from "../../../src/store/index.ts";
import { EtcdCluster, withoutEtcd } from "../etcd/etcd-cluster.ts";
import { missingRecording } from "./recording.ts";

/** Where the objects of a replay are kept: what is answered may not depend on it. */
export interface Place {
  readonly name: string;
  /** Why it cannot be played here. */
  readonly missing: string | undefined;
  /** Without a store: in memory. */
  open(): Promise<{ readonly store?: Store; close(): Promise<void> }>;
}

export const places: readonly Place[] = [
  { name: "kept in memory", missing: missingRecording, open: async () => ({ close: async () => {} }) },
  {
    // As the original keeps them: protobuf and back for every object.
    name: "kept in etcd",
    missing: missingRecording ?? withoutEtcd,
    open: async () => {
      const etcd = await EtcdCluster.start();
      try {
        const store = await openEtcdStore(systemHost({ log: { level: "error" } }), { servers: etcd.urls });
        return {
          store,
          close: async () => {
            await store.close();
            await etcd.stop();
          },
        };
      } catch (error) {
        await etcd.stop();
        throw error;
      }
    },
  },
];
