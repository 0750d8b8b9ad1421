import type { Command } from "commander";
import type { ControllersConfig } from "../controllers/index.ts";
import { durationOption, integerIn, numberFrom } from "./values.ts";

/** Flags of `sampan controller-manager` that say how its controllers work. Durations in milliseconds. */
export interface ControllerFlags {
  readonly controllers: string;
  readonly useServiceAccountCredentials: boolean;
  readonly allocateNodeCidrs: boolean;
  readonly clusterCidr: string;
  readonly nodeCidrMaskSize: number;
  readonly rootCaFile?: string;
  readonly serviceAccountPrivateKeyFile?: string;
  readonly clusterSigningCertFile?: string;
  readonly clusterSigningKeyFile?: string;
  readonly clusterSigningDuration: number;
  readonly legacyServiceAccountTokenCleanUpPeriod: number;
  readonly terminatedPodGcThreshold: number;
  readonly nodeMonitorGracePeriod: number;
  readonly nodeStartupGracePeriod: number;
  readonly nodeEvictionRate: number;
  readonly secondaryNodeEvictionRate: number;
  readonly unhealthyZoneThreshold: number;
  readonly largeClusterSizeThreshold: number;
  readonly disableForceDetachOnTimeout: boolean;
  readonly horizontalPodAutoscalerSyncPeriod: number;
  readonly horizontalPodAutoscalerDownscaleStabilization: number;
  readonly horizontalPodAutoscalerTolerance: number;
  readonly horizontalPodAutoscalerCpuInitializationPeriod: number;
  readonly horizontalPodAutoscalerInitialReadinessDelay: number;
}

/** Flags of how many keys a controller works on at once: the flag, the controller, the original's default. */
const concurrency: readonly (readonly [flag: string, controller: string, byDefault: number])[] = [
  ["concurrent-cron-job-syncs", "cronjob-controller", 5],
  ["concurrent-daemonset-syncs", "daemonset-controller", 2],
  ["concurrent-deployment-syncs", "deployment-controller", 5],
  ["concurrent-endpoint-syncs", "endpoints-controller", 5],
  ["concurrent-ephemeralvolume-syncs", "ephemeral-volume-controller", 5],
  ["concurrent-gc-syncs", "garbage-collector-controller", 20],
  ["concurrent-horizontal-pod-autoscaler-syncs", "horizontal-pod-autoscaler-controller", 5],
  ["concurrent-job-syncs", "job-controller", 5],
  ["concurrent-namespace-syncs", "namespace-controller", 10],
  ["concurrent-rc-syncs", "replicationcontroller-controller", 5],
  ["concurrent-replicaset-syncs", "replicaset-controller", 5],
  ["concurrent-resource-quota-syncs", "resourcequota-controller", 5],
  ["concurrent-resource-claim-syncs", "resourceclaim-controller", 50],
  ["concurrent-service-endpoint-syncs", "endpointslice-controller", 5],
  ["concurrent-serviceaccount-token-syncs", "serviceaccount-token-controller", 5],
  ["concurrent-statefulset-syncs", "statefulset-controller", 5],
  ["concurrent-ttl-after-finished-syncs", "ttl-after-finished-controller", 5],
  ["concurrent-validating-admission-policy-status-syncs", "validatingadmissionpolicy-status-controller", 5],
  ["mirroring-concurrent-service-endpoint-syncs", "endpointslice-mirroring-controller", 5],
];

const hourMs = 3_600_000;
const yearMs = 8760 * hourMs;
const minuteMs = 60_000;
const workersMax = 10_000;

export function addControllerFlags(command: Command): Command {
  command
    .option("--controllers <list>", "controllers to run: *, NAME or -NAME, separated by commas", "*")
    .option(
      "--use-service-account-credentials",
      "let each controller write as a service account of its own in kube-system",
      false,
    )
    .option("--allocate-node-cidrs", "give every node its part of the pods' addresses", false)
    .option("--cluster-cidr <cidr>", "addresses of pods, for --allocate-node-cidrs", "10.244.0.0/16")
    .option("--node-cidr-mask-size <bits>", "prefix length of a node's part", integerIn(8, 30), 24)
    .option("--root-ca-file <file>", "PEM of the CA to publish; the kubeconfig's without this")
    .option(
      "--service-account-private-key-file <file>",
      "PEM key that signs tokens in secrets; none are made without it",
    )
    .option("--cluster-signing-cert-file <file>", "PEM certificate that signs approved requests")
    .option("--cluster-signing-key-file <file>", "PEM key of it; nothing is signed without both")
    .addOption(
      durationOption("--cluster-signing-duration <duration>", "the longest that a signed certificate holds", yearMs),
    )
    .addOption(
      durationOption(
        "--legacy-service-account-token-clean-up-period <duration>",
        "how long a token of old may be unused",
        yearMs,
      ),
    )
    .option("--terminated-pod-gc-threshold <n>", "ended pods to keep; 0 keeps all", integerIn(0, 100_000_000), 12_500);
  addNodeHealthFlags(command);
  addAutoscalerFlags(command);
  for (const [flag, controller, byDefault] of concurrency) {
    command.option(
      `--${flag} <n>`,
      `keys that the ${controller} works on at once`,
      integerIn(1, workersMax),
      byDefault,
    );
  }
  return command;
}

function addNodeHealthFlags(command: Command): void {
  command
    .addOption(
      durationOption("--node-monitor-grace-period <duration>", "silence after which a node is Unknown", 50_000),
    )
    .addOption(durationOption("--node-startup-grace-period <duration>", "the same for a new node", minuteMs))
    .option("--node-eviction-rate <n>", "nodes a second of a zone to empty", numberFrom(0, 1000), 0.1)
    .option("--secondary-node-eviction-rate <n>", "the same in a large disrupted zone", numberFrom(0, 1000), 0.01)
    .option("--unhealthy-zone-threshold <part>", "part of a zone that makes it disrupted", numberFrom(0, 1), 0.55)
    .option("--large-cluster-size-threshold <n>", "zones with more nodes are large", integerIn(0, 1_000_000), 50)
    .option(
      "--disable-force-detach-on-timeout",
      "leave volumes attached to nodes that do not answer, however long",
      false,
    );
}

function addAutoscalerFlags(command: Command): void {
  const flag = (name: string) => `--horizontal-pod-autoscaler-${name}`;
  command
    .addOption(durationOption(`${flag("sync-period")} <duration>`, "between two looks at an autoscaler", 15_000))
    .addOption(
      durationOption(
        `${flag("downscale-stabilization")} <duration>`,
        "how long the highest recommendation holds",
        5 * minuteMs,
      ),
    )
    .option(`${flag("tolerance")} <part>`, "how far use may be off its target", numberFrom(0, 1), 0.1)
    .addOption(
      durationOption(
        `${flag("cpu-initialization-period")} <duration>`,
        "time after a pod's start in which its CPU use may not count",
        5 * minuteMs,
      ),
    )
    .addOption(
      durationOption(
        `${flag("initial-readiness-delay")} <duration>`,
        "time after a pod's start in which readiness counts as the first",
        30_000,
      ),
    );
}

/** What the flags say, for the controllers; files are read by the caller. */
export function controllersConfig(
  flags: ControllerFlags,
  files: Pick<ControllersConfig, "rootCA" | "serviceAccountPrivateKey" | "clusterSigning">,
): ControllersConfig {
  const values: Readonly<Record<string, unknown>> = { ...flags };
  const syncs = concurrency.map(([flag, controller]) => [controller, Number(values[camelCase(flag)])] as const);
  return {
    ...files,
    clusterCIDR: flags.clusterCidr,
    nodeCIDRMaskSize: flags.nodeCidrMaskSize,
    legacyTokenCleanUpPeriodMs: flags.legacyServiceAccountTokenCleanUpPeriod,
    terminatedPodThreshold: flags.terminatedPodGcThreshold,
    nodeMonitorGracePeriodMs: flags.nodeMonitorGracePeriod,
    nodeStartupGracePeriodMs: flags.nodeStartupGracePeriod,
    nodeEviction: {
      perSecond: flags.nodeEvictionRate,
      secondaryPerSecond: flags.secondaryNodeEvictionRate,
      unhealthyZoneThreshold: flags.unhealthyZoneThreshold,
      largeClusterSizeThreshold: flags.largeClusterSizeThreshold,
    },
    disableForceDetachOnTimeout: flags.disableForceDetachOnTimeout,
    autoscaler: {
      syncPeriodMs: flags.horizontalPodAutoscalerSyncPeriod,
      downscaleStabilizationMs: flags.horizontalPodAutoscalerDownscaleStabilization,
      tolerance: flags.horizontalPodAutoscalerTolerance,
      cpuInitializationPeriodMs: flags.horizontalPodAutoscalerCpuInitializationPeriod,
      initialReadinessDelayMs: flags.horizontalPodAutoscalerInitialReadinessDelay,
    },
    concurrentSyncs: Object.fromEntries(syncs),
  };
}

/** As commander names a flag's value. */
function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
