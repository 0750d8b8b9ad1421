import type { Plugin } from "../framework.ts";
import {
  type EnabledByPoint,
  type EnabledPlugin,
  type ExtensionPoint,
  extensionPoints,
  implementsPoint,
} from "../profile.ts";
import { SchedulerConfigError } from "./decode.ts";

/** A plugin as a configuration names it. */
export interface PluginRef {
  readonly name: string;
  readonly weight?: number;
}

export interface PluginSet {
  readonly enabled?: readonly PluginRef[];
  /** `*` disables all default plugins. */
  readonly disabled?: readonly PluginRef[];
}

/** `plugins` of a profile: what is enabled and disabled at one extension point, or at all that a plugin implements. */
export type ProfilePlugins = { readonly [Point in ExtensionPoint | "multiPoint"]?: PluginSet };

/** The default plugins with what a profile changes. A default plugin that is named again keeps its place. */
export function mergeWithDefaults(defaults: readonly PluginRef[], custom: ProfilePlugins = {}): ProfilePlugins {
  return { ...custom, multiPoint: mergeSet(defaults, custom.multiPoint) };
}

function mergeSet(defaults: readonly PluginRef[], { enabled = [], disabled = [] }: PluginSet = {}): PluginSet {
  const off = new Set(disabled.map(({ name }) => name));
  const own = new Map(enabled.map((plugin) => [plugin.name, plugin]));
  const kept = off.has("*") ? [] : defaults.filter(({ name }) => !off.has(name));
  const replaced = new Set(kept.map(({ name }) => name).filter((name) => own.has(name)));
  const added = enabled.filter((plugin) => !(replaced.has(plugin.name) && own.get(plugin.name) === plugin));
  return { enabled: [...kept.map((plugin) => own.get(plugin.name) ?? plugin), ...added], disabled };
}

/** The names of all plugins that a profile has somewhere. */
export function neededPlugins(plugins: ProfilePlugins): ReadonlySet<string> {
  const names = new Set<string>();
  for (const point of ["multiPoint", ...extensionPoints] as const) {
    for (const { name } of plugins[point]?.enabled ?? []) names.add(name);
  }
  return names;
}

/**
 * Which plugins run at each extension point, in which order: those that the point itself names in place of multiPoint's,
 * then the others of multiPoint, then the others of the point.
 * @throws when a plugin does not implement the point that names it, or is enabled there twice.
 */
export function expandPlugins(plugins: ProfilePlugins, instances: ReadonlyMap<string, Plugin>): EnabledByPoint {
  const weights = weightsOf(plugins);
  const expanded = extensionPoints.map((point) => {
    const refs = expandPoint(point, plugins, instances);
    return [point, refs.map(({ name }) => ({ plugin: instanceOf(name, instances), weight: weights.get(name) ?? 1 }))];
  });
  return Object.fromEntries(expanded) as Record<ExtensionPoint, readonly EnabledPlugin[]>;
}

function expandPoint(
  point: ExtensionPoint,
  plugins: ProfilePlugins,
  instances: ReadonlyMap<string, Plugin>,
): readonly PluginRef[] {
  const { enabled = [], disabled = [] } = plugins[point] ?? {};
  const named = new Set<string>();
  for (const { name } of enabled) {
    if (!implementsPoint(instanceOf(name, instances), point)) {
      throw new SchedulerConfigError(`plugin "${name}" does not extend ${pluginType(point)} plugin`);
    }
    if (named.has(name))
      throw new SchedulerConfigError(`plugin "${name}" already registered as "${pluginType(point)}Plugin"`);
    named.add(name);
  }
  const off = new Set(disabled.map(({ name }) => name));
  if (off.has("*")) return enabled;
  const everywhere = new Map<string, PluginRef>();
  for (const plugin of plugins.multiPoint?.enabled ?? []) {
    const { name } = plugin;
    if (!implementsPoint(instanceOf(name, instances), point) || off.has(name)) continue;
    if (everywhere.has(name))
      throw new SchedulerConfigError(`plugin "${name}" already registered as "${pluginType(point)}Plugin"`);
    everywhere.set(name, plugin);
  }
  const overriding = enabled.filter(({ name }) => everywhere.has(name));
  const rest = [...everywhere.values()].filter(({ name }) => !named.has(name));
  const others = enabled.filter(({ name }) => !everywhere.has(name));
  return [...overriding, ...rest, ...others];
}

function instanceOf(name: string, instances: ReadonlyMap<string, Plugin>): Plugin {
  const plugin = instances.get(name);
  if (plugin === undefined) throw new SchedulerConfigError(`plugin "${name}" does not exist`);
  return plugin;
}

/** `score` says more than `multiPoint`; no weight, or 0, is 1. */
function weightsOf({ multiPoint, score }: ProfilePlugins): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const { name, weight } of [...(score?.enabled ?? []), ...(multiPoint?.enabled ?? [])]) {
    if (!weights.has(name)) weights.set(name, weight || 1);
  }
  return weights;
}

function pluginType(point: ExtensionPoint): string {
  return point.charAt(0).toUpperCase() + point.slice(1);
}
