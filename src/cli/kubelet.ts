import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import type { Taint } from "../api/types/index.ts";
import { type KeyPair, keptServingPair } from "../certificates/index.ts";
import { createClient, httpTransport, loadKubeconfig } from "../client/index.ts";
import { type Host, systemHost } from "../host/index.ts";
import {
  type KubeletServer,
  machineAddress,
  machineNodeName,
  startKubeletServer,
  startRealKubelet,
} from "../kubelet/index.ts";
import { readKubeletConfig, tellIgnored } from "./kubelet-config.ts";
import type { KubeletFlags } from "./machine-options.ts";
import { machineSettings } from "./machine-settings.ts";
import { untilStopped } from "./signals.ts";
import { CommandError, type Surroundings } from "./surroundings.ts";

/** `sampan kubelet`: this machine as a node of any Kubernetes, until it is told to stop; its pods go on. */
export async function kubelet(command: Command, around: Surroundings): Promise<void> {
  const { config: configFile } = command.opts<KubeletFlags>();
  const ignored = configFile === undefined ? [] : readKubeletConfig(command, configFile);
  const flags = command.opts<KubeletFlags>();
  const host = systemHost({ log: { level: flags.logLevel } });
  const settings = machineSettings(flags);
  const name = settings.name ?? machineNodeName();
  // What signs is large and used once: the process that goes on never loads it.
  const pairFor = async (ip: string) => servingFiles(flags) ?? (await ownPair(host, flags, name, ip));
  await pairFor(settings.ip ?? machineAddress());
  keepMemorySmall(around);
  tellIgnored(host.log, ignored);
  const config = await loadKubeconfig(flags.kubeconfig, flags.context).catch((error: Error) => {
    throw new CommandError(error.message);
  });
  const transport = httpTransport(config, { host, userAgent: "kubelet/sampan" });
  // Fails now, in one line, rather than later in every retry.
  await transport.getPath?.("/version").catch((error: Error) => {
    throw new CommandError(`cannot reach ${config.server}: ${error.message}`);
  });
  const client = createClient(transport);
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
      const pair = await pairFor(ip);
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
 * A node's memory is for its pods: the process is started anew with what can be said at its start only. New objects get 1 MiB
 * before they are collected, not 16 and more; code is not optimized in the background, which takes more memory than a process
 * that mostly waits wins time by it; and what is freed goes back to the system at once. Figures are in docs/performance.md. Only
 * here: a whole cluster in one process has too much to do for it.
 */
function keepMemorySmall({ relaunch }: Surroundings): void {
  relaunch?.(lightFlags, lightVariables);
  // Started so already, or it cannot be: what can be said later.
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--optimize-for-size");
}

const lightFlags = ["--max-semi-space-size=1", "--optimize-for-size", "--no-opt", "--no-maglev"];
/** Of the C library, for memory outside of JavaScript's heap. */
const lightVariables = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "65536",
  MALLOC_TOP_PAD_: "16384",
  MALLOC_TRIM_THRESHOLD_: "65536",
};

/** As the original: one that it made before is taken again. */
async function ownPair(host: Host, { certDir, rootDir }: KubeletFlags, name: string, ip: string): Promise<KeyPair> {
  const folder = certDir ?? join(rootDir, "pki");
  return keptServingPair(host, folder, "kubelet", [name, ip]).catch((error: Error) => {
    throw new CommandError(`cannot keep the kubelet's certificate in ${folder} (--cert-dir): ${error.message}`);
  });
}

function servingFiles({ tlsCertFile, tlsPrivateKeyFile }: KubeletFlags): KeyPair | undefined {
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
