import { type Command, InvalidArgumentError, Option } from "commander";
import { quantityToNumber } from "../api/meta/index.ts";
import type { GracePeriod } from "../kubelet/index.ts";
import { durationOption, integerIn, list } from "./values.ts";

/** How a machine is a node, by the original kubelet's names where it has them. */
export interface MachineFlags {
  readonly containerRuntimeEndpoint: string;
  readonly runtimeRequestTimeout: number;
  readonly nodeName?: string;
  readonly nodeIp?: string;
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly maxPods: number;
  readonly allowedUnsafeSysctls?: readonly string[];
  readonly podCidr?: string;
  readonly rootDir: string;
  readonly podManifestPath?: string;
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
  readonly cgroupsPerQos: boolean;
  readonly cgroupDriver: "cgroupfs" | "systemd";
  readonly cgroupRoot: string;
  readonly podMaxPids: number;
  readonly kubeReserved?: Readonly<Record<string, string>>;
  readonly systemReserved?: Readonly<Record<string, string>>;
  readonly evictionHard?: string;
  readonly evictionSoft?: string;
  readonly evictionSoftGracePeriod?: string;
  readonly evictionMinimumReclaim?: string;
  readonly evictionMaxPodGracePeriod: number;
  readonly evictionPressureTransitionPeriod: number;
  readonly imageGcHighThreshold: number;
  readonly imageGcLowThreshold: number;
  readonly minimumImageTtlDuration: number;
  /** Only a KubeletConfiguration says these; durations in milliseconds. */
  readonly shutdownGracePeriod?: number;
  readonly shutdownGracePeriodCriticalPods?: number;
  readonly shutdownGracePeriodByPodPriority?: readonly GracePeriod[];
  readonly userNamespaceIdsPerPod?: number;
  readonly nodeStatusUpdateFrequency?: number;
  readonly nodeStatusReportFrequency?: number;
  readonly nodeLeaseDurationSeconds?: number;
}

export interface KubeletFlags extends MachineFlags {
  readonly config?: string;
  readonly kubeconfig: string;
  readonly context?: string;
  readonly address: string;
  readonly port: number;
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
  readonly certDir?: string;
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
    .addOption(
      durationOption("--runtime-request-timeout <duration>", "how long the runtime may take to answer", 120_000),
    )
    .option("--node-name <name>", "the node's name; the machine's without this")
    .option("--node-ip <address>", "the node's address; the machine's first one without this")
    .option("--node-labels <list>", "labels of the node, key=value separated by commas", labels)
    .option("--max-pods <n>", "pods that the node takes", integerIn(1, 100_000), 110)
    .option("--pod-cidr <cidr>", "addresses of the node's pods, where the cluster assigns it none")
    .option("--root-dir <dir>", "the kubelet's folder", "/var/lib/kubelet")
    .option(
      "--pod-manifest-path <path>",
      "folder of static pods, which run also without an API server; none without this",
    )
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
    .option("--max-parallel-image-pulls <n>", "images pulled at the same time at most", integerIn(1, 1000))
    .option("--cgroups-per-qos", "limit pods and their classes as a whole, too", true)
    .option("--no-cgroups-per-qos", "limit containers only")
    .addOption(
      new Option("--cgroup-driver <driver>", "who makes cgroups, where the runtime does not tell: it must do the same")
        .choices(["cgroupfs", "systemd"])
        .default("cgroupfs"),
    )
    .option("--cgroup-root <path>", "what the cgroups of pods are below", "/")
    .option("--pod-max-pids <n>", "processes of one pod at most; -1 for no limit", integerIn(-1, 4_194_304), -1)
    .option("--allowed-unsafe-sysctls <list>", "kernel settings that pods may change beside the safe ones", list)
    .option("--kube-reserved <list>", "kept from pods for Kubernetes itself, such as cpu=200m,memory=150Mi", reserved)
    .option("--system-reserved <list>", "kept from pods for the rest of the machine", reserved)
    .option("--eviction-hard <list>", "below this pods are evicted at once; the original's thresholds without this")
    .option("--eviction-soft <list>", "below this for its grace period pods are evicted")
    .option("--eviction-soft-grace-period <list>", "such as memory.available=1m30s")
    .option("--eviction-minimum-reclaim <list>", "how much more is to be freed, such as nodefs.available=1Gi")
    .option(
      "--eviction-max-pod-grace-period <seconds>",
      "the longest time a pod gets to end at a soft threshold",
      integerIn(0, 86_400),
      0,
    )
    .addOption(
      durationOption(
        "--eviction-pressure-transition-period <duration>",
        "how long a node's pressure is told after it has ended",
        300_000,
      ),
    )
    .option("--image-gc-high-threshold <percent>", "unused images go when their disk is fuller", integerIn(0, 100), 85)
    .option("--image-gc-low-threshold <percent>", "and until it is no fuller than this", integerIn(0, 100), 80)
    .addOption(
      durationOption("--minimum-image-ttl-duration <duration>", "unused images stay at least this long", 120_000),
    );
}

export function addKubeletFlags(command: Command): Command {
  return addMachineFlags(command)
    .requiredOption("--kubeconfig <file>", "the cluster to join, as the user system:node:NAME")
    .option("--context <name>", "context of the kubeconfig; the current one without this")
    .option("--config <file>", "KubeletConfiguration; flags given here count more than what it says")
    .option(
      "--address <address>",
      "address that the kubelet's API listens on: the API server reaches it from other machines",
      "0.0.0.0",
    )
    .option("--port <port>", "port of the kubelet's API; 0 takes a free one", integerIn(0, 65_535), 10_250)
    .option("--tls-cert-file <file>", "certificate of the kubelet's API; made and kept in --cert-dir without it")
    .option("--tls-private-key-file <file>", "its key")
    .option("--cert-dir <dir>", "where the certificate that the kubelet makes is kept (default: pki in --root-dir)")
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

/** `cpu=200m,memory=150Mi` */
function reserved(text: string): Record<string, string> {
  const amounts = labels(text);
  for (const [name, amount] of Object.entries(amounts)) {
    if (name !== "cpu" && name !== "memory" && name !== "ephemeral-storage" && name !== "pid") {
      throw new InvalidArgumentError(`It cannot reserve ${name}.`);
    }
    bytes(amount);
  }
  return amounts;
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
    return quantityToNumber(text);
  } catch {
    throw new InvalidArgumentError("It must be a quantity such as 10Mi.");
  }
}
