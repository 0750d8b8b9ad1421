import { Server, ServerCredentials } from "@grpc/grpc-js";
import { serviceDefinition } from "../../grpc/index.ts";
import type { Host } from "../../host/index.ts";
import { etcdDescriptor, etcdServices, type StorageMediaType } from "../etcd/index.ts";
import { type Store, StoreError } from "../store.ts";
import { KeyValues } from "./key-values.ts";
import { Leases } from "./leases.ts";
import { headerOf, servicesOf } from "./services.ts";
import type { WatchStream } from "./watch-stream.ts";

/** PEM: who the server is, and who may talk to it. */
export interface EtcdServerTls {
  readonly cert: string;
  readonly key: string;
  /** Clients need a certificate of this authority. */
  readonly clientCa: string;
}

export interface EtcdServerOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly address: string;
  /** Without it everyone who reaches the address may do everything: for tests. */
  readonly tls?: EtcdServerTls;
  /** How objects of built-in kinds are shown; default application/vnd.kubernetes.protobuf. */
  readonly mediaType?: StorageMediaType;
}

export interface EtcdServer {
  readonly url: string;
  /** Ends all watches and connections; leaves the store open. */
  close(): Promise<void>;
}

/** A transaction of several of the largest objects that the API takes; etcd's own bound is 2 MiB. */
const requestBytesMax = 16 * 1024 * 1024;

/** Serves etcd's v3 API over a store. @throws StoreError when the address cannot be used */
export async function openEtcdServer(host: Host, store: Store, options: EtcdServerOptions): Promise<EtcdServer> {
  const { address, tls, mediaType = "application/vnd.kubernetes.protobuf" } = options;
  const leases = await Leases.open(host, store);
  const values = new KeyValues(store, mediaType, leases);
  const streams = new Set<WatchStream>();
  const server = new Server({
    "grpc.max_receive_message_length": requestBytesMax,
    "grpc.max_send_message_length": -1, // a range without a limit
  });
  let url = "";
  const header = (revision = store.revision) => headerOf(revision);
  const services = servicesOf({ host, store, values, leases, header, clientUrl: () => url }, streams);
  const descriptor = etcdDescriptor();
  for (const name of etcdServices) {
    server.addService(serviceDefinition(descriptor, `etcdserverpb.${name}`, { int64: "text" }), services[name]);
  }
  const close = async () => {
    for (const stream of streams) stream.close();
    leases.close();
    values.close();
    server.forceShutdown();
  };
  try {
    const port = await bind(server, address, tls);
    url = `${tls ? "https" : "http"}://${address.slice(0, address.lastIndexOf(":"))}:${port}`;
  } catch (error) {
    await close();
    throw error;
  }
  return { url, close };
}

function bind(server: Server, address: string, tls: EtcdServerTls | undefined): Promise<number> {
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(
          Buffer.from(tls.clientCa),
          [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) }],
          true,
        );
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(new StoreError(`cannot listen for etcd clients on ${address}: ${error.message}`, { cause: error }));
    });
  });
}
