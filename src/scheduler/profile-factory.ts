import { SchedulerConfigError } from "./config/decode.ts";
import {
  expandPlugins,
  mergeWithDefaults,
  neededPlugins,
  type PluginRef,
  type ProfilePlugins,
} from "./config/profile-plugins.ts";
import type { FilterPlugin, Plugin, PluginFactory, PluginHandle } from "./framework.ts";
import { defaultPlugins, pluginRegistry } from "./plugins/index.ts";
import { makeProfile, type Profile } from "./profile.ts";

/** A profile as a configuration describes it. */
export interface ProfileConfig {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore?: number;
  readonly plugins?: ProfilePlugins;
  /** Arguments by plugin name. */
  readonly pluginConfig?: ReadonlyMap<string, unknown>;
}

/** A user's plugin: an object that serves all profiles, or a factory that makes one for each. */
export type CustomPlugin = Plugin | { readonly name: string; readonly create: PluginFactory };

export interface ProfileFactoryOptions {
  readonly profiles: readonly ProfileConfig[];
  /** Beside the default plugins. */
  readonly custom: readonly CustomPlugin[];
  /** Default plugins to leave out: the API server does not serve what they read. */
  readonly without?: readonly string[];
  /** Whether custom plugins are enabled wherever they implement something, without being named. */
  readonly enableCustom: boolean;
  /** What plugins of a profile get; `filters` is told to them when the profile is made. */
  readonly handleFor: (schedulerName: string, filters: () => readonly FilterPlugin[]) => PluginHandle;
}

/**
 * Makes the profiles with their plugins.
 * @throws when a plugin is not known, is enabled where it does nothing, or the profiles sort the queue in different ways.
 */
export function createProfiles(options: ProfileFactoryOptions): ReadonlyMap<string, Profile> {
  const registry = new Map(Object.entries(pluginRegistry));
  for (const custom of options.custom) {
    if (registry.has(custom.name)) throw new SchedulerConfigError(`a plugin named ${custom.name} already exists`);
    registry.set(custom.name, "create" in custom ? custom.create : () => custom);
  }
  const profiles = new Map<string, Profile>();
  for (const config of options.profiles) profiles.set(config.schedulerName, createProfile(config, registry, options));
  const sorts = new Set([...profiles.values()].map(({ queueSort }) => queueSort.name));
  if (sorts.size > 1)
    throw new SchedulerConfigError(`different queue sort plugins for profiles: ${[...sorts].join(", ")}`);
  return profiles;
}

function createProfile(
  { schedulerName, percentageOfNodesToScore, plugins, pluginConfig }: ProfileConfig,
  registry: ReadonlyMap<string, PluginFactory>,
  { custom, enableCustom, without = [], handleFor }: ProfileFactoryOptions,
): Profile {
  const defaults = (enableCustom ? withCustom(custom) : defaultPlugins).filter(({ name }) => !without.includes(name));
  const merged = mergeWithDefaults(defaults, plugins);
  let profile: Profile | undefined;
  const handle = handleFor(schedulerName, () => profile?.filters ?? []);
  const instances = new Map<string, Plugin>();
  for (const name of neededPlugins(merged)) {
    const create = registry.get(name);
    if (create === undefined) throw new SchedulerConfigError(`plugin "${name}" does not exist`);
    instances.set(name, create(pluginConfig?.get(name), handle));
  }
  const settings = { schedulerName, ...(percentageOfNodesToScore !== undefined && { percentageOfNodesToScore }) };
  profile = makeProfile(settings, expandPlugins(merged, instances));
  return profile;
}

/** A user's binder or queue order takes the place of the default one; the rest comes after the defaults. */
function withCustom(custom: readonly CustomPlugin[]): readonly PluginRef[] {
  const sorts = custom.some((plugin) => "compare" in plugin);
  const kept = defaultPlugins.filter(({ name }) => !(sorts && name === "PrioritySort") && name !== "DefaultBinder");
  return [...kept, ...custom.map(({ name }) => ({ name })), { name: "DefaultBinder" }];
}
