import { type Command, InvalidArgumentError, Option } from "commander";
import { parseQuantity, toNumber } from "../api/meta/index.ts";
import type { MachineNodeOptions } from "../cluster/index.ts";
import { durationMs, integerIn } from "./values.ts";

/** How a machine is a node, by the original kubelet's names where it has them. */
export interface MachineFlags {
  readonly containerRuntimeEndpoint: string;
  readonly runtimeRequestTimeout: number;
  readonly nodeName?: string;
  readonly nodeIp?: string;
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly maxPods: number;
  readonly podCidr?: string;
  readonly rootDir: string;
  readonly podLogsDir: string;
  readonly containerLogsDir: string;
  readonly containerLogMaxSize: number;
  readonly containerLogMaxFiles: number;
  readonly clusterDns?: readonly string[];
  readonly clusterDomain: string;
  readonly resolvConf: string;
  readonly cniConfDir: string;
  readonly cniBridge: string;
  readonly masquerade: boolean;
  readonly serializeImagePulls: boolean;
  readonly maxParallelImagePulls?: number;
}

export interface KubeletFlags extends MachineFlags {
  readonly kubeconfig: string;
  readonly context?: string;
  readonly address: string;
  readonly port: number;
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
  readonly clientCaFile?: string;
  readonly anonymousAuth: boolean;
  readonly authorizationMode: "Webhook" | "AlwaysAllow";
  readonly registerWithTaints?: string;
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

/** Flags of a node with real containers; `up` has them for --runtime cri. */
export function addMachineFlags(command: Command): Command {
  return command
    .option(
      "--container-runtime-endpoint <socket>",
      "socket of the container runtime",
      "unix:///run/containerd/containerd.sock",
    )
    .option("--runtime-request-timeout <duration>", "how long the runtime may take to answer", durationMs, 120_000)
    .option("--node-name <name>", "the node's name; the machine's without this")
    .option("--node-ip <address>", "the node's address; the machine's first one without this")
    .option("--node-labels <list>", "labels of the node, key=value separated by commas", labels)
    .option("--max-pods <n>", "pods that the node takes", integerIn(1, 100_000), 110)
    .option("--pod-cidr <cidr>", "addresses of the node's pods, where the cluster assigns it none")
    .option("--root-dir <dir>", "the kubelet's folder", "/var/lib/kubelet")
    .option("--pod-logs-dir <dir>", "logs of containers, by pod", "/var/log/pods")
    .option("--container-logs-dir <dir>", "links to those logs, by container", "/var/log/containers")
    .option("--container-log-max-size <quantity>", "a log is rotated when it is larger", bytes, 10 * 1024 * 1024)
    .option("--container-log-max-files <n>", "files of a container's log, rotated ones with it", integerIn(2, 1000), 5)
    .option("--cluster-dns <addresses>", "addresses of the cluster's name server, separated by commas", list)
    .option("--cluster-domain <name>", "domain of the cluster's names", "cluster.local")
    .option("--resolv-conf <file>", "whom the node asks for names; nobody when empty", "/etc/resolv.conf")
    .option(
      "--cni-conf-dir <dir>",
      "where the runtime looks for its network; left as it is when others use it",
      "/etc/cni/net.d",
    )
    .option("--cni-bridge <name>", "the bridge that pods are plugged into", "sampan0")
    .option("--no-masquerade", "what pods send beyond the cluster keeps their address")
    .option("--serialize-image-pulls", "pull one image at a time", true)
    .option("--no-serialize-image-pulls", "pull images at the same time")
    .option("--max-parallel-image-pulls <n>", "images pulled at the same time at most", integerIn(1, 1000));
}

export function addKubeletFlags(command: Command): Command {
  return addMachineFlags(command)
    .requiredOption("--kubeconfig <file>", "the cluster to join, as the user system:node:NAME")
    .option("--context <name>", "context of the kubeconfig; the current one without this")
    .option("--address <address>", "address that the kubelet's API listens on", "0.0.0.0")
    .option("--port <port>", "port of the kubelet's API; 0 takes a free one", integerIn(0, 65_535), 10_250)
    .option("--tls-cert-file <file>", "certificate of the kubelet's API; made for this run without it")
    .option("--tls-private-key-file <file>", "its key")
    .option("--client-ca-file <file>", "authority of clients' certificates; the kubeconfig's without this")
    .option("--anonymous-auth", "let in who does not say who it is", false)
    .addOption(
      new Option("--authorization-mode <mode>", "who may use the kubelet's API")
        .choices(["Webhook", "AlwaysAllow"])
        .default("Webhook"),
    )
    .option("--register-with-taints <list>", "taints of the node, key=value:effect separated by commas")
    .addOption(
      new Option("--log-level <level>", "what goes to standard error")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    );
}

/** The node that flags describe. */
export function machineSettings(flags: MachineFlags): MachineNodeOptions {
  return {
    containerRuntimeEndpoint: flags.containerRuntimeEndpoint,
    runtimeRequestTimeoutMs: flags.runtimeRequestTimeout,
    name: flags.nodeName,
    ip: flags.nodeIp,
    pods: flags.maxPods,
    labels: flags.nodeLabels,
    podCIDR: flags.podCidr,
    rootDir: flags.rootDir,
    podLogsDir: flags.podLogsDir,
    containerLogsDir: flags.containerLogsDir,
    containerLogMaxBytes: flags.containerLogMaxSize,
    containerLogMaxFiles: flags.containerLogMaxFiles,
    clusterDNS: flags.clusterDns,
    clusterDomain: flags.clusterDomain,
    resolvConf: flags.resolvConf,
    network: { confDir: flags.cniConfDir, bridge: flags.cniBridge, masquerade: flags.masquerade },
    maxParallelImagePulls: flags.maxParallelImagePulls ?? (flags.serializeImagePulls ? 1 : Number.POSITIVE_INFINITY),
  };
}

function list(text: string): string[] {
  return text.split(",").filter((word) => word !== "");
}

function labels(text: string): Record<string, string> {
  return Object.fromEntries(
    list(text).map((word) => {
      const [key = "", value, more] = word.split("=");
      if (key === "" || value === undefined || more !== undefined) {
        throw new InvalidArgumentError("It must be key=value, separated by commas.");
      }
      return [key, value];
    }),
  );
}

function bytes(text: string): number {
  try {
    return toNumber(parseQuantity(text));
  } catch {
    throw new InvalidArgumentError("It must be a quantity such as 10Mi.");
  }
}
