import { builtinKinds, createKindRegistry, type KindRegistry, servedKinds } from "../api/kinds/index.ts";
import { isReason } from "../api/meta/index.ts";
import { type Host, withTimeout } from "../host/index.ts";
import type { Store } from "../store/index.ts";
import {
  type AdmissionChain,
  type AdmissionPlugin,
  createAdmissionChain,
  createAdmissionPlugins,
  createLookup,
} from "./admission/index.ts";
import { serviceCompanions } from "./allocation/index.ts";
import { type Audit, auditedHandler } from "./audit/index.ts";
import {
  type AnonymousConfig,
  type AuthorizationMode,
  type Authorizer,
  attributesOfRequest,
  authorizersOf,
  BootstrapTokens,
  ClientCertificates,
  createAuthenticator,
  createOnUpdateCheck,
  defaultAuthorizationModes,
  escalationCheck,
  Impersonator,
  LegacyTokenUses,
  NodeAuthorizer,
  RbacAuthorizer,
  RbacIndex,
  type RequestHeaderConfig,
  RequestHeaders,
  reconcileDefaultPolicy,
  requireAllowed,
  requireAllowedAndTell,
  rulesReviewer,
  SigningKey,
  TokenIssuer,
  type TokenUsers,
  TokenVerifier,
  tokenReviewer,
  unionAuthorizer,
} from "./auth/index.ts";
import { bootstrapCluster } from "./bootstrap/index.ts";
import { type ComponentCheck, usualComponents, withComponentStatuses } from "./component-statuses.ts";
import { publishedDescriptions } from "./discovery/index.ts";
import {
  AggregatingProxy,
  delegatingHandler,
  keepLocalServices,
  RemoteServers,
} from "./extensions/aggregation/index.ts";
import { Conversions, serveCustomResources } from "./extensions/custom-resources/index.ts";
import { ServiceClient, type ServiceRouting } from "./extensions/service-client/index.ts";
import { webhookPlugins } from "./extensions/webhooks/index.ts";
import { FlowController, flowDumps, InFlightLimiter, type InFlightLimits, inFlightLimits } from "./flow/index.ts";
import { createApiHandler, type WriteCompanion } from "./handlers/index.ts";
import { addServerChecks } from "./health-checks.ts";
import {
  type DelegatedServers,
  DiscoveryRoutes,
  type HealthCheck,
  HealthChecks,
  KubeletClient,
  type KubeletClientConfig,
  type Listener,
  listen,
  type NodeConnector,
  OpenApiRoutes,
  PathRoutes,
  RequestMetrics,
  RequestPipeline,
  registerFlowDumps,
  registerIndex,
  registerMetrics,
  registerTokenDiscovery,
  registerVersion,
  serverVersion,
  type TlsFiles,
  upgrader,
} from "./http/index.ts";
import {
  type Keeper,
  keepFlowSchemas,
  keepIdentityLease,
  keepKubernetesEndpoints,
  markTokenTracking,
  noteTokenUse,
} from "./keepers/index.ts";
import { OpenWatches } from "./open-watches.ts";
import type { ApiHandler, ApiRequest } from "./request.ts";

export interface ApiServerConfig extends Partial<InFlightLimits> {
  /** Whom tokens name as their issuer, and their default audience. */
  readonly serviceAccountIssuer?: string;
  /** Further audiences that the API server accepts. */
  readonly apiAudiences?: readonly string[];
  /** Default true. */
  readonly anonymousAuth?: boolean | AnonymousConfig;
  /** Who decides who may what, one after the other. Default: Node and RBAC. */
  readonly authorizationMode?: readonly AuthorizationMode[];
  /** Users by their tokens, beside service accounts and machines that are to join. */
  readonly tokenUsers?: readonly TokenUsers[];
  /** Whether machines that are to join may say so by the tokens in kube-system. Default true. */
  readonly enableBootstrapTokenAuth?: boolean;
  /** First and last; default 30000 and 32767. */
  readonly serviceNodePortRange?: readonly [number, number];
  /** How long a stop waits for requests in flight. */
  readonly shutdownGraceMs?: number;
  /** Default 10.96.0.0/16. */
  readonly serviceClusterIPRange?: string;
  /** The endpoint of the kubernetes service; without it the service has none. The port is the first listener's. */
  readonly advertiseAddress?: string;
  /** Whether other API servers write to the same store: node ports are claimed then. */
  readonly sharedStore?: boolean;
  /**
   * Who keeps the endpoints of the kubernetes service: "lease", all API servers of one store together; "none", nobody.
   * Absent: this server tells of itself at its start, being the only one.
   */
  readonly endpointReconcilerType?: "lease" | "none";
  /** Whether requests are sorted by flow schemas and levels; otherwise only reads and writes are bounded. Default true. */
  readonly enablePriorityAndFairness?: boolean;
  /** Of this machine: a lease tells that its API server is there. Without it none does. */
  readonly hostname?: string;
  /** By the original's names, beside those that are on by default. */
  readonly enableAdmissionPlugins?: readonly string[];
  /** By the original's names. */
  readonly disableAdmissionPlugins?: readonly string[];
  /** By plugin: what readAdmissionConfiguration gives. */
  readonly admissionConfiguration?: ReadonlyMap<string, unknown>;
  /** Told of requests; closed with the server. */
  readonly audit?: Audit;
}

/** How this server and others that stand before or behind it know each other. */
export interface FrontProxyOptions {
  /** PEM of the certificate by which servers behind this one know it, and its key. */
  readonly cert?: string;
  readonly key?: string;
  /** How a front proxy is known: by this server, and by those behind it. */
  readonly requestHeader?: RequestHeaderConfig;
  /** How services are reached that stand behind API groups. Default: at their endpoints. */
  readonly routing?: ServiceRouting;
}

export interface ApiServerOptions {
  readonly host: Host;
  readonly store: Store;
  /** Resources that are kept in another store, by storage prefix (`--etcd-servers-overrides`). */
  readonly stores?: ReadonlyMap<string, Store>;
  /** Default: the built-in kinds. */
  readonly kinds?: KindRegistry;
  readonly tls?: TlsFiles;
  /** PEM of the private key that signs service account tokens: RSA, or EC on P-256. */
  readonly serviceAccountKey: string;
  readonly config?: ApiServerConfig;
  /** Default: the plugins that are on by default. */
  readonly admission?: AdmissionChain;
  /** By storage prefix: allocations and what is written beside an object. Default: addresses and ports of services. */
  readonly companions?: ReadonlyMap<string, WriteCompanion>;
  /** The nodes of this process. */
  readonly nodes?: NodeConnector;
  /** How other nodes' kubelets are reached. */
  readonly kubeletClient?: KubeletClientConfig;
  readonly frontProxy?: FrontProxyOptions;
  /** What `kubectl get componentstatuses` asks. Default: scheduler and controller manager on their ports of this machine. */
  readonly components?: readonly ComponentCheck[];
}

export interface ListenAddress {
  /** 0 takes a free port. */
  readonly port: number;
  readonly bindAddress: string;
}

/** A whole API server over a store, in process and over HTTPS. */
export interface ApiServer {
  /** For callers of the same process: authorized as the request's user like all others, without HTTP. */
  readonly handler: ApiHandler;
  /** Without authorization: for what the cluster itself writes while it starts. */
  readonly trusted: ApiHandler;
  readonly authorizer: Authorizer;
  readonly kinds: KindRegistry;
  readonly tokens: TokenIssuer;
  readonly health: HealthChecks;
  /**
   * Writes what a cluster starts with and begins to follow the RBAC objects. Before it nobody but system:masters may do
   * anything. Call it after listen(), whose port the kubernetes service tells.
   */
  bootstrap(): Promise<void>;
  listen(address: ListenAddress): Promise<Listener>;
  /** Of the first listener. */
  readonly url: string | undefined;
  /** No new connections; requests are finished, watches ended. Leaves the store open. */
  close(): Promise<void>;
}

const defaultIssuer = "https://kubernetes.default.svc.cluster.local";
const defaultShutdownGraceMs = 5000;
/** The original's --etcd-healthcheck-timeout. */
const storeHealthTimeoutMs = 2000;

export function createApiServer(options: ApiServerOptions): ApiServer {
  return new ComposedApiServer(options);
}

class ComposedApiServer implements ApiServer {
  readonly handler: ApiHandler;
  readonly trusted: ApiHandler;
  readonly authorizer: Authorizer;
  readonly kinds: KindRegistry;
  readonly tokens: TokenIssuer;
  readonly health = new HealthChecks();
  readonly #options: ApiServerOptions;
  readonly #rbac: RbacIndex;
  readonly #nodes: NodeAuthorizer;
  readonly #pipeline: RequestPipeline;
  readonly #upgrade: ReturnType<typeof upgrader>;
  readonly #services: ServiceClient;
  readonly #flow: FlowController | undefined;
  /** Calls servers behind this one: it shows the front proxy's certificate. */
  readonly #behind: ServiceClient;
  readonly #remote: RemoteServers;
  readonly #watches = new OpenWatches();
  readonly #listeners: Listener[] = [];
  readonly #keepers: Keeper[] = [];
  #bootstrapped = false;
  #closing: Promise<void> | undefined;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    const { host, store, config = {}, serviceAccountKey, companions, nodes } = options;
    const { serviceAccountIssuer: issuer = defaultIssuer, serviceClusterIPRange } = config;
    const { serviceNodePortRange: nodePortRange, sharedStore } = config;
    const audiences = [...new Set([issuer, ...(config.apiAudiences ?? [])])];
    const key = new SigningKey(serviceAccountKey);
    const uses = new LegacyTokenUses(host, (secret, label, day) =>
      noteTokenUse({ handler: this.trusted, host }, secret, label, day),
    );
    const verifier = new TokenVerifier(host, store, key, issuer, audiences, uses);
    const joining = config.enableBootstrapTokenAuth === false ? [] : [new BootstrapTokens(host, store)];
    const others = [...joining, ...(config.tokenUsers ?? [])];
    this.#rbac = new RbacIndex(store, host);
    const rbac = new RbacAuthorizer(this.#rbac);
    this.kinds = options.kinds ?? createKindRegistry(servedKinds(builtinKinds()));
    this.tokens = new TokenIssuer(host, key, issuer, audiences);
    this.#nodes = new NodeAuthorizer(store, host);
    this.authorizer = unionAuthorizer(
      ...authorizersOf(config.authorizationMode ?? defaultAuthorizationModes, { node: this.#nodes, rbac }),
    );
    this.#flow = flowController(host, config);
    this.#services = new ServiceClient({ host, store, dialPod: nodes && ((ip, port) => nodes.dialPod(ip, port)) });
    const admission = options.admission ?? createAdmissionChain(this.#plugins(rbac));
    const conversions = new Conversions({ host, services: this.#services });
    const objects = createApiHandler({
      host,
      store,
      stores: options.stores,
      storeFor: (kind, own) => conversions.storeFor(kind, own),
      kinds: this.kinds,
      admission,
      companions:
        companions ??
        serviceCompanions({ host, store, kinds: this.kinds, serviceClusterIPRange, nodePortRange, sharedStore }),
      authorizer: this.authorizer,
      tokens: this.tokens,
      reviews: { rules: rulesReviewer(rbac), tokens: tokenReviewer(verifier, others, audiences) },
    });
    const components = [...(options.components ?? usualComponents(host.clock)), this.#storeCheck("etcd-0")];
    const bare = withComponentStatuses(objects, this.kinds, components);
    const { cert, key: proxyKey, requestHeader, routing } = options.frontProxy ?? {};
    const credentials = () => ({ cert, key: proxyKey });
    const dialPod = nodes && ((ip: string, port: number) => nodes.dialPod(ip, port));
    this.#behind = new ServiceClient({ host, store, dialPod, routing, credentials });
    this.#remote = new RemoteServers({ host, store, kinds: this.kinds, handler: bare, calls: this.#behind });
    const remote = { kinds: this.kinds, servers: this.#remote, calls: this.#behind, log: host.log };
    this.trusted = this.#watches.following(delegatingHandler(bare, remote));
    const authorized = authorizing(this.trusted, this.authorizer);
    this.handler = config.audit === undefined ? authorized : auditedHandler(authorized, config.audit, host);
    const delegates = new AggregatingProxy(this.#remote, this.#behind);
    const pipeline = {
      host,
      handler: this.trusted,
      kinds: this.kinds,
      authenticator: createAuthenticator({
        requestHeaders:
          requestHeader &&
          new RequestHeaders(requestHeader, new ClientCertificates(host.clock, requestHeader.clientCa)),
        certificates: new ClientCertificates(host.clock, requestHeader && (options.tls?.clientCa ?? "")),
        tokens: verifier,
        others,
        anonymousAuth: config.anonymousAuth ?? true,
      }),
      impersonator: new Impersonator(this.authorizer),
      authorizer: this.authorizer,
      limiter: this.#flow ?? new InFlightLimiter(host, config),
      paths: this.#routes(key, issuer, delegates),
      metrics: new RequestMetrics(host),
      admission,
      kubelets: new KubeletClient(this.trusted, options.kubeletClient, nodes),
      delegates,
      audit: config.audit,
    };
    this.#pipeline = new RequestPipeline(pipeline);
    this.#upgrade = upgrader(pipeline, this.#pipeline.serve);
  }

  #plugins(rbac: RbacAuthorizer): AdmissionPlugin[] {
    const { host, store, config = {} } = this.#options;
    const { enableAdmissionPlugins: enable, disableAdmissionPlugins: disable } = config;
    const { kinds, authorizer } = this;
    const createNamespace = (name: string) => this.#createNamespace(name);
    const lookup = createLookup(store, kinds);
    const configurations = config.admissionConfiguration;
    const services = this.#services;
    const others = webhookPlugins({ host, store, kinds, authorizer, lookup, services, configurations });
    const options = { host, store, kinds, authorizer, createNamespace, configurations, others };
    const access = [createOnUpdateCheck(authorizer), escalationCheck(authorizer, rbac)];
    return [...createAdmissionPlugins(options, { enable, disable }), ...access];
  }

  async #createNamespace(name: string): Promise<void> {
    const user = { name: "system:apiserver", groups: ["system:masters"] };
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    const target = { group: "", version: "v1", resource: "namespaces" };
    try {
      await this.trusted.handle({ ...target, verb: "create", options: {}, user, body });
    } catch (error) {
      if (!isReason(error, "AlreadyExists")) throw error;
    }
  }

  get url(): string | undefined {
    return this.#listeners[0]?.url;
  }

  async bootstrap(): Promise<void> {
    const { host, store, tls, config = {} } = this.#options;
    const { serviceClusterIPRange, advertiseAddress: address, endpointReconcilerType } = config;
    const port = this.#listeners[0]?.port;
    const advertised = address === undefined || port === undefined ? undefined : { address, port };
    await Promise.all([
      bootstrapCluster({
        host,
        handler: this.trusted,
        serviceClusterIPRange,
        advertised,
        listsEndpoints: endpointReconcilerType === undefined,
        clientCa: tls?.clientCa,
        requestHeader: this.#options.frontProxy?.requestHeader,
      }),
      reconcileDefaultPolicy(host, store),
    ]);
    await this.#rbac.start();
    await Promise.all([
      this.#startKeepers(),
      markTokenTracking({ host, store, kinds: this.kinds, handler: this.trusted }),
    ]);
    if (endpointReconcilerType === "lease" && advertised !== undefined) {
      const options = { host, store, kinds: this.kinds, handler: this.trusted };
      this.#keepers.push(await keepKubernetesEndpoints(options, advertised));
    }
    this.#bootstrapped = true;
  }

  async #startKeepers(): Promise<void> {
    const { host, store, config = {} } = this.#options;
    const options = { host, store, kinds: this.kinds, handler: this.trusted };
    const definitions = serveCustomResources({ ...options, sharedStore: config.sharedStore });
    const keepers = [keepFlowSchemas(options, this.#flow), definitions];
    this.#keepers.push(...(await Promise.all(keepers)));
    this.#keepers.push(await keepLocalServices(options), this.#remote);
    const { hostname } = this.#options.config ?? {};
    if (hostname !== undefined) this.#keepers.push(keepIdentityLease(options, hostname));
    await this.#remote.start();
    if (this.#closing !== undefined) await this.#closeKeepers();
  }

  async listen(address: ListenAddress): Promise<Listener> {
    const { tls, host } = this.#options;
    if (tls === undefined) throw new Error("an API server without TLS key and certificate cannot listen");
    const proxyCa = this.#options.frontProxy?.requestHeader?.clientCa;
    const clientCa = proxyCa === undefined ? tls.clientCa : `${tls.clientCa ?? ""}\n${proxyCa}`;
    const listener = await listen({
      ...address,
      tls: { ...tls, clientCa },
      log: host.log,
      onExchange: this.#pipeline.serve,
      onUpgrade: this.#upgrade,
    });
    this.#listeners.push(listener);
    return listener;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { host, config = {} } = this.#options;
    // First, while requests are still answered: this server takes its address from the kubernetes service.
    await atMost(host, this.#closeKeepers(), config.shutdownGraceMs ?? defaultShutdownGraceMs);
    for (const listener of this.#listeners) listener.stop();
    this.#watches.endAll();
    const drained = Promise.all(this.#listeners.map((listener) => listener.drain()));
    await atMost(host, drained, config.shutdownGraceMs ?? defaultShutdownGraceMs);
    for (const listener of this.#listeners) listener.destroy();
    this.#flow?.close();
    this.#services.close();
    this.#behind.close();
    this.#rbac.close();
    this.#nodes.close();
    config.audit?.close();
  }

  async #closeKeepers(): Promise<void> {
    await Promise.all(this.#keepers.map((keeper) => keeper.close()));
  }

  #routes(key: SigningKey, issuer: string, delegates: DelegatedServers): PathRoutes {
    const { host } = this.#options;
    const routes = new PathRoutes();
    addServerChecks(this.health, {
      isBootstrapped: () => this.#bootstrapped,
      isClosing: () => this.#closing !== undefined,
      etcd: this.#storeCheck("etcd"),
    });
    new DiscoveryRoutes(this.kinds, () => new URL(this.url ?? "https://127.0.0.1").host).register(routes);
    const openApi = { gitVersion: serverVersion.gitVersion, descriptions: publishedDescriptions };
    new OpenApiRoutes(this.kinds, openApi, delegates).register(routes);
    this.health.register(routes, host.metrics.contentType);
    registerVersion(routes);
    if (this.#flow !== undefined) registerFlowDumps(routes, flowDumps(this.#flow));
    registerMetrics(routes, host);
    registerTokenDiscovery(routes, key, issuer);
    registerIndex(routes);
    return routes;
  }

  #storeCheck(name: string): HealthCheck {
    const { store, host } = this.#options;
    const check = () => withTimeout(host.clock, storeHealthTimeoutMs, () => store.get("/registry/health"));
    return { name, check: async () => void (await check()) };
  }
}

function authorizing(handler: ApiHandler, authorizer: Authorizer): ApiHandler {
  const allow = (request: ApiRequest): void => {
    const attributes = attributesOfRequest(request);
    if (request.audit === undefined) requireAllowed(authorizer, attributes);
    else requireAllowedAndTell(authorizer, attributes, request.audit);
  };
  return {
    async handle(request) {
      allow(request);
      return handler.handle(request);
    },
    async watch(request, sink) {
      allow(request);
      return handler.watch(request, sink);
    },
  };
}

/** Undefined where nothing is bounded, or only reads and writes are. */
function flowController(host: Host, config: ApiServerConfig): FlowController | undefined {
  const { maxRequestsInFlight, maxMutatingRequestsInFlight } = inFlightLimits(config);
  const seats = maxRequestsInFlight + maxMutatingRequestsInFlight;
  return seats > 0 && config.enablePriorityAndFairness !== false ? new FlowController(host, seats) : undefined;
}

async function atMost(host: Host, work: Promise<unknown>, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = host.clock.setTimer(ms, resolve);
    const done = (): void => {
      timer.cancel();
      resolve();
    };
    work.then(done, done);
  });
}
