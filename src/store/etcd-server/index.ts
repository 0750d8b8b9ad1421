/**
 * etcd's v3 gRPC API over a store: keys and values as kube-apiserver lays them out, watches, leases, and what etcdctl asks
 * for. Loaded only when somebody listens for it.
 */
export { type EtcdServer, type EtcdServerOptions, type EtcdServerTls, openEtcdServer } from "./etcd-server.ts";
