import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { isReason, parseDuration } from "../api/meta/index.ts";
import { createClient } from "../client/index.ts";
import {
  type CompleteConfiguration,
  createHttpExtender,
  explainPod,
  explanationText,
  parseConfiguration,
  profilesOf,
  SchedulerConfigError,
  startScheduler,
} from "../scheduler/index.ts";
import { type ComponentFlags, type Connection, connect, runComponent } from "./components.ts";
import { CommandError, type Surroundings } from "./surroundings.ts";

type SchedulerFlags = ComponentFlags & { readonly config?: string };

/** `sampan scheduler`: what the command line says explicitly counts more than the file. */
export async function scheduler(command: Command, around: Surroundings): Promise<void> {
  const flags: SchedulerFlags = command.opts();
  const config = flags.config === undefined ? undefined : await readConfig(flags.config);
  const isGiven = (name: keyof SchedulerFlags) => command.getOptionValueSource(name) === "cli";
  const merged = config ? withConfig(flags, config, isGiven) : flags;
  await runComponent("kube-scheduler", merged, around, async ({ host, transport }) =>
    startScheduler({
      client: createClient(transport),
      host,
      without: await unserved(transport),
      ...(config && {
        profiles: profilesOf(config),
        extenders: config.extenders.map((extender) => createHttpExtender(extender, host.clock)),
        backoffInitialMs: config.podInitialBackoffSeconds * 1000,
        backoffMaxMs: config.podMaxBackoffSeconds * 1000,
      }),
    }),
  );
}

type ExplainFlags = SchedulerFlags & { readonly namespace?: string; readonly output: "table" | "json" };

/** `sampan scheduler explain pod/NAME` */
export async function explain(target: string, command: Command, around: Surroundings): Promise<void> {
  const flags: ExplainFlags = command.optsWithGlobals();
  const name = /^(?:pods?|po)\/([^/]+)$/.exec(target)?.[1];
  if (name === undefined) throw new CommandError(`${target} is no pod; write pod/NAME`);
  const config = flags.config === undefined ? undefined : await readConfig(flags.config);
  const kubeconfig = flags.kubeconfig ?? (config?.clientConnection.kubeconfig || undefined);
  const to = { ...flags, logLevel: "warn" as const, ...(kubeconfig && { kubeconfig }) };
  const { host, transport, namespace } = await connect(to, "scheduler-explain");
  try {
    const explanation = await explainPod({
      client: createClient(transport),
      host,
      pod: { namespace: flags.namespace ?? namespace ?? "default", name },
      without: await unserved(transport),
      ...(config && { profiles: profilesOf(config) }),
    });
    const json = () => `${JSON.stringify(explanation, undefined, 2)}\n`;
    around.stdout.write(flags.output === "json" ? json() : explanationText(explanation));
  } finally {
    transport.close?.();
  }
}

/** Plugins that an older Kubernetes has no API for. */
async function unserved(transport: Connection["transport"]): Promise<readonly string[]> {
  const devices = await transport.getPath?.("/apis/resource.k8s.io/v1").catch((error: unknown) => {
    if (isReason(error, "NotFound")) return undefined;
    throw error;
  });
  return devices === undefined ? ["DynamicResources"] : [];
}

async function readConfig(file: string): Promise<CompleteConfiguration> {
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw new CommandError(error.message);
  });
  return parseConfiguration(text).catch((error: unknown) => {
    if (error instanceof SchedulerConfigError) throw new CommandError(`${file}: ${error.message}`);
    throw error;
  });
}

function withConfig(
  flags: SchedulerFlags,
  { clientConnection, leaderElection }: CompleteConfiguration,
  isGiven: (name: keyof SchedulerFlags) => boolean,
): SchedulerFlags {
  const fromFile: Partial<SchedulerFlags> = {
    kubeApiQps: clientConnection.qps ?? 0,
    kubeApiBurst: clientConnection.burst ?? 0,
    leaderElect: leaderElection.leaderElect,
    leaderElectResourceName: leaderElection.resourceName,
    leaderElectResourceNamespace: leaderElection.resourceNamespace,
    leaderElectLeaseDuration: parseDuration(leaderElection.leaseDuration),
    leaderElectRenewDeadline: parseDuration(leaderElection.renewDeadline),
    leaderElectRetryPeriod: parseDuration(leaderElection.retryPeriod),
    ...(clientConnection.kubeconfig && { kubeconfig: clientConnection.kubeconfig }),
  };
  const kept = Object.entries(fromFile).filter(([name]) => !isGiven(name as keyof SchedulerFlags));
  return { ...flags, ...Object.fromEntries(kept) };
}
