import { join } from "node:path";
import { type ApiServer, createApiServer, type UserInfo } from "../apiserver/index.ts";
import { type Client, createClient, directTransport, registryDiscovery } from "../client/index.ts";
import type { Host } from "../host/index.ts";
import { createMemoryStore, openLmdbStore, type Store } from "../store/index.ts";
import { adminEntry } from "./admin-access.ts";
import { advertiseAddress } from "./advertise-address.ts";
import { startAllControllers, startDefaultScheduler, untilUsable } from "./components.ts";
import { DataFolder } from "./data-folder.ts";
import type { KubeconfigEntry } from "./kubeconfig.ts";
import { loadOrCreatePki, type Pki } from "./pki.ts";
import { firstAddress } from "./service-range.ts";

export interface NodeOptions {
  readonly count: number;
  /** Quantities: `8`, `32Gi`. */
  readonly cpu: string;
  readonly memory: string;
  readonly pods: number;
}

export interface ClusterOptions {
  readonly name: string;
  readonly host: Host;
  /** Where the cluster is kept; absent keeps everything in memory. */
  readonly dataDir?: string;
  /** When a write counts as kept: after the flush (always), or soon (interval). */
  readonly fsync?: "always" | "interval";
  /** 0 takes a free port. */
  readonly port: number;
  readonly bindAddress: string;
  readonly serviceClusterIPRange: string;
  readonly clusterCIDR: string;
  readonly maxRequestsInFlight?: number;
  readonly maxMutatingRequestsInFlight?: number;
  readonly controllers?: boolean;
  readonly scheduler?: boolean;
  /** Simulated nodes. */
  readonly nodes?: NodeOptions;
  /** Told what has been done, for those who watch the start. */
  readonly onStep?: (text: string) => void;
}

/** A running cluster. */
export interface Cluster {
  readonly url: string;
  /** The administrator's access. */
  readonly kubeconfig: KubeconfigEntry;
  /** A client of the same process, without serialization; the administrator's unless a user is named. */
  client(user?: UserInfo, userAgent?: string): Client;
  /** Everything durable, every file released. */
  stop(): Promise<void>;
}

const administrator: UserInfo = { name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };

/**
 * Starts a cluster: keys, store, API server, then what runs on it. Resolves when it is ready for use: nodes are Ready and
 * pods can be made in the default namespace.
 * @throws DataFolderError, StoreError or ListenError when what it needs is not to be had; nothing is left behind then.
 */
export async function createCluster(options: ClusterOptions): Promise<Cluster> {
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (let next = stops.pop(); next; next = stops.pop()) await next();
  };
  try {
    return await start(options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: ClusterOptions,
  stops: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
): Promise<Cluster> {
  const { host, name, dataDir, bindAddress } = options;
  const step = options.onStep ?? (() => {});

  const folder = dataDir === undefined ? undefined : DataFolder.open(dataDir);
  if (folder) stops.push(() => folder.release());
  const pki = await loadOrCreatePki(host, dataDir && join(dataDir, "pki"), {
    bindAddress,
    serviceIP: firstAddress(options.serviceClusterIPRange),
  });
  const store = await openStore(options);
  stops.push(() => store.close());
  step(folder ? `data folder ${folder.path} (${folder.existing ? "continued" : "new"})` : "in memory only");

  const server = await startServer(options, store, pki);
  stops.push(() => server.close());
  const url = server.url ?? "";
  step(`API server at ${url}`);

  const client = (user = administrator, userAgent = "sampan") =>
    createClient(directTransport(server.handler, { user, userAgent }));
  const components = {
    host,
    client,
    discovery: registryDiscovery(server.kinds),
    rootCA: pki.ca.cert,
    clusterCIDR: options.clusterCIDR,
  };
  if (options.controllers) stops.push(startAllControllers(components));
  if (options.scheduler) stops.push(startDefaultScheduler(components));
  if (options.controllers) {
    await untilUsable(components);
    step("controllers and scheduler");
  }
  folder?.saveState({ name, url });
  return { url, kubeconfig: adminEntry(name, url, pki), client, stop };
}

async function openStore({ host, dataDir, fsync }: ClusterOptions): Promise<Store> {
  return dataDir === undefined ? createMemoryStore(host) : openLmdbStore(host, join(dataDir, "store"), { fsync });
}

async function startServer(options: ClusterOptions, store: Store, pki: Pki): Promise<ApiServer> {
  const { host, port, bindAddress, maxRequestsInFlight, maxMutatingRequestsInFlight } = options;
  const server = createApiServer({
    host,
    store,
    tls: { ...pki.apiserver, clientCa: pki.ca.cert },
    serviceAccountKey: pki.serviceAccount.privateKey,
    config: {
      maxRequestsInFlight,
      maxMutatingRequestsInFlight,
      serviceClusterIPRange: options.serviceClusterIPRange,
      advertiseAddress: advertiseAddress(bindAddress),
    },
  });
  try {
    await server.listen({ port, bindAddress });
    await server.bootstrap();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}
