import type { MachineNodeOptions } from "../cluster/index.ts";
import {
  type CgroupSettings,
  defaultEvictionHard,
  EvictionFlagError,
  type EvictionSettings,
  type GracePeriod,
  parseThresholds,
  ShutdownConfigError,
  shutdownGracePeriods,
  sysctlPatternProblem,
} from "../kubelet/index.ts";
import type { MachineFlags } from "./machine-options.ts";
import { CommandError } from "./surroundings.ts";

/** The node that flags describe. */
export function machineSettings(flags: MachineFlags): MachineNodeOptions {
  if (flags.imageGcLowThreshold >= flags.imageGcHighThreshold) {
    throw new CommandError("--image-gc-low-threshold must be below --image-gc-high-threshold");
  }
  return {
    kubeReserved: flags.kubeReserved,
    systemReserved: flags.systemReserved,
    eviction: evictionSettings(flags),
    shutdown: shutdownSettings(flags),
    cgroups: flags.cgroupsPerQos ? cgroupSettings(flags) : undefined,
    ...defined({
      statusCheckSeconds: inSeconds(flags.nodeStatusUpdateFrequency),
      statusSeconds: inSeconds(flags.nodeStatusReportFrequency),
      leaseSeconds: flags.nodeLeaseDurationSeconds,
    }),
    userNamespaceIdsPerPod: flags.userNamespaceIdsPerPod,
    imageCollection: {
      highPercent: flags.imageGcHighThreshold,
      lowPercent: flags.imageGcLowThreshold,
      minAgeMs: flags.minimumImageTtlDuration,
    },
    containerRuntimeEndpoint: flags.containerRuntimeEndpoint,
    runtimeRequestTimeoutMs: flags.runtimeRequestTimeout,
    name: flags.nodeName,
    ip: flags.nodeIp,
    pods: flags.maxPods,
    allowedUnsafeSysctls: unsafeSysctls(flags),
    labels: flags.nodeLabels,
    podCIDR: flags.podCidr,
    rootDir: flags.rootDir,
    podManifestPath: flags.podManifestPath,
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

function unsafeSysctls({ allowedUnsafeSysctls }: MachineFlags): readonly string[] | undefined {
  for (const pattern of allowedUnsafeSysctls ?? []) {
    const problem = sysctlPatternProblem(pattern);
    if (problem !== undefined) throw new CommandError(`--allowed-unsafe-sysctls: ${problem}`);
  }
  return allowedUnsafeSysctls;
}

function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

/** Settings that are set: others keep their defaults. */
function defined<T extends object>(settings: T): Partial<T> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function cgroupSettings({ cgroupDriver, cgroupRoot, podMaxPids, ...flags }: MachineFlags): CgroupSettings {
  const reserved = [flags.kubeReserved ?? {}, flags.systemReserved ?? {}];
  return { driver: cgroupDriver, root: cgroupRoot, podPidsLimit: podMaxPids, reserved };
}

function shutdownSettings(flags: MachineFlags): { readonly periods: readonly GracePeriod[] } | undefined {
  try {
    const periods = shutdownGracePeriods({
      shutdownGracePeriodMs: flags.shutdownGracePeriod,
      shutdownGracePeriodCriticalPodsMs: flags.shutdownGracePeriodCriticalPods,
      shutdownGracePeriodByPodPriority: flags.shutdownGracePeriodByPodPriority,
    });
    return periods.length === 0 ? undefined : { periods };
  } catch (error) {
    if (error instanceof ShutdownConfigError) throw new CommandError(error.message);
    throw error;
  }
}

function evictionSettings(flags: MachineFlags): EvictionSettings {
  try {
    return {
      thresholds: parseThresholds({
        hard: flags.evictionHard ?? defaultEvictionHard,
        soft: flags.evictionSoft,
        softGracePeriod: flags.evictionSoftGracePeriod,
        minimumReclaim: flags.evictionMinimumReclaim,
      }),
      pressureTransitionMs: flags.evictionPressureTransitionPeriod,
      maxPodGraceSeconds: flags.evictionMaxPodGracePeriod,
    };
  } catch (error) {
    if (error instanceof EvictionFlagError) throw new CommandError(error.message);
    throw error;
  }
}
