import type { Host } from "../host/index.ts";
import type { EtcdStoreOptions } from "./etcd/index.ts";
import type { EtcdServer, EtcdServerOptions } from "./etcd-server/index.ts";
import type { Store } from "./store.ts";

/**
 * A store that is kept in an etcd v3 cluster. gRPC is loaded only here: a cluster on the embedded store starts without it.
 * @throws StoreError when no endpoint answers, or endpoints or certificates cannot be used
 */
export async function openEtcdStore(host: Host, options: EtcdStoreOptions): Promise<Store> {
  const { openEtcdBackend } = await import("./etcd/index.ts");
  return openEtcdBackend(host, options);
}

/**
 * Serves etcd's v3 API over a store.
 * @throws StoreError when the address cannot be used
 */
export async function openEtcdServer(host: Host, store: Store, options: EtcdServerOptions): Promise<EtcdServer> {
  const server = await import("./etcd-server/index.ts");
  return server.openEtcdServer(host, store, options);
}
