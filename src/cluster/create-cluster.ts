import { join } from "node:path";
import { type ApiServer, createApiServer, type UserInfo } from "../apiserver/index.ts";
import { type Client, createClient, directTransport, registryDiscovery } from "../client/index.ts";
import type { Host } from "../host/index.ts";
import { createMemoryStore, openLmdbStore, type Store } from "../store/index.ts";
import { adminEntry } from "./admin-access.ts";
import { advertiseAddress } from "./advertise-address.ts";
import { startAllControllers, startDefaultScheduler, untilUsable } from "./components.ts";
import { DataFolder } from "./data-folder.ts";
import { isCode } from "./files.ts";
import type { KubeconfigEntry } from "./kubeconfig.ts";
import { loadOrCreatePki, type Pki } from "./pki.ts";
import { podRangeFor } from "./pod-range.ts";
import { firstAddress } from "./service-range.ts";
import { SimulatedNodes } from "./simulated-nodes.ts";
import { Teardown } from "./teardown.ts";

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
 * @throws DataFolderError, StoreError, ListenError or PodRangeError; nothing is left behind then.
 */
export async function createCluster(options: ClusterOptions): Promise<Cluster> {
  const teardown = new Teardown();
  try {
    return await start(options, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(options: ClusterOptions, teardown: Teardown): Promise<Cluster> {
  const { host, name, dataDir, bindAddress, serviceClusterIPRange } = options;
  const step = options.onStep ?? (() => {});
  const podRange = podRangeFor(options.clusterCIDR, serviceClusterIPRange, options.nodes?.count ?? 0);

  const folder = dataDir === undefined ? undefined : DataFolder.open(dataDir);
  if (folder) teardown.add(() => folder.release());
  const serviceIP = firstAddress(serviceClusterIPRange);
  const pki = await loadOrCreatePki(host, dataDir && join(dataDir, "pki"), { bindAddress, serviceIP });
  const store = await openStore(options);
  teardown.add(() => store.close());
  step(folder ? `data folder ${folder.path} (${folder.existing ? "continued" : "new"})` : "in memory only");

  const nodes = new SimulatedNodes();
  const server = await startServer(options, store, pki, nodes);
  teardown.add(() => server.close());
  const url = server.url ?? "";
  step(`API server at ${url}`);

  const client = (user = administrator, userAgent = "sampan") =>
    createClient(directTransport(server.handler, { user, userAgent }));
  const discovery = registryDiscovery(server.kinds);
  const components = { host, client, discovery, rootCA: pki.ca.cert, podRange };
  if (options.controllers) teardown.add(startAllControllers(components));
  if (options.scheduler) teardown.add(startDefaultScheduler(components));
  if (options.nodes) teardown.add(await nodes.start(components, options.nodes));
  if (options.controllers) {
    await untilUsable(components);
    step(`controllers, scheduler, ${options.nodes?.count ?? 0} nodes`);
  }
  folder?.saveState({ name, url });
  return { url, kubeconfig: adminEntry(name, url, pki), client, stop: () => teardown.run() };
}

async function openStore({ host, dataDir, fsync }: ClusterOptions): Promise<Store> {
  return dataDir === undefined ? createMemoryStore(host) : openLmdbStore(host, join(dataDir, "store"), { fsync });
}

async function startServer(options: ClusterOptions, store: Store, pki: Pki, nodes: SimulatedNodes): Promise<ApiServer> {
  const { host, port, bindAddress, maxRequestsInFlight, maxMutatingRequestsInFlight } = options;
  const server = createApiServer({
    host,
    store,
    nodes,
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
    await server.listen({ port, bindAddress }).catch((error: unknown) => {
      throw listenError(error, bindAddress, port);
    });
    await server.bootstrap();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

/** The API server's address cannot be taken; the message says which and why. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

function listenError(cause: unknown, address: string, port: number): unknown {
  const at = `cannot listen on ${address} port ${port}`;
  if (isCode(cause, "EADDRINUSE")) {
    return new ListenError(`${at}: it is in use by another process; choose another --port, or 0 for any free one`, {
      cause,
    });
  }
  if (isCode(cause, "EACCES"))
    return new ListenError(`${at}: not permitted; choose a --port of 1024 or above`, { cause });
  if (isCode(cause, "EADDRNOTAVAIL") || isCode(cause, "ENOTFOUND")) {
    return new ListenError(`${at}: this machine has no such address; choose another --bind-address`, { cause });
  }
  return cause;
}
