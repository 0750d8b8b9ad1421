import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { builtinKinds } from "../api/kinds/index.ts";
import type { Host } from "../host/index.ts";
import {
  createMemoryStore,
  type EtcdStoreOptions,
  measureStore,
  openEncryptionFile,
  openEtcdServer,
  openEtcdStore,
  openLmdbStore,
  type StorageMediaType,
  type Store,
  StoreError,
} from "../store/index.ts";
import type { Teardown } from "./teardown.ts";

/** Keeps a cluster in an etcd v3 cluster instead of the embedded store; the original's flags. */
export interface EtcdOptions {
  /** URLs of the members. */
  readonly servers: readonly string[];
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Default /registry. */
  readonly prefix?: string;
  /** `group/resource#URL;URL`: resources that are kept in another etcd, as `/events#https://10.0.0.9:2379`. */
  readonly serversOverrides?: readonly string[];
  /** Default application/vnd.kubernetes.protobuf. */
  readonly storageMediaType?: StorageMediaType;
  /** Default 5 minutes; 0 leaves compaction to somebody else. */
  readonly compactionIntervalMs?: number;
}

export interface StoreSettings {
  readonly host: Host;
  readonly dataDir?: string | undefined;
  readonly fsync: "always" | "interval";
  readonly encryptionProviderConfig?: string | undefined;
  readonly encryptionProviderConfigAutomaticReload: boolean;
  readonly etcd?: EtcdOptions | undefined;
}

export interface OpenedStores {
  readonly store: Store;
  /** By storage prefix: resources that are kept elsewhere. */
  readonly elsewhere: ReadonlyMap<string, Store>;
}

/** @throws EncryptionConfigError, StoreError */
export async function openStores(settings: StoreSettings, teardown: Teardown): Promise<OpenedStores> {
  const { host, dataDir, fsync, etcd, encryptionProviderConfig: file } = settings;
  const automaticReload = settings.encryptionProviderConfigAutomaticReload;
  // In memory nothing is encrypted, but a file that cannot be used is told nonetheless.
  const encrypted = file === undefined ? undefined : await openEncryptionFile(host, file, { automaticReload });
  if (encrypted !== undefined) teardown.add(() => encrypted.close());
  const { encryption } = encrypted ?? {};
  if (etcd !== undefined) return openEtcdStores(host, etcd, { transformer: encryption }, teardown);
  const opened =
    dataDir === undefined
      ? createMemoryStore(host)
      : await openLmdbStore(host, join(dataDir, "store"), { fsync, encryption });
  const store = measureStore(host, opened, storageClusterId(0));
  teardown.add(() => store.close());
  return { store, elsewhere: new Map() };
}

async function openEtcdStores(
  host: Host,
  etcd: EtcdOptions,
  values: Pick<EtcdStoreOptions, "transformer">,
  teardown: Teardown,
): Promise<OpenedStores> {
  const { prefix, storageMediaType: mediaType, compactionIntervalMs } = etcd;
  const shared = {
    ...(await readCertificates(etcd)),
    prefix: prefix && absolute(prefix),
    mediaType,
    compactionIntervalMs,
  };
  let opened = 0;
  const open = async (servers: readonly string[]) => {
    const etcdStore = await openEtcdStore(host, { ...shared, ...values, servers });
    const store = measureStore(host, etcdStore, storageClusterId(opened++));
    teardown.add(() => store.close());
    return store;
  };
  const overrides = (etcd.serversOverrides ?? []).map(parseOverride);
  const store = await open(etcd.servers);
  const elsewhere = new Map<string, Store>();
  for (const { storagePrefix, servers } of overrides) elsewhere.set(storagePrefix, await open(servers));
  return { store, elsewhere };
}

/** As the original names the etcds that it uses in its metrics. */
function storageClusterId(index: number): string {
  return `etcd-${index}`;
}

/**
 * Serves etcd's API over the embedded store when that is asked for. Gives the URL.
 * @throws StoreError
 */
export async function serveEtcd(
  { host, dataDir, etcd, listenEtcdClient: address }: EtcdServing,
  store: Store,
  teardown: Teardown,
): Promise<string | undefined> {
  if (address === undefined) return undefined;
  if (etcd !== undefined) {
    throw new StoreError("--listen-etcd-client serves the embedded store: it does not go with --etcd-servers");
  }
  if (dataDir === undefined) {
    throw new StoreError("--listen-etcd-client needs a data folder, in which clients find their certificates");
  }
  const { hostname, port } = parseAddress(address);
  const { loadOrCreateEtcdPki } = await import("./etcd-pki.ts");
  const names = [...new Set(["localhost", "127.0.0.1", "::1", hostname])].filter((name) => !isAnyAddress(name));
  const { ca, server } = loadOrCreateEtcdPki(host, join(dataDir, "pki"), names);
  const tls = { ...server, clientCa: ca.cert };
  const serving = await openEtcdServer(host, store, { address: `${hostname}:${port}`, tls });
  teardown.add(() => serving.close());
  return serving.url;
}

interface EtcdServing {
  readonly host: Host;
  readonly dataDir?: string | undefined;
  readonly etcd?: EtcdOptions | undefined;
  readonly listenEtcdClient?: string | undefined;
}

function parseAddress(address: string): { hostname: string; port: string } {
  const [, hostname, port] = /^(?:https:\/\/)?([\w.-]+):(\d{1,5})$/.exec(address) ?? [];
  if (hostname !== undefined && port !== undefined) return { hostname, port };
  throw new StoreError(`--listen-etcd-client: ${address} is not of the form ADDRESS:PORT`);
}

function isAnyAddress(name: string): boolean {
  return name === "0.0.0.0";
}

/** The original's keys begin with a slash, whether its flag does or not. */
function absolute(prefix: string): string {
  return `/${prefix.replace(/^\/+|\/+$/g, "")}`;
}

async function readCertificates({
  caFile,
  certFile,
  keyFile,
}: EtcdOptions): Promise<{ ca?: string; cert?: string; key?: string }> {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new StoreError("--etcd-certfile and --etcd-keyfile are given together or not at all");
  }
  const read = async (flag: string, file: string | undefined) => {
    try {
      return file === undefined ? undefined : await readFile(file, "utf8");
    } catch (error) {
      throw new StoreError(`--${flag}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  };
  return {
    ca: await read("etcd-cafile", caFile),
    cert: await read("etcd-certfile", certFile),
    key: await read("etcd-keyfile", keyFile),
  };
}

/** @throws StoreError */
function parseOverride(text: string): { storagePrefix: string; servers: string[] } {
  const [, group, resource, urls] = /^([^/#]*)\/([^/#]+)#(.+)$/.exec(text) ?? [];
  if (urls === undefined) {
    throw new StoreError(`--etcd-servers-overrides: ${text} is not of the form group/resource#URL;URL`);
  }
  const kind = builtinKinds().find((one) => one.group === group && one.resource === resource);
  if (kind === undefined) throw new StoreError(`--etcd-servers-overrides: there is no resource ${group}/${resource}`);
  return { storagePrefix: kind.storagePrefix, servers: urls.split(";").filter((url) => url !== "") };
}
