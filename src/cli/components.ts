import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import {
  type ConnectionConfig,
  createClient,
  createEventRecorder,
  type HttpTransportOptions,
  httpTransport,
  loadKubeconfig,
  runWhenLeading,
  type Transport,
  transportDiscovery,
} from "../client/index.ts";
import {
  type ControllersConfig,
  cloudControllers,
  controllerAliases,
  controllerNames,
  controllersOffByDefault,
  startControllers,
} from "../controllers/index.ts";
import { type Host, type LogLevel, sleep, systemHost } from "../host/index.ts";
import { accountClients } from "./account-credentials.ts";
import { type ServingFlags, serveComponent } from "./component-server.ts";
import { type ControllerFlags, controllersConfig } from "./controller-options.ts";
import { untilStopped } from "./signals.ts";
import { CommandError, type Surroundings } from "./surroundings.ts";

/** Flags of components that run on their own against any Kubernetes. */
export interface ComponentFlags extends ServingFlags {
  /** Without it, where kubectl looks. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly kubeApiQps: number;
  readonly kubeApiBurst: number;
  readonly logLevel: LogLevel;
  readonly leaderElect: boolean;
  readonly leaderElectResourceName?: string;
  readonly leaderElectResourceNamespace: string;
  /** Milliseconds. */
  readonly leaderElectLeaseDuration: number;
  readonly leaderElectRenewDeadline: number;
  readonly leaderElectRetryPeriod: number;
}

/** `sampan controller-manager` */
export async function controllerManager(flags: ComponentFlags & ControllerFlags, around: Surroundings): Promise<void> {
  const chosen = chosenControllers(flags.controllers);
  const only = flags.allocateNodeCidrs ? chosen : chosen.filter((name) => name !== "node-ipam-controller");
  const files = await readFiles(flags);
  await runComponent("kube-controller-manager", flags, around, ({ host, transport, config, options }) => {
    const client = createClient(transport);
    const accounts = flags.useServiceAccountCredentials ? accountClients(config, options, client) : undefined;
    const running = startControllers({
      client,
      clientFor: accounts?.clientFor,
      discovery: transportDiscovery(transport),
      host,
      config: controllersConfig(flags, { ...files, rootCA: files.rootCA ?? config.ca }),
      only,
    });
    return {
      stop: async () => {
        await running.stop();
        accounts?.close();
      },
    };
  });
}

async function readFiles(flags: ControllerFlags): Promise<ControllerFiles> {
  const read = async (file: string | undefined): Promise<string | undefined> => {
    if (file === undefined) return undefined;
    return readFile(file, "utf8").catch((error: Error) => {
      throw new CommandError(error.message);
    });
  };
  const cert = await read(flags.clusterSigningCertFile);
  const key = await read(flags.clusterSigningKeyFile);
  if ((cert === undefined) !== (key === undefined)) {
    throw new CommandError("--cluster-signing-cert-file and --cluster-signing-key-file go together");
  }
  const maxDurationMs = flags.clusterSigningDuration;
  return {
    rootCA: await read(flags.rootCaFile),
    serviceAccountPrivateKey: await read(flags.serviceAccountPrivateKeyFile),
    clusterSigning: cert === undefined || key === undefined ? undefined : { cert, key, maxDurationMs },
  };
}

type ControllerFiles = Pick<ControllersConfig, "rootCA" | "serviceAccountPrivateKey" | "clusterSigning">;

export interface Connection {
  readonly host: Host;
  readonly transport: Transport;
  /** Of the kubeconfig's context. */
  readonly namespace: string | undefined;
  readonly config: ConnectionConfig;
  readonly options: HttpTransportOptions;
}

/**
 * Runs a component until it is told to stop, with leader election only while it leads. Who has lost the lead ends with an
 * error, as the original: others lead now, and whatever supervises this process starts it again as a candidate.
 */
export async function runComponent(
  name: string,
  flags: ComponentFlags,
  around: Surroundings,
  start: (connection: Connection) => { stop(): Promise<void> } | Promise<{ stop(): Promise<void> }>,
): Promise<void> {
  const connection = await connect(flags, name);
  const { host, transport } = connection;
  let lostLead: string | undefined;
  const leading = host.metrics
    .gauge({ name: "leader_election_master_status", help: "1 while this process leads.", labels: ["name"] })
    .labels(name);
  leading.set(0);
  const server = await serveComponent({
    name,
    host,
    client: createClient(transport),
    flags,
    checks: { ping: () => undefined, leaderElection: () => lostLead },
  });
  const stopping = new AbortController();
  void untilStopped(around).then(() => stopping.abort());
  const lead = async (signal: AbortSignal) => {
    const running = await start(connection);
    host.log.info("started", { component: name });
    leading.set(1);
    await aborted(signal);
    leading.set(0);
    if (stopping.signal.aborted) return running.stop();
    lostLead = "the lead was lost";
    // Others lead when the lease has run out: what has not ended by then ends with the process.
    const leftMs = Math.max(0, flags.leaderElectLeaseDuration - flags.leaderElectRenewDeadline);
    await Promise.race([running.stop(), sleep(host.clock, leftMs)]);
  };
  try {
    if (flags.leaderElect) {
      const identity = `${hostname()}_${host.random.uuid()}`;
      const client = createClient(transport);
      const namespace = flags.leaderElectResourceNamespace;
      const leaseName = flags.leaderElectResourceName ?? name;
      host.log.info("waiting for the lead", { lease: `${namespace}/${leaseName}`, identity });
      await runWhenLeading(
        {
          client,
          host,
          namespace,
          name: leaseName,
          identity,
          leaseDurationMs: flags.leaderElectLeaseDuration,
          renewDeadlineMs: flags.leaderElectRenewDeadline,
          retryPeriodMs: flags.leaderElectRetryPeriod,
          signal: stopping.signal,
        },
        async (signal) => {
          const events = createEventRecorder({ client, host, component: name, instance: identity });
          const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace, name: leaseName };
          events.event(lease, "Normal", "LeaderElection", `${identity} became leader`);
          await lead(signal);
          if (stopping.signal.aborted) await events.stop();
        },
      );
    } else {
      await lead(stopping.signal);
    }
  } finally {
    // Also after a failure: what is open would keep the process.
    await server?.close();
    transport.close?.();
  }
  if (!stopping.signal.aborted) throw new CommandError(`leader election lost: another ${name} leads now`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

type ConnectionFlags = Pick<ComponentFlags, "kubeconfig" | "context" | "kubeApiQps" | "kubeApiBurst" | "logLevel">;

export async function connect(flags: ConnectionFlags, userAgent: string): Promise<Connection> {
  const host = systemHost({ log: { level: flags.logLevel } });
  const config = await loadKubeconfig(flags.kubeconfig, flags.context).catch((error: Error) => {
    throw new CommandError(error.message);
  });
  const { kubeApiQps: qps, kubeApiBurst: burst } = flags;
  const rateLimit = qps > 0 ? { qps, burst: Math.max(1, burst || qps) } : undefined;
  const options = { host, userAgent: `${userAgent}/sampan`, rateLimit };
  const transport = httpTransport(config, options);
  // Fails now, in one line, rather than later in every retry.
  await transport.getPath?.("/version").catch((error: Error) => {
    throw new CommandError(`cannot reach ${config.server}: ${error.message}`);
  });
  return { host, transport, namespace: config.namespace, config, options };
}

/** `*`, `name` and `-name`, as the original reads --controllers. @throws CommandError for a name that there is not. */
export function chosenControllers(list: string): string[] {
  const words = list
    .split(",")
    .filter((word) => word !== "")
    .map(withoutAlias);
  return controllerNames.filter((name) => {
    if (words.includes(name)) return true;
    return words.includes("*") && !words.includes(`-${name}`) && !controllersOffByDefault.has(name);
  });
}

/** A word of --controllers under the name that its controller has today. */
function withoutAlias(word: string): string {
  const sign = word.startsWith("-") ? "-" : "";
  const asked = word.slice(sign.length);
  const name = controllerAliases[asked] ?? asked;
  if (word === "*" || controllerNames.includes(name)) return sign + name;
  if (cloudControllers.has(name)) {
    if (sign !== "") return word; // it does not run anyway
    throw new CommandError(`${name} needs a cloud provider, and there is none`);
  }
  throw new CommandError(`there is no controller ${name}; there are: ${controllerNames.join(", ")}`);
}
