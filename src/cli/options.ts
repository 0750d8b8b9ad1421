import { type Command, InvalidArgumentError, Option } from "commander";
import { parseQuantity } from "../api/meta/index.ts";
import { type AuditFlags, addAuditFlags } from "./audit-options.ts";
import { type AuthenticationFlags, addAuthenticationFlags } from "./authentication-options.ts";
import { addEtcdFlags, type EtcdFlags } from "./etcd-options.ts";
import { addFrontProxyFlags, type FrontProxyFlags } from "./front-proxy-options.ts";
import { addKubeletClientFlags, type KubeletClientFlags } from "./kubelet-client-options.ts";
import { addMachineFlags, type MachineFlags } from "./machine-options.ts";
import { durationOption, integerIn } from "./values.ts";

/** What the flags of `sampan apiserver` say; `sampan up` adds those of nodes. */
export interface ServerFlags extends EtcdFlags, KubeletClientFlags, FrontProxyFlags, AuditFlags, AuthenticationFlags {
  readonly name: string;
  readonly port: number;
  readonly bindAddress: string;
  readonly dataDir?: string;
  readonly ephemeral?: boolean;
  readonly kubeconfig?: string;
  readonly output: "text" | "json";
  readonly serviceClusterIpRange: string;
  readonly clusterCidr: string;
  readonly fsync: "always" | "interval";
  readonly encryptionProviderConfig?: string;
  readonly encryptionProviderConfigAutomaticReload?: boolean;
  readonly maxRequestsInflight: number;
  readonly maxMutatingRequestsInflight: number;
  readonly enablePriorityAndFairness: boolean;
  readonly enableBootstrapTokenAuth: boolean;
  readonly enableAdmissionPlugins?: readonly string[];
  readonly disableAdmissionPlugins?: readonly string[];
  readonly admissionControlConfigFile?: string;
  readonly runtimeConfig?: string;
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

export interface NodeFlags extends MachineFlags {
  readonly runtime: "simulated" | "cri";
  readonly kubeletConfig?: string;
  readonly kubeletAddress: string;
  readonly nodes: number;
  readonly nodeCpu: string;
  readonly nodeMemory: string;
  readonly nodePods: number;
}

const portMax = 65_535;
/** Simulated nodes in one process; a bound against a slip of the keyboard. */
const nodesMax = 150_000;

/** Adds the flags that `up` and `apiserver` share. */
export function addServerFlags(command: Command): Command {
  return addAuditFlags(addAuthenticationFlags(addFrontProxyFlags(addKubeletClientFlags(addEtcdFlags(command)))))
    .option(
      "--name <name>",
      "name of the cluster, its context in the kubeconfig, and its data folder",
      clusterName,
      "sampan",
    )
    .option("--port <port>", "port of the API server; 0 takes a free one", integerIn(0, portMax), 6443)
    .option("--bind-address <address>", "address that the API server listens on", "127.0.0.1")
    .addOption(
      new Option(
        "--data-dir <dir>",
        "folder that holds the cluster (default: sampan/NAME in the XDG data home)",
      ).conflicts("ephemeral"),
    )
    .option("--ephemeral", "keep everything in memory; nothing outlives the process")
    .option("--kubeconfig <file>", "write this kubeconfig alone instead of merging into the default one")
    .option("--service-cluster-ip-range <cidr>", "addresses of services", cidr, "10.96.0.0/16")
    .option("--cluster-cidr <cidr>", "addresses of pods; each node gets a part", cidr, "10.244.0.0/16")
    .addOption(
      new Option(
        "--fsync <when>",
        "when a write counts as kept: always waits for the disk; interval may lose the last second at a power failure",
      )
        .choices(["always", "interval"])
        .default("always"),
    )
    .option("--encryption-provider-config <file>", "EncryptionConfiguration: how resources are encrypted on disk")
    .option(
      "--encryption-provider-config-automatic-reload",
      "read that file again when it has changed (looked at every minute)",
    )
    .option("--max-requests-inflight <n>", "reading requests at once; more get 429", integerIn(1, 1_000_000), 400)
    .option(
      "--max-mutating-requests-inflight <n>",
      "writing requests at once; more get 429",
      integerIn(1, 1_000_000),
      200,
    )
    .option(
      "--enable-priority-and-fairness <true|false>",
      "sort requests by flow schemas into priority levels, which share both bounds",
      truth,
      true,
    )
    .option(
      "--enable-bootstrap-token-auth <true|false>",
      "let in machines that are to join by the bootstrap tokens in kube-system",
      truth,
      true,
    )
    .option(
      "--enable-admission-plugins <names>",
      "admission plugins beside the default ones, separated by commas",
      names,
    )
    .option("--disable-admission-plugins <names>", "default admission plugins to leave out", names)
    .option("--admission-control-config-file <file>", "AdmissionConfiguration with the settings of admission plugins")
    .option(
      "--runtime-config <list>",
      "API versions to serve or not: api/beta=true,apps/v1=false,... (default: the stable ones)",
    )
    .addOption(
      new Option("--log-level <level>", "what goes to standard error")
        .choices(["debug", "info", "warn", "error"])
        .default("warn"),
    )
    .addOption(new Option("-o, --output <format>", "what is printed").choices(["text", "json"]).default("text"));
}

export function addNodeFlags(command: Command): Command {
  return addMachineFlags(command)
    .addOption(
      new Option("--runtime <kind>", "simulated nodes, or this machine as the node with real containers (cri)")
        .choices(["simulated", "cri"])
        .default("simulated"),
    )
    .option("--kubelet-config <file>", "KubeletConfiguration of this machine's kubelet, with cri; flags count more")
    .option("--kubelet-address <address>", "address that this machine's kubelet listens on, with cri", "0.0.0.0")
    .option("--nodes <n>", "simulated nodes", integerIn(0, nodesMax), 1)
    .option("--node-cpu <quantity>", "CPUs of each node", quantity, "8")
    .option("--node-memory <quantity>", "memory of each node", quantity, "32Gi")
    .option("--node-pods <n>", "pods that each node takes", integerIn(1, 100_000), 110);
}

/** Flags of components that run against any Kubernetes: a kubeconfig, client limits, leader election with the original's defaults. */
export function addComponentFlags(command: Command, kubeconfig: "required" | "optional" = "required"): Command {
  return command
    .addOption(
      new Option("--kubeconfig <file>", "the cluster to work on").makeOptionMandatory(kubeconfig === "required"),
    )
    .option("--context <name>", "context of the kubeconfig; the current one without this")
    .option("--kube-api-qps <n>", "requests a second to the API server; 0 is unlimited", integerIn(0, 1_000_000), 0)
    .option("--kube-api-burst <n>", "requests at once above that rate", integerIn(0, 1_000_000), 0)
    .option("--leader-elect", "work only while holding the lease, so that several can stand by", true)
    .option("--no-leader-elect", "work at once, alone")
    .option("--leader-elect-resource-name <name>", "name of the lease (default: the component's)")
    .option("--leader-elect-resource-namespace <name>", "namespace of the lease", "kube-system")
    .addOption(
      durationOption("--leader-elect-lease-duration <duration>", "how long a lead holds without renewal", 15_000),
    )
    .addOption(
      durationOption("--leader-elect-renew-deadline <duration>", "how long to try to renew before giving up", 10_000),
    )
    .addOption(durationOption("--leader-elect-retry-period <duration>", "between tries", 2_000))
    .addOption(
      new Option("--log-level <level>", "what goes to standard error")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    );
}

/** Comma-separated names; a flag that is given again adds to them. */
function names(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(",").filter((name) => name !== "")];
}

function quantity(text: string): string {
  try {
    parseQuantity(text);
    return text;
  } catch {
    throw new InvalidArgumentError("It must be a quantity such as 8, 500m or 32Gi.");
  }
}

function clusterName(text: string): string {
  if (/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError("It must be lower case letters, digits, '-' or '.', at most 63.");
}

function cidr(text: string): string {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const numbers = match?.slice(1).map(Number) ?? [];
  const bits = numbers[4] ?? 33;
  if (numbers.slice(0, 4).some((n) => n > 255) || bits > 30 || bits < 4) {
    throw new InvalidArgumentError("It must be an IPv4 range such as 10.96.0.0/16.");
  }
  return text;
}

/** As Go reads a flag's boolean, in its plain forms. */
function truth(text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new InvalidArgumentError("must be true or false");
}
