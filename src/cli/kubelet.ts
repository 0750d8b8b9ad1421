import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import type { Taint } from "../api/types/index.ts";
import { createClient, httpTransport, loadKubeconfig } from "../client/index.ts";
import { type Host, systemHost } from "../host/index.ts";
import { type KubeletServer, machineNodeName, startKubeletServer, startRealKubelet } from "../kubelet/index.ts";
import { readKubeletConfig } from "./kubelet-config.ts";
import type { KubeletFlags } from "./machine-options.ts";
import { machineSettings } from "./machine-settings.ts";
import { untilStopped } from "./signals.ts";
import { CommandError, type Surroundings } from "./surroundings.ts";

/** `sampan kubelet`: this machine as a node of any Kubernetes, until it is told to stop; its pods go on. */
export async function kubelet(command: Command, around: Surroundings): Promise<void> {
  keepMemorySmall();
  const { config: configFile } = command.opts<KubeletFlags>();
  if (configFile !== undefined) readKubeletConfig(command, configFile);
  const flags = command.opts<KubeletFlags>();
  const host = systemHost({ log: { level: flags.logLevel } });
  const config = await loadKubeconfig(flags.kubeconfig, flags.context).catch((error: Error) => {
    throw new CommandError(error.message);
  });
  const transport = httpTransport(config, { host, userAgent: "kubelet/sampan" });
  // Fails now, in one line, rather than later in every retry.
  await transport.getPath?.("/version").catch((error: Error) => {
    throw new CommandError(`cannot reach ${config.server}: ${error.message}`);
  });
  const client = createClient(transport);
  const settings = machineSettings(flags);
  const name = settings.name ?? machineNodeName();
  const taints = flags.registerWithTaints === undefined ? undefined : parseTaints(flags.registerWithTaints);
  const node = { ...settings, name, taints };
  // The port is told in the Node's status: the listener comes first.
  let serving: KubeletServer | undefined;
  const running = await startRealKubelet({
    ...settings,
    client,
    host,
    node,
    serve: async (served, ip) => {
      const pair = servingFiles(flags) ?? (await madePair(host, name, ip));
      const { address, port, authorizationMode: authorization, anonymousAuth: anonymous } = flags;
      const clientCa = flags.clientCaFile === undefined ? config.ca : readText(flags.clientCaFile);
      serving = await startKubeletServer({
        ...pair,
        node: served,
        client,
        clientCa,
        address,
        port,
        authorization,
        anonymous,
      });
      return serving.port;
    },
  });
  try {
    const stopped = untilStopped(around);
    await Promise.race([running.ready, stopped]);
    host.log.info("started", { component: "kubelet", node: name, port: serving?.port });
    await stopped;
  } finally {
    await serving?.close();
    await running.stop();
    transport.close?.();
  }
}

/**
 * A node's memory is for its pods. New objects get 1 MiB before they are collected, not up to 16 MiB and more, which a process
 * that keeps little and is idle most of the time does not need; figures are in docs/performance.md. Only here: a whole cluster
 * in one process makes too many objects for it.
 */
function keepMemorySmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--optimize-for-size");
}

async function madePair(host: Host, name: string, ip: string): Promise<{ cert: string; key: string }> {
  // This file alone: the cluster's index brings API server, store and scheduler into the memory of a node that has none of them.
  const { servingPair } = await import("../certificates/index.ts");
  return servingPair(host, name, [name, ip]);
}

function servingFiles({ tlsCertFile, tlsPrivateKeyFile }: KubeletFlags): { cert: string; key: string } | undefined {
  if (tlsCertFile === undefined && tlsPrivateKeyFile === undefined) return undefined;
  if (tlsCertFile === undefined || tlsPrivateKeyFile === undefined) {
    throw new CommandError("--tls-cert-file and --tls-private-key-file need each other");
  }
  return { cert: readText(tlsCertFile), key: readText(tlsPrivateKeyFile) };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** `key=value:effect`, separated by commas; the value may be left out. */
export function parseTaints(text: string): Taint[] {
  return text
    .split(",")
    .filter((word) => word !== "")
    .map((word) => {
      const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(word);
      if (match === null) throw new CommandError(`${word} is no taint: it must be key=value:effect`);
      const [, key = "", value, effect = ""] = match;
      return { key, effect, ...(value === undefined || value === "" ? {} : { value }) };
    });
}
