import type { Command } from "commander";
import {
  type Cluster,
  type ClusterOptions,
  createCluster,
  defaultDataDir,
  defaultKubeconfigPath,
  mergeKubeconfig,
  writeKubeconfig,
} from "../cluster/index.ts";
import { systemHost } from "../host/index.ts";
import { auditSettings } from "./audit-options.ts";
import { authenticationSettings } from "./authentication-options.ts";
import { etcdSettings } from "./etcd-options.ts";
import { frontProxySettings } from "./front-proxy-options.ts";
import { kubeletClientSettings } from "./kubelet-client-options.ts";
import type { NodeFlags, ServerFlags } from "./options.ts";
import { processStartMs } from "./process-start.ts";
import { untilStopped } from "./signals.ts";
import type { Surroundings } from "./surroundings.ts";
import { kubernetesVersion, sampanVersion } from "./version.ts";

type UpFlags = ServerFlags & NodeFlags;

/** `sampan up`: a whole cluster until it is told to stop. */
export async function up(command: Command, around: Surroundings): Promise<void> {
  const { kubeletConfig, logLevel } = command.opts<UpFlags>();
  if (kubeletConfig !== undefined) {
    const { flagNamesOfUp, readKubeletConfig, tellIgnored } = await import("./kubelet-config.ts");
    const ignored = readKubeletConfig(command, kubeletConfig, flagNamesOfUp);
    tellIgnored(systemHost({ log: { level: logLevel } }).log, ignored);
  }
  const flags = command.opts<UpFlags>();
  const { nodes: count, nodeCpu: cpu, nodeMemory: memory, nodePods: pods } = flags;
  const { kubeletAddress, kubeletPort } = flags;
  const machine = async () => {
    const { machineSettings } = await import("./machine-settings.ts");
    return { ...machineSettings(flags), kubeletAddress, kubeletPort };
  };
  const nodes = flags.runtime === "cri" ? { machine: await machine() } : { nodes: { count, cpu, memory, pods } };
  await serve(flags, { controllers: true, scheduler: true, ...nodes }, around);
}

/** `sampan apiserver`: the API server and its store alone. */
export async function apiserver(flags: ServerFlags, around: Surroundings): Promise<void> {
  await serve(flags, { controllers: false, scheduler: false, nodes: false }, around);
}

type Components = Pick<ClusterOptions, "controllers" | "scheduler" | "nodes" | "machine">;

async function serve(flags: ServerFlags, components: Components, around: Surroundings): Promise<void> {
  const report =
    flags.output === "json" ? silentReport : textReport(around, components.controllers ? wholeCluster : serverAlone);
  report.title(`Sampan ${sampanVersion()} (Kubernetes ${kubernetesVersion})`);
  const dataDir = flags.ephemeral ? undefined : (flags.dataDir ?? defaultDataDir(flags.name, around.env));
  const cluster = await createCluster({
    ...components,
    name: flags.name,
    host: systemHost({ log: { level: flags.logLevel } }),
    dataDir,
    fsync: flags.fsync,
    encryptionProviderConfig: flags.encryptionProviderConfig,
    encryptionProviderConfigAutomaticReload: flags.encryptionProviderConfigAutomaticReload,
    port: flags.port,
    bindAddress: flags.bindAddress,
    serviceClusterIPRange: flags.serviceClusterIpRange,
    clusterCIDR: flags.clusterCidr,
    maxRequestsInFlight: flags.maxRequestsInflight,
    maxMutatingRequestsInFlight: flags.maxMutatingRequestsInflight,
    enablePriorityAndFairness: flags.enablePriorityAndFairness,
    enableBootstrapTokenAuth: flags.enableBootstrapTokenAuth,
    enableAdmissionPlugins: flags.enableAdmissionPlugins,
    disableAdmissionPlugins: flags.disableAdmissionPlugins,
    admissionControlConfigFile: flags.admissionControlConfigFile,
    runtimeConfig: flags.runtimeConfig,
    ...etcdSettings(flags),
    kubeletClient: kubeletClientSettings(flags),
    frontProxy: frontProxySettings(flags),
    authorizationMode: flags.authorizationMode,
    audit: auditSettings(flags),
    authentication: authenticationSettings(flags),
    onStep: report.step,
  });
  // From here on the cluster must be stopped whatever happens, so that nothing stays locked or half written.
  try {
    const kubeconfig = await saveKubeconfig(cluster, flags, around);
    report.step(`kubeconfig ${kubeconfig}, context ${flags.name}`);
    const ms = Math.round(Date.now() - processStartMs());
    if (flags.output === "json") {
      const line = { ready: true, url: cluster.url, kubeconfig, pid: process.pid, ms };
      around.stdout.write(`${JSON.stringify(line)}\n`);
    }
    report.ready(ms, cluster.url, flags.kubeconfig);
    await untilStopped(around);
    report.step("stopping");
  } finally {
    await cluster.stop();
  }
}

async function saveKubeconfig(cluster: Cluster, flags: ServerFlags, around: Surroundings): Promise<string> {
  if (flags.kubeconfig !== undefined) {
    writeKubeconfig(flags.kubeconfig, cluster.kubeconfig);
    return flags.kubeconfig;
  }
  const path = defaultKubeconfigPath(around.env);
  await mergeKubeconfig(path, cluster.kubeconfig);
  return path;
}

/** What a person sees while a cluster starts. */
interface Report {
  title(text: string): void;
  step(text: string): void;
  ready(ms: number, url: string, kubeconfig: string | undefined): void;
}

const silentReport: Report = { title: () => {}, step: () => {}, ready: () => {} };

/** What to try first, as arguments of kubectl. */
const wholeCluster = ["get nodes", "create deployment web --image=nginx --replicas=3"];
const serverAlone = ["api-resources"];

function textReport({ stdout }: Surroundings, suggestions: readonly string[]): Report {
  return {
    title: (text) => void stdout.write(`${text}\n`),
    step: (text) => {
      const ms = Math.round(Date.now() - processStartMs());
      stdout.write(`${String(ms).padStart(6)} ms  ${text}\n`);
    },
    ready: (ms, url, kubeconfig) => {
      const flag = kubeconfig === undefined ? "" : ` --kubeconfig ${kubeconfig}`;
      const commands = suggestions.map((suggestion) => `  kubectl${flag} ${suggestion}\n`).join("");
      stdout.write(`ready in ${ms} ms at ${url}\n\n${commands}\nCtrl-C stops it.\n`);
    },
  };
}
