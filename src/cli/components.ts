import { createClient, httpTransport, loadKubeconfig, type Transport, transportDiscovery } from "../client/index.ts";
import { controllerNames, startControllers } from "../controllers/index.ts";
import { type Host, type LogLevel, systemHost } from "../host/index.ts";
import { startScheduler } from "../scheduler/index.ts";
import { untilStopped } from "./signals.ts";
import { CommandError, type Surroundings } from "./surroundings.ts";

/** Flags of components that run on their own against any Kubernetes. */
export interface ComponentFlags {
  readonly kubeconfig: string;
  readonly context?: string;
  readonly kubeApiQps: number;
  readonly kubeApiBurst: number;
  readonly logLevel: LogLevel;
}

/** `sampan controller-manager` */
export async function controllerManager(
  flags: ComponentFlags & { readonly controllers: string; readonly clusterCidr: string },
  around: Surroundings,
): Promise<void> {
  const only = chosenControllers(flags.controllers);
  const { host, transport, rootCA } = await connect(flags, "kube-controller-manager");
  const running = startControllers({
    client: createClient(transport),
    discovery: transportDiscovery(transport),
    host,
    config: { rootCA, clusterCIDR: flags.clusterCidr },
    only,
  });
  await serve(running, host, around, `controllers: ${only.join(", ")}`);
  transport.close?.();
}

/** `sampan scheduler` */
export async function scheduler(flags: ComponentFlags, around: Surroundings): Promise<void> {
  const { host, transport } = await connect(flags, "kube-scheduler");
  await serve(startScheduler({ client: createClient(transport), host }), host, around, "scheduler");
  transport.close?.();
}

async function connect(
  flags: ComponentFlags,
  userAgent: string,
): Promise<{ host: Host; transport: Transport; rootCA: string | undefined }> {
  const host = systemHost({ log: { level: flags.logLevel } });
  const config = await loadKubeconfig(flags.kubeconfig, flags.context).catch((error: Error) => {
    throw new CommandError(error.message);
  });
  const { kubeApiQps: qps, kubeApiBurst: burst } = flags;
  const rateLimit = qps > 0 ? { qps, burst: Math.max(1, burst || qps) } : undefined;
  const transport = httpTransport(config, { host, userAgent: `${userAgent}/sampan`, rateLimit });
  // Fails now, in one line, rather than later in every retry.
  await transport.getPath?.("/version").catch((error: Error) => {
    throw new CommandError(`cannot reach ${config.server}: ${error.message}`);
  });
  return { host, transport, rootCA: config.ca };
}

async function serve(
  running: { stop(): Promise<void> },
  host: Host,
  around: Surroundings,
  what: string,
): Promise<void> {
  host.log.info("started", { what });
  await untilStopped(around);
  await running.stop();
}

/** `*`, `name` and `-name`, as the original reads --controllers. @throws CommandError for a name that there is not. */
export function chosenControllers(list: string): string[] {
  const words = list.split(",").filter((word) => word !== "");
  const unknown = words.find((word) => word !== "*" && !controllerNames.includes(word.replace(/^-/, "")));
  if (unknown !== undefined) {
    throw new CommandError(
      `there is no controller ${unknown.replace(/^-/, "")}; there are: ${controllerNames.join(", ")}`,
    );
  }
  return controllerNames.filter((name) => {
    if (words.includes(name)) return true;
    return words.includes("*") && !words.includes(`-${name}`);
  });
}
