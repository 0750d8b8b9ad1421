import {
  deepEqual,
  type FieldError,
  type FieldPath,
  fieldError,
  isQualifiedName,
  parseDuration,
  root,
} from "../../api/meta/index.ts";
import { extensionPoints } from "../profile.ts";
import type {
  ClientConnectionConfiguration,
  CompleteConfiguration,
  ExtenderConfiguration,
  KubeSchedulerProfile,
  LeaderElectionConfiguration,
} from "./configuration.ts";
import { pluginArgsChecks } from "./validate-plugin-args.ts";

const { invalid, required, duplicate } = fieldError;

/** Plugins of old versions, which nobody can configure any more. */
const removedPlugins = new Set(["AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits"]);

/** What the original says of a configuration, after defaults were filled in. Empty when it can be used. */
export function validateConfiguration(config: CompleteConfiguration): readonly FieldError[] {
  const out: FieldError[] = [];
  checkClientConnection(config.clientConnection, root("clientConnection"), out);
  checkLeaderElection(config.leaderElection, root("leaderElection"), out);
  if (config.parallelism <= 0) {
    out.push(invalid(root("parallelism"), config.parallelism, "should be an integer value greater than zero"));
  }
  checkProfiles(config, out);
  checkPercentage(root("percentageOfNodesToScore"), config.percentageOfNodesToScore, out);
  checkBackoff(config, out);
  checkExtenders(config.extenders, root("extenders"), out);
  return out;
}

function checkClientConnection({ burst = 0 }: ClientConnectionConfiguration, path: FieldPath, out: FieldError[]): void {
  if (burst < 0) out.push(invalid(path.child("burst"), burst, "must be non-negative"));
}

function checkLeaderElection(config: Required<LeaderElectionConfiguration>, path: FieldPath, out: FieldError[]): void {
  if (!config.leaderElect) return;
  const [lease, renew, retry] = [config.leaseDuration, config.renewDeadline, config.retryPeriod].map(parseDuration);
  const at = (name: keyof LeaderElectionConfiguration) => path.child(name);
  const positive = "must be greater than zero";
  if (!(Number(lease) > 0)) out.push(invalid(at("leaseDuration"), config.leaseDuration, positive));
  if (!(Number(renew) > 0)) out.push(invalid(at("renewDeadline"), config.renewDeadline, positive));
  if (!(Number(retry) > 0)) out.push(invalid(at("retryPeriod"), config.retryPeriod, positive));
  if (Number(lease) < Number(renew)) {
    out.push(invalid(at("leaseDuration"), config.renewDeadline, "LeaseDuration must be greater than RenewDeadline"));
  }
  if (config.resourceLock !== "leases") {
    out.push(invalid(at("resourceLock"), config.resourceLock, 'resourceLock value must be "leases"'));
  }
  if (config.resourceNamespace === "") out.push(required(at("resourceNamespace"), "resourceNamespace is required"));
  if (config.resourceName === "") out.push(required(at("resourceName"), "resourceName is required"));
}

function checkProfiles({ profiles, apiVersion }: CompleteConfiguration, out: FieldError[]): void {
  const path = root("profiles");
  const seen = new Map<string, number>();
  for (const [i, profile] of profiles.entries()) {
    const at = path.index(i);
    const { schedulerName = "" } = profile;
    if (schedulerName === "") out.push(required(at.child("schedulerName")));
    checkPercentage(at.child("percentageOfNodesToScore"), profile.percentageOfNodesToScore, out);
    checkPlugins(profile, apiVersion, at, out);
    const first = seen.get(schedulerName);
    if (first === undefined) seen.set(schedulerName, i);
    else out.push(duplicate(at.child("schedulerName"), path.index(first).child("schedulerName").toString()));
  }
  checkCommonQueueSort(profiles, path, out);
}

function checkPercentage(path: FieldPath, percentage: number | undefined, out: FieldError[]): void {
  if (percentage === undefined || (percentage >= 0 && percentage <= 100)) return;
  out.push(invalid(path, percentage, "not in valid range [0-100]"));
}

function checkPlugins(
  { plugins, pluginConfig = [] }: KubeSchedulerProfile,
  apiVersion: string,
  path: FieldPath,
  out: FieldError[],
): void {
  const removed = `was invalid in version "v1" (KubeSchedulerConfiguration is version "${apiVersion}")`;
  for (const point of extensionPoints) {
    for (const [i, { name }] of (plugins?.[point]?.enabled ?? []).entries()) {
      const at = path.child("plugins").child(point).child("enabled").index(i);
      if (removedPlugins.has(name)) out.push(invalid(at, name, removed));
    }
  }
  const seen = new Set<string>();
  for (const [i, { name, args }] of pluginConfig.entries()) {
    const at = path.child("pluginConfig").index(i);
    if (seen.has(name)) out.push(duplicate(at, name));
    seen.add(name);
    if (removedPlugins.has(name)) out.push(invalid(at, name, removed));
    const checks: Readonly<Record<string, unknown>> = pluginArgsChecks;
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (typeof check === "function") check(args, at.child("args"), out);
  }
}

function checkCommonQueueSort(profiles: readonly KubeSchedulerProfile[], path: FieldPath, out: FieldError[]): void {
  const [first, ...others] = profiles;
  const canonical = first?.plugins?.queueSort;
  const count = canonical?.enabled?.length ?? 0;
  if (count > 1) {
    const at = path.index(0).child("plugins").child("queueSort").child("Enabled");
    out.push(invalid(at, count, "only one queue sort plugin can be enabled"));
  }
  for (const [i, { plugins }] of others.entries()) {
    if (deepEqual(canonical ?? {}, plugins?.queueSort ?? {})) continue;
    const at = path
      .index(i + 1)
      .child("plugins")
      .child("queueSort");
    out.push(invalid(at, plugins?.queueSort ?? {}, "must be the same for all profiles"));
  }
}

function checkBackoff(config: CompleteConfiguration, out: FieldError[]): void {
  const { podInitialBackoffSeconds: initial, podMaxBackoffSeconds: max } = config;
  if (initial <= 0) out.push(invalid(root("podInitialBackoffSeconds"), initial, "must be greater than 0"));
  if (max < initial) {
    const why = "must be greater than or equal to PodInitialBackoffSeconds";
    out.push(invalid(root("podMaxBackoffSeconds"), max, why));
  }
}

function checkExtenders(extenders: readonly ExtenderConfiguration[], path: FieldPath, out: FieldError[]): void {
  const managed = new Set<string>();
  for (const [i, { prioritizeVerb, weight = 0, managedResources = [] }] of extenders.entries()) {
    const at = path.index(i);
    if (prioritizeVerb && weight <= 0) {
      out.push(invalid(at.child("weight"), weight, "must have a positive weight applied to it"));
    }
    for (const [j, { name }] of managedResources.entries()) {
      const namePath = at.child("managedResources").index(j).child("name");
      checkExtendedResource(name, namePath, out);
      if (managed.has(name)) out.push(invalid(namePath, name, "duplicate extender managed resource name"));
      managed.add(name);
    }
  }
  const binders = extenders.filter(({ bindVerb }) => bindVerb).length;
  if (binders <= 1) return;
  out.push(invalid(path, `found ${binders} extenders implementing bind`, "only one extender can implement bind"));
}

function checkExtendedResource(name: string, path: FieldPath, out: FieldError[]): void {
  const messages = isQualifiedName(name);
  for (const message of messages) out.push(invalid(path, name, message));
  const isNative = !name.includes("/") || name.startsWith("kubernetes.io/") || name.startsWith("requests.");
  if (messages.length === 0 && isNative) out.push(invalid(path, name, "is an invalid extended resource name"));
}
