import { parseYaml } from "../../api/codec/index.ts";
import { errorMessage } from "../../api/meta/index.ts";
import { defaultSchedulerName } from "../profile.ts";
import type { ProfileConfig } from "../profile-factory.ts";
import {
  type CompleteConfiguration,
  configurationShape,
  type ExtenderConfiguration,
  type KubeSchedulerConfiguration,
  type KubeSchedulerProfile,
  type PluginConfig,
  pluginArgsShapes,
} from "./configuration.ts";
import { checkShape, isRecord, SchedulerConfigError } from "./decode.ts";
import { cpuAndMemory, defaultPluginArgs, type NodeResourcesFitArgs, type ResourceWeight } from "./plugin-args.ts";
import { validateConfiguration } from "./validate.ts";

const apiVersion = "kubescheduler.config.k8s.io/v1";
const kind = "KubeSchedulerConfiguration";

/**
 * Reads a KubeSchedulerConfiguration from YAML or JSON: checked strictly, completed with the original's defaults, validated.
 * @throws SchedulerConfigError with all that is wrong.
 */
export async function parseConfiguration(text: string): Promise<CompleteConfiguration> {
  const { value } = await parseYaml(Buffer.from(text)).catch((error: Error) => {
    throw new SchedulerConfigError(error.message);
  });
  return readConfiguration(value);
}

/** The same for a document that is parsed already, or written in code. */
export function readConfiguration(document: unknown): CompleteConfiguration {
  if (!isRecord(document) || document.apiVersion !== apiVersion || document.kind !== kind) {
    const { apiVersion: version = "", kind: found = "" } = isRecord(document) ? document : {};
    throw new SchedulerConfigError(
      `no kind "${found}" is registered for version "${version}": want ${apiVersion} ${kind}`,
    );
  }
  checkShape(document, configurationShape, "");
  const config = complete(document as unknown as KubeSchedulerConfiguration);
  const errors = validateConfiguration(config).map(errorMessage);
  if (errors.length > 0)
    throw new SchedulerConfigError(errors.length === 1 ? `${errors[0]}` : `[${errors.join(", ")}]`);
  return config;
}

function complete(config: KubeSchedulerConfiguration): CompleteConfiguration {
  const profiles = config.profiles?.length ? config.profiles : [{}];
  const [only] = profiles;
  const named = profiles.length === 1 && only ? [{ schedulerName: defaultSchedulerName, ...only }] : profiles;
  return {
    apiVersion: config.apiVersion,
    parallelism: config.parallelism ?? 16,
    leaderElection: {
      leaderElect: true,
      leaseDuration: "15s",
      renewDeadline: "10s",
      retryPeriod: "2s",
      resourceLock: "leases",
      resourceName: "kube-scheduler",
      resourceNamespace: "kube-system",
      ...config.leaderElection,
    },
    clientConnection: { qps: 50, burst: 100, ...config.clientConnection },
    percentageOfNodesToScore: config.percentageOfNodesToScore ?? 0,
    podInitialBackoffSeconds: config.podInitialBackoffSeconds ?? 1,
    podMaxBackoffSeconds: config.podMaxBackoffSeconds ?? 10,
    profiles: named.map((profile, i) => completeProfile(profile, `profiles[${i}]`)),
    extenders: config.extenders ?? [],
  };
}

function completeProfile(profile: KubeSchedulerProfile, path: string): KubeSchedulerProfile {
  const pluginConfig = profile.pluginConfig?.map((entry, i) => completeArgs(entry, `${path}.pluginConfig[${i}].args`));
  return { ...profile, ...(pluginConfig && { pluginConfig }) };
}

/** Arguments of a default plugin with its defaults; those of others are theirs to read. */
function completeArgs({ name, args }: PluginConfig, path: string): PluginConfig {
  const shape = Object.hasOwn(pluginArgsShapes, name) ? pluginArgsShapes[name] : undefined;
  if (shape === undefined) return { name, args };
  checkShape(args ?? {}, { fields: { apiVersion: "string", kind: "string", ...shape } }, path);
  const { apiVersion: _version, kind: wanted, ...given } = isRecord(args) ? args : {};
  if (wanted !== undefined && wanted !== `${name}Args`) {
    throw new SchedulerConfigError(`${path}: args for plugin ${name} were not of type ${name}Args, got ${wanted}`);
  }
  const defaults: Readonly<Record<string, unknown>> = defaultPluginArgs;
  const merged = { ...(isRecord(defaults[name]) && defaults[name]), ...withoutNulls(given) };
  return { name, args: withWeights(name, merged) };
}

function withoutNulls(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null));
}

/** No resources are CPU and memory; a resource without a weight has 1. */
function withWeights(name: string, args: Record<string, unknown>): Record<string, unknown> {
  if (name === "NodeResourcesBalancedAllocation") return { ...args, resources: weighted(args.resources) };
  if (name !== "NodeResourcesFit" || !isRecord(args.scoringStrategy)) return args;
  const strategy = { type: "", ...args.scoringStrategy };
  return { ...args, scoringStrategy: { ...strategy, resources: weighted(args.scoringStrategy.resources) } };
}

function weighted(resources: unknown): readonly ResourceWeight[] {
  if (!Array.isArray(resources) || resources.length === 0) return cpuAndMemory;
  return resources.map((resource: ResourceWeight) => ({ ...resource, weight: resource.weight || 1 }));
}

/** The profiles in the form that the scheduler is started with. */
export function profilesOf(config: CompleteConfiguration): readonly ProfileConfig[] {
  return config.profiles.map(({ schedulerName = "", percentageOfNodesToScore, plugins, pluginConfig = [] }) => ({
    schedulerName,
    percentageOfNodesToScore: percentageOfNodesToScore ?? config.percentageOfNodesToScore,
    ...(plugins && { plugins }),
    pluginConfig: withIgnored(new Map(pluginConfig.map(({ name, args }) => [name, args])), config.extenders),
  }));
}

/** Resources that an extender counts and the scheduler shall not. */
function withIgnored(
  pluginConfig: ReadonlyMap<string, unknown>,
  extenders: readonly ExtenderConfiguration[],
): ReadonlyMap<string, unknown> {
  const ignored = extenders.flatMap(({ managedResources = [] }) =>
    managedResources.filter(({ ignoredByScheduler }) => ignoredByScheduler).map(({ name }) => name),
  );
  if (ignored.length === 0) return pluginConfig;
  const name = "NodeResourcesFit";
  const args = (pluginConfig.get(name) ?? defaultPluginArgs[name]) as NodeResourcesFitArgs;
  return new Map(pluginConfig).set(name, { ...args, ignoredResources: [...args.ignoredResources, ...ignored] });
}
