import { hostname } from "node:os";
import { join } from "node:path";
import { builtinKinds, createKindRegistry, servedKinds } from "../api/kinds/index.ts";
import {
  type ApiServer,
  type ApiServerConfig,
  type AuthorizationMode,
  type ComponentCheck,
  chosenAdmissionPlugins,
  createApiServer,
  defaultRequestHeaders,
  type FrontProxyOptions,
  firstServiceIP,
  type KubeletClientConfig,
  type RequestHeaderConfig,
  readAdmissionConfiguration,
  type UserInfo,
  usualComponents,
} from "../apiserver/index.ts";
import { type Client, createClient, directTransport, registryDiscovery } from "../client/index.ts";
import { type Host, systemHost } from "../host/index.ts";
import { adminEntry } from "./admin-access.ts";
import { advertiseAddress } from "./advertise-address.ts";
import { type AuditSettings, openAudit } from "./audit.ts";
import { type AuthenticationSettings, openAuthentication } from "./authentication.ts";
import type { ClusterNodes } from "./cluster-nodes.ts";
import {
  createDefaultStorageClass,
  type SchedulingOptions,
  startAllControllers,
  startDefaultScheduler,
  untilUsable,
} from "./components.ts";
import { DataFolder } from "./data-folder.ts";
import type { KubeconfigEntry } from "./kubeconfig.ts";
import type { MachineNodeOptions } from "./machine-node.ts";
import { loadOrCreatePki, type Pki } from "./pki.ts";
import { podRangeFor } from "./pod-range.ts";
import { SimulatedNodes } from "./simulated-nodes.ts";
import { type EtcdOptions, type OpenedStores, openStores, serveEtcd } from "./stores.ts";
import { Teardown } from "./teardown.ts";

export interface NodeOptions {
  readonly count: number;
  /** Quantities; default 8 and 32Gi. */
  readonly cpu?: string;
  readonly memory?: string;
  /** Pods that a node takes; default 110. */
  readonly pods?: number;
}

/** Everything may be left out: then it is a cluster in memory, with one node, on a free port of loopback. */
export interface ClusterOptions {
  /** Of the cluster and its context in a kubeconfig; default sampan. */
  readonly name?: string;
  readonly host?: Host;
  /** Where the cluster is kept; absent keeps everything in memory. */
  readonly dataDir?: string;
  /** When a write counts as kept: after the flush (always, the default), or soon (interval). */
  readonly fsync?: "always" | "interval";
  /** A file that holds an EncryptionConfiguration: how objects are encrypted on disk. */
  readonly encryptionProviderConfig?: string;
  /** Whether that file is read again when it has changed; default false. */
  readonly encryptionProviderConfigAutomaticReload?: boolean;
  /** Keeps the cluster in etcd; the data folder then holds keys alone. */
  readonly etcd?: EtcdOptions;
  /** `host:port` where the embedded store serves etcd's API, with client certificates from pki/etcd of the data folder. */
  readonly listenEtcdClient?: string;
  /** Of this API server in the kubernetes service; default: the bind address, or the machine's first. */
  readonly advertiseAddress?: string;
  /** Who keeps the addresses of the kubernetes service; default in etcd and with listenEtcdClient: lease. Without it this server is the only one. */
  readonly endpointReconcilerType?: "lease" | "none";
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly bindAddress?: string;
  /** Default 10.96.0.0/16. */
  readonly serviceClusterIPRange?: string;
  /** Addresses of pods; default 10.244.0.0/16, wider when there are more nodes than it has /24 parts. */
  readonly clusterCIDR?: string;
  /** Requests at once that read, and that write; more get 429. Default 400 and 200. */
  readonly maxRequestsInFlight?: number;
  readonly maxMutatingRequestsInFlight?: number;
  /** Whether these bounds are shared among priority levels, into which flow schemas sort requests. Default true. */
  readonly enablePriorityAndFairness?: boolean;
  /** Whether machines that are to join may say so by the tokens in kube-system. Default true. */
  readonly enableBootstrapTokenAuth?: boolean;
  /** Admission plugins by the original's names: beside those that are on by default, and those of them that are off. */
  readonly enableAdmissionPlugins?: readonly string[];
  readonly disableAdmissionPlugins?: readonly string[];
  /** A file that holds an AdmissionConfiguration. */
  readonly admissionControlConfigFile?: string;
  /** Who is believed, beside certificates, service accounts and machines that are to join. */
  readonly authentication?: AuthenticationSettings;
  /** Who decides who may what, one after the other. Default: Node and RBAC. */
  readonly authorizationMode?: readonly AuthorizationMode[];
  /** Which requests are told of, and where. */
  readonly audit?: AuditSettings;
  /** Which API versions are served, as the original's --runtime-config says it; default the stable ones. */
  readonly runtimeConfig?: string;
  /** How kubelets on other machines are reached; what is left out is the cluster's own. */
  readonly kubeletClient?: KubeletClientConfig;
  /** How servers behind the API server know it, and it front proxies; what is left out is the cluster's own. */
  readonly frontProxy?: FrontProxySettings;
  /** Default true. */
  readonly controllers?: boolean;
  /** With an object: profiles and plugins of your own (see `SchedulerOptions`). Default true. */
  readonly scheduler?: boolean | SchedulingOptions;
  /** Simulated nodes; default one, none with `false`. */
  readonly nodes?: NodeOptions | false;
  /** This machine as the one node, with real containers, instead of simulated ones. Needs root. */
  readonly machine?: MachineNodeOptions;
  /**
   * Whether a new cluster with controllers and simulated nodes gets the storage class `standard`, the default of claims
   * that name none. Default true.
   */
  readonly defaultStorageClass?: boolean;
  /** Told what has been done, for those who watch the start. */
  readonly onStep?: (text: string) => void;
}

/** Of what is left out the cluster's own. */
export interface FrontProxySettings extends Omit<FrontProxyOptions, "requestHeader"> {
  readonly requestHeader?: Partial<RequestHeaderConfig>;
}

type Optional =
  | "dataDir"
  | "machine"
  | "encryptionProviderConfig"
  | "etcd"
  | "listenEtcdClient"
  | "advertiseAddress"
  | "endpointReconcilerType"
  | "kubeletClient"
  | "frontProxy"
  | "maxRequestsInFlight"
  | "maxMutatingRequestsInFlight"
  | "enablePriorityAndFairness"
  | "enableBootstrapTokenAuth"
  | "enableAdmissionPlugins"
  | "disableAdmissionPlugins"
  | "admissionControlConfigFile"
  | "audit"
  | "authentication"
  | "authorizationMode"
  | "runtimeConfig";
type Settings = Required<Omit<ClusterOptions, Optional>> & Pick<ClusterOptions, Optional>;

function withDefaults(options: ClusterOptions): Settings {
  return {
    dataDir: options.dataDir,
    machine: options.machine,
    encryptionProviderConfig: options.encryptionProviderConfig,
    etcd: options.etcd,
    listenEtcdClient: options.listenEtcdClient,
    advertiseAddress: options.advertiseAddress,
    kubeletClient: options.kubeletClient,
    frontProxy: options.frontProxy,
    endpointReconcilerType: options.endpointReconcilerType ?? (isShared(options) ? "lease" : undefined),
    encryptionProviderConfigAutomaticReload: options.encryptionProviderConfigAutomaticReload ?? false,
    maxRequestsInFlight: options.maxRequestsInFlight,
    maxMutatingRequestsInFlight: options.maxMutatingRequestsInFlight,
    enablePriorityAndFairness: options.enablePriorityAndFairness,
    enableBootstrapTokenAuth: options.enableBootstrapTokenAuth,
    enableAdmissionPlugins: options.enableAdmissionPlugins,
    disableAdmissionPlugins: options.disableAdmissionPlugins,
    admissionControlConfigFile: options.admissionControlConfigFile,
    audit: options.audit,
    authentication: options.authentication,
    authorizationMode: options.authorizationMode,
    runtimeConfig: options.runtimeConfig,
    name: options.name ?? "sampan",
    host: options.host ?? systemHost({ log: { level: "warn" } }),
    fsync: options.fsync ?? "always",
    port: options.port ?? 0,
    bindAddress: options.bindAddress ?? "127.0.0.1",
    serviceClusterIPRange: options.serviceClusterIPRange ?? "10.96.0.0/16",
    clusterCIDR: options.clusterCIDR ?? "10.244.0.0/16",
    controllers: options.controllers ?? true,
    scheduler: options.scheduler ?? true,
    nodes: options.machine === undefined && (options.nodes ?? { count: 1 }),
    defaultStorageClass: options.defaultStorageClass ?? true,
    onStep: options.onStep ?? (() => {}),
  };
}

/** Whether other API servers may write to the cluster's store. */
function isShared({ etcd, listenEtcdClient }: Pick<ClusterOptions, "etcd" | "listenEtcdClient">): boolean {
  return etcd !== undefined || listenEtcdClient !== undefined;
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

/** As kubeadm sets `--kubelet-preferred-address-types`: names of machines lead nowhere without a DNS that knows them. */
const kubeletAddressTypes = ["InternalIP", "ExternalIP", "Hostname"];

const administrator: UserInfo = { name: "admin", groups: ["system:masters", "system:authenticated"] };

/**
 * Starts a cluster: keys, store, API server, then what runs on it. Resolves when it is ready for use: nodes are Ready and
 * pods can be made in the default namespace.
 * @throws DataFolderError, StoreError, ListenError or PodRangeError; nothing is left behind then.
 */
export async function createCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const teardown = new Teardown();
  try {
    return await start(withDefaults(options), teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(options: Settings, teardown: Teardown): Promise<Cluster> {
  const { host, name, dataDir, bindAddress, serviceClusterIPRange, onStep: step } = options;
  const nodeCount = options.nodes === false ? 0 : options.nodes.count;
  const podRange = podRangeFor(options.clusterCIDR, serviceClusterIPRange, nodeCount);

  const admission = await admissionSettings(options); // before anything is made
  const folder = dataDir === undefined ? undefined : DataFolder.open(dataDir);
  if (folder) teardown.add(() => folder.release());
  const serviceIP = firstServiceIP(serviceClusterIPRange);
  // At once: opening the store waits for the disk, making keys does not.
  const opening = openStores(options, teardown);
  const keys = loadOrCreatePki(host, dataDir && join(dataDir, "pki"), { bindAddress, serviceIP });
  const [stores, pki] = await allOrFirstFailure([opening, keys]);
  if (options.etcd) step(`etcd at ${options.etcd.servers.join(", ")}`);
  if (folder) step(`data folder ${folder.path} (${folder.existing ? "continued" : "new"})`);
  else if (!options.etcd) step("in memory only");

  const nodes = await nodesOf(options);
  const server = await startServer(options, stores, pki, nodes, admission);
  teardown.add(() => server.close());
  const url = server.url ?? "";
  step(`API server at ${url}`);
  const etcdServer = await serveEtcd(options, stores.store, teardown);
  if (etcdServer) step(`etcd's API at ${etcdServer}`);

  const client = (user = administrator, userAgent = "sampan") =>
    createClient(directTransport(server.handler, { user, userAgent }));
  const discovery = registryDiscovery(server.kinds);
  const serviceAccountKey = pki.serviceAccount.privateKey;
  const components = { host, client, discovery, ca: pki.ca, serviceAccountKey, podRange };
  if (options.controllers) teardown.add(startAllControllers(components, options.nodes !== false));
  if (options.scheduler !== false) {
    teardown.add(startDefaultScheduler(components, options.scheduler === true ? {} : options.scheduler));
  }
  if (nodes) teardown.add(await nodes.start(components));
  // Once: who deletes it does not find it again.
  const isNew = folder?.existing !== true;
  if (options.controllers && options.nodes && options.defaultStorageClass && isNew) {
    await createDefaultStorageClass(components);
  }
  if (options.controllers) {
    await untilUsable(components);
    step(`controllers, scheduler, ${options.machine === undefined ? `${nodeCount} nodes` : "this machine as a node"}`);
  }
  folder?.saveState({ name, url });
  return { url, kubeconfig: adminEntry(name, url, pki), client, stop: () => teardown.run() };
}

async function nodesOf({ machine, nodes, dataDir, etcd }: Settings): Promise<ClusterNodes | undefined> {
  if (machine !== undefined) {
    // A cluster of simulated nodes does not wait for what drives a machine to load.
    const { MachineNode } = await import("./machine-node.ts");
    return new MachineNode(machine, dataDir === undefined && etcd === undefined);
  }
  return nodes ? new SimulatedNodes(nodes) : undefined;
}

/** Waits for both also when one fails: what the other opened must be known to the teardown. */
async function allOrFirstFailure<A, B>(work: [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** @throws AdmissionConfigError */
async function admissionSettings(options: Settings): Promise<AdmissionSettings> {
  const { enableAdmissionPlugins, disableAdmissionPlugins, admissionControlConfigFile: file } = options;
  chosenAdmissionPlugins({ enable: enableAdmissionPlugins, disable: disableAdmissionPlugins });
  const admissionConfiguration = file === undefined ? undefined : await readAdmissionConfiguration(file);
  return { enableAdmissionPlugins, disableAdmissionPlugins, admissionConfiguration };
}

type AdmissionSettings = Pick<
  ApiServerConfig,
  "enableAdmissionPlugins" | "disableAdmissionPlugins" | "admissionConfiguration"
>;

function frontProxyOptions({ frontProxy: own }: Pki, settings: FrontProxySettings = {}): FrontProxyOptions {
  const { requestHeader, ...rest } = settings;
  const given = Object.fromEntries(Object.entries(requestHeader ?? {}).filter(([, value]) => value !== undefined));
  return { ...own.client, ...rest, requestHeader: { ...defaultRequestHeaders, clientCa: own.ca.cert, ...given } };
}

/** Components of this process are well as long as it is; others are asked. */
function ownComponents({ host, controllers, scheduler }: Settings): ComponentCheck[] {
  const own = [...(scheduler === false ? [] : ["scheduler"]), ...(controllers ? ["controller-manager"] : [])];
  return usualComponents(host.clock).map((usual) => (own.includes(usual.name) ? { ...usual, check: () => {} } : usual));
}

async function startServer(
  options: Settings,
  { store, elsewhere }: OpenedStores,
  pki: Pki,
  nodes: ClusterNodes | undefined,
  admission: AdmissionSettings,
): Promise<ApiServer> {
  const { host, port, bindAddress, maxRequestsInFlight, maxMutatingRequestsInFlight } = options;
  const server = createApiServer({
    host,
    store,
    kinds: createKindRegistry(servedKinds(builtinKinds(), options.runtimeConfig)),
    stores: elsewhere,
    nodes,
    tls: { ...pki.apiserver, clientCa: pki.ca.cert },
    serviceAccountKey: pki.serviceAccount.privateKey,
    kubeletClient: { ...pki.kubeletClient, preferredAddressTypes: kubeletAddressTypes, ...options.kubeletClient },
    frontProxy: frontProxyOptions(pki, options.frontProxy),
    components: ownComponents(options),
    config: {
      ...admission,
      ...(await openAuthentication(host, options.authentication)),
      authorizationMode: options.authorizationMode,
      audit: await openAudit(host, options.audit),
      maxRequestsInFlight,
      maxMutatingRequestsInFlight,
      enablePriorityAndFairness: options.enablePriorityAndFairness,
      enableBootstrapTokenAuth: options.enableBootstrapTokenAuth,
      serviceClusterIPRange: options.serviceClusterIPRange,
      advertiseAddress: options.advertiseAddress ?? advertiseAddress(bindAddress),
      endpointReconcilerType: options.endpointReconcilerType,
      hostname: hostname(),
      sharedStore: isShared(options),
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
