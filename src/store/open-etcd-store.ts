import type { Host } from "../host/index.ts";
import type { EtcdStoreOptions } from "./etcd/index.ts";
import type { Store } from "./store.ts";

/**
 * A store that is kept in an etcd v3 cluster. gRPC is loaded only here: a cluster on the embedded store starts without it.
 * @throws StoreError when no endpoint answers, or endpoints or certificates cannot be used
 */
export async function openEtcdStore(host: Host, options: EtcdStoreOptions): Promise<Store> {
  const { openEtcdBackend } = await import("./etcd/index.ts");
  return openEtcdBackend(host, options);
}
