import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { parse } from "yaml";
import { parseDuration } from "../api/meta/index.ts";
import type { Taint } from "../api/types/index.ts";
import type { Logger } from "../host/index.ts";
import type { GracePeriod } from "../kubelet/index.ts";
import type { KubeletFlags } from "./machine-options.ts";
import { CommandError } from "./surroundings.ts";

/** A value does not fit its field. */
class FieldError extends Error {}

/** Which flag a field stands for, and how the flag would say it; `undefined` leaves it as it is. */
interface Field {
  readonly flag: keyof KubeletFlags;
  /** The text that the flag takes, which is then checked as a flag is; or the value itself, for what has no flag. */
  readonly read: (value: unknown) => unknown;
}

/** By which names a command has the flags of `sampan kubelet`; undefined for one that it does not have. */
export type FlagNames = { readonly [name in keyof KubeletFlags]?: string | undefined };

/** The kubelet within `sampan up` has the cluster's own certificates and authorization. */
export const flagNamesOfUp: FlagNames = {
  address: "kubeletAddress",
  port: "kubeletPort",
  anonymousAuth: undefined,
  authorizationMode: undefined,
  clientCaFile: undefined,
  registerWithTaints: undefined,
  tlsCertFile: undefined,
  tlsPrivateKeyFile: undefined,
};

/** KubeletConfiguration (`kubelet.config.k8s.io/v1beta1`), by the path of each field. */
const fields: Readonly<Record<string, Field>> = {
  address: { flag: "address", read: text },
  allowedUnsafeSysctls: { flag: "allowedUnsafeSysctls", read: texts },
  "authentication.anonymous.enabled": { flag: "anonymousAuth", read: truth },
  "authentication.x509.clientCAFile": { flag: "clientCaFile", read: text },
  "authorization.mode": { flag: "authorizationMode", read: text },
  cgroupDriver: { flag: "cgroupDriver", read: text },
  cgroupRoot: { flag: "cgroupRoot", read: text },
  cgroupsPerQOS: { flag: "cgroupsPerQos", read: truth },
  clusterDNS: { flag: "clusterDns", read: texts },
  clusterDomain: { flag: "clusterDomain", read: text },
  containerLogMaxFiles: { flag: "containerLogMaxFiles", read: number },
  containerLogMaxSize: { flag: "containerLogMaxSize", read: text },
  containerRuntimeEndpoint: { flag: "containerRuntimeEndpoint", read: text },
  evictionHard: { flag: "evictionHard", read: (value) => pairs(value, "<") },
  evictionMaxPodGracePeriod: { flag: "evictionMaxPodGracePeriod", read: number },
  evictionMinimumReclaim: { flag: "evictionMinimumReclaim", read: (value) => pairs(value, "=") },
  evictionPressureTransitionPeriod: { flag: "evictionPressureTransitionPeriod", read: text },
  evictionSoft: { flag: "evictionSoft", read: (value) => pairs(value, "<") },
  evictionSoftGracePeriod: { flag: "evictionSoftGracePeriod", read: (value) => pairs(value, "=") },
  imageGCHighThresholdPercent: { flag: "imageGcHighThreshold", read: number },
  imageGCLowThresholdPercent: { flag: "imageGcLowThreshold", read: number },
  imageMinimumGCAge: { flag: "minimumImageTtlDuration", read: text },
  kubeReserved: { flag: "kubeReserved", read: (value) => pairs(value, "=") },
  maxParallelImagePulls: { flag: "maxParallelImagePulls", read: number },
  maxPods: { flag: "maxPods", read: number },
  nodeLeaseDurationSeconds: { flag: "nodeLeaseDurationSeconds", read: (value) => Number(number(value)) },
  nodeStatusReportFrequency: { flag: "nodeStatusReportFrequency", read: duration },
  nodeStatusUpdateFrequency: { flag: "nodeStatusUpdateFrequency", read: duration },
  podCIDR: { flag: "podCidr", read: text },
  podLogsDir: { flag: "podLogsDir", read: text },
  podPidsLimit: { flag: "podMaxPids", read: number },
  port: { flag: "port", read: number },
  registerWithTaints: { flag: "registerWithTaints", read: taints },
  resolvConf: { flag: "resolvConf", read: text },
  runtimeRequestTimeout: { flag: "runtimeRequestTimeout", read: text },
  serializeImagePulls: { flag: "serializeImagePulls", read: truth },
  shutdownGracePeriod: { flag: "shutdownGracePeriod", read: duration },
  shutdownGracePeriodByPodPriority: { flag: "shutdownGracePeriodByPodPriority", read: gracePeriods },
  shutdownGracePeriodCriticalPods: { flag: "shutdownGracePeriodCriticalPods", read: duration },
  staticPodPath: { flag: "podManifestPath", read: text },
  systemReserved: { flag: "systemReserved", read: (value) => pairs(value, "=") },
  tlsCertFile: { flag: "tlsCertFile", read: text },
  tlsPrivateKeyFile: { flag: "tlsPrivateKeyFile", read: text },
  "userNamespaces.idsPerPod": { flag: "userNamespaceIdsPerPod", read: (value) => Number(number(value)) },
};

/** Who asks for these relies on them: they are refused with any other value than the one that is true here. */
const promises: Readonly<Record<string, unknown>> = {
  "authentication.webhook.enabled": true,
  cpuManagerPolicy: "none",
  enforceNodeAllocatable: ["pods"],
  memoryManagerPolicy: "None",
  protectKernelDefaults: false,
  readOnlyPort: 0,
  registerNode: true,
  reservedMemory: [],
  reservedSystemCPUs: "",
  seccompDefault: false,
  serverTLSBootstrap: false,
  staticPodURL: "",
  tlsCipherSuites: [],
  tlsMinVersion: "",
  topologyManagerPolicy: "none",
};

/** These do nothing here, and nothing is lost but speed, comfort or detail: who sets them is told so. */
const withoutEffect: ReadonlySet<string> = new Set([
  "authentication.webhook.cacheTTL",
  "authorization.webhook",
  "configMapAndSecretChangeDetectionStrategy",
  "containerLogMaxWorkers",
  "containerLogMonitorInterval",
  "contentType",
  "cpuCFSQuota",
  "cpuCFSQuotaPeriod",
  "cpuManagerPolicyOptions",
  "cpuManagerReconcilePeriod",
  "crashLoopBackOff",
  "enableContentionProfiling",
  "enableControllerAttachDetach",
  "enableDebugFlagsHandler",
  "enableDebuggingHandlers",
  "enableProfilingHandler",
  "enableServer",
  "enableSystemLogHandler",
  "enableSystemLogQuery",
  "eventBurst",
  "eventRecordQPS",
  "failCgroupV1",
  "failSwapOn",
  "featureGates",
  "fileCheckFrequency",
  "hairpinMode",
  "healthzBindAddress",
  "healthzPort",
  "httpCheckFrequency",
  "imageMaximumGCAge",
  "imagePullCredentialsVerificationPolicy",
  "imageServiceEndpoint",
  "iptablesDropBit",
  "iptablesMasqueradeBit",
  "kernelMemcgNotification",
  "kubeAPIBurst",
  "kubeAPIQPS",
  "kubeReservedCgroup",
  "kubeletCgroups",
  "localStorageCapacityIsolation",
  "logging",
  "makeIPTablesUtilChains",
  "maxOpenFiles",
  "memorySwap",
  "memoryThrottlingFactor",
  "mergeDefaultEvictionSettings",
  "nodeStatusMaxImages",
  "oomScoreAdj",
  "podsPerCore",
  "preloadedImagesVerificationAllowlist",
  "providerID",
  "qosReserved",
  "registryBurst",
  "registryPullQPS",
  "rotateCertificates",
  "runOnce",
  "showHiddenMetricsForVersion",
  "singleProcessOOMKill",
  "staticPodURLHeader",
  "streamingConnectionIdleTimeout",
  "syncFrequency",
  "systemCgroups",
  "systemReservedCgroup",
  "topologyManagerPolicyOptions",
  "topologyManagerScope",
  "tracing",
  "volumePluginDir",
  "volumeStatsAggPeriod",
]);
const apiVersion = "kubelet.config.k8s.io/v1beta1";
const kind = "KubeletConfiguration";

/**
 * Reads a KubeletConfiguration into the command's options; what the command line says itself counts more, and a field that
 * says nothing (empty, 0, 0s) is as one that is left out.
 * @param names of flags that the command has by other names than `sampan kubelet`
 * @returns the fields that have no effect here
 * @throws CommandError for a field that is unknown, cannot be had here, or does not fit
 */
export function readKubeletConfig(command: Command, path: string, names: FlagNames = {}): readonly string[] {
  const document = readDocument(path);
  const ignored: string[] = [];
  for (const [name, value] of leaves(document, "")) {
    if (name === "apiVersion" || name === "kind" || saysNothing(value)) continue;
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) {
      checkOther(path, name, value);
      if (withoutEffect.has(name) && value !== false) ignored.push(name);
      continue;
    }
    const flag = Object.hasOwn(names, field.flag) ? names[field.flag] : field.flag;
    if (flag === undefined) throw new CommandError(`${path}: ${name} cannot be had with sampan ${command.name()}`);
    if (command.getOptionValueSource(flag) === "cli") continue;
    try {
      command.setOptionValueWithSource(flag, asFlag(command, flag, field.read(value)), "config");
    } catch (error) {
      if (!(error instanceof FieldError) && !(error instanceof InvalidArgumentError)) throw error;
      throw new CommandError(`${path}: ${name}: ${error.message}`);
    }
  }
  return ignored;
}

/** Says which fields of a configuration were read in vain. */
export function tellIgnored(log: Logger, ignored: readonly string[]): void {
  if (ignored.length === 0) return;
  log.warn("fields of the kubelet's configuration have no effect here", { fields: ignored.join() });
}

function checkOther(path: string, name: string, value: unknown): void {
  if (Object.hasOwn(promises, name)) {
    const only = JSON.stringify(promises[name]);
    if (JSON.stringify(value) === only) return;
    throw new CommandError(`${path}: ${name}: ${JSON.stringify(value)} cannot be had here, only ${only}`);
  }
  if (!withoutEffect.has(name)) throw new CommandError(`${path}: strict decoding error: unknown field "${name}"`);
}

/** As the original fills in its defaults. */
function saysNothing(value: unknown): boolean {
  if (value === null || value === "" || value === 0 || value === "0s") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.values(value).every(saysNothing);
}

function readDocument(path: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
  if (!isRecord(document)) throw new CommandError(`${path} is no ${kind}: it must be an object`);
  if (document.apiVersion !== apiVersion || document.kind !== kind) {
    const is = `${document.kind} (${document.apiVersion})`;
    throw new CommandError(`${path} is a ${is}: it must be a ${kind} (${apiVersion})`);
  }
  return document;
}

/** Fields that hold others, each of which is known by itself. */
const groups: ReadonlySet<string> = new Set(
  [...Object.keys(fields), ...Object.keys(promises), ...withoutEffect].flatMap((path) =>
    path.split(".").flatMap((_, depth, parts) => (depth === 0 ? [] : [parts.slice(0, depth).join(".")])),
  ),
);

/** Every field with its path. What is a known field is not looked into. */
function* leaves(object: Record<string, unknown>, above: string): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(object)) {
    const path = above === "" ? name : `${above}.${name}`;
    const isGroup = groups.has(path);
    if (isGroup && isRecord(value)) yield* leaves(value, path);
    else yield [path, value];
  }
}

function asFlag(command: Command, flag: string, given: unknown): unknown {
  const option = command.options.find((one) => one.attributeName() === flag && !one.negate);
  if (option?.parseArg === undefined || typeof given !== "string") return given;
  return option.parseArg(given, undefined);
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new FieldError(`must be a text, not ${JSON.stringify(value)}`);
  return value;
}

function number(value: unknown): string {
  if (!Number.isInteger(value)) throw new FieldError(`must be an integer, not ${JSON.stringify(value)}`);
  return String(value);
}

function truth(value: unknown): boolean {
  if (typeof value !== "boolean") throw new FieldError(`must be true or false, not ${JSON.stringify(value)}`);
  return value;
}

function texts(value: unknown): string {
  if (!Array.isArray(value)) throw new FieldError(`must be a list of texts, not ${JSON.stringify(value)}`);
  return value.map(text).join(",");
}

function duration(value: unknown): number {
  try {
    return parseDuration(text(value));
  } catch (error) {
    throw new FieldError(error instanceof Error ? error.message : String(error));
  }
}

/** A map as a flag says it: `memory=1Gi,cpu=1`. */
function pairs(value: unknown, between: string): string {
  if (!isRecord(value)) throw new FieldError(`must be a map of texts, not ${JSON.stringify(value)}`);
  return Object.entries(value)
    .map(([name, amount]) => `${name}${between}${text(amount)}`)
    .join(",");
}

function taints(value: unknown): string {
  if (!Array.isArray(value)) throw new FieldError(`must be a list of taints, not ${JSON.stringify(value)}`);
  return (value as readonly Partial<Taint>[])
    .map(({ key, value: its, effect }) => `${key}${its === undefined ? "" : `=${its}`}:${effect}`)
    .join(",");
}

function gracePeriods(value: unknown): readonly GracePeriod[] {
  if (!Array.isArray(value)) throw new FieldError(`must be a list, not ${JSON.stringify(value)}`);
  return value.map((one: unknown) => {
    const { priority, shutdownGracePeriodSeconds, ...more } = isRecord(one) ? one : {};
    if (!Number.isInteger(priority) || !Number.isInteger(shutdownGracePeriodSeconds) || Object.keys(more).length > 0) {
      throw new FieldError(
        `an item must be a priority with its shutdownGracePeriodSeconds, not ${JSON.stringify(one)}`,
      );
    }
    return { priority: Number(priority), shutdownGracePeriodSeconds: Number(shutdownGracePeriodSeconds) };
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
