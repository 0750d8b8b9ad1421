import type {
  BindPlugin,
  FilterPlugin,
  PermitPlugin,
  Plugin,
  PostBindPlugin,
  PostFilterPlugin,
  PreBindPlugin,
  PreEnqueuePlugin,
  QueueSortPlugin,
  ReservePlugin,
  ScorePlugin,
} from "./framework.ts";
import type { GangPlugin } from "./gang.ts";

/** The extension points that a configuration can enable plugins at, by its names. */
export const extensionPoints = [
  "preEnqueue",
  "queueSort",
  "preFilter",
  "filter",
  "postFilter",
  "preScore",
  "score",
  "reserve",
  "permit",
  "preBind",
  "bind",
  "postBind",
] as const;
export type ExtensionPoint = (typeof extensionPoints)[number];

/** What pods have that name no scheduler. */
export const defaultSchedulerName = "default-scheduler";

/** A plugin and the weight of its scores. */
export interface EnabledPlugin {
  readonly plugin: Plugin;
  readonly weight: number;
}

export interface WeightedScore {
  readonly plugin: ScorePlugin;
  readonly weight: number;
}

/** What a cycle needs of a profile. */
export interface CycleProfile {
  readonly filters: readonly FilterPlugin[];
  readonly scores: readonly WeightedScore[];
  readonly reserves: readonly ReservePlugin[];
  /** Percent of the nodes that are enough to choose from; 0 or absent takes fewer the larger the cluster is. */
  readonly percentageOfNodesToScore?: number;
}

/** One way of scheduling, which pods choose by `spec.schedulerName`: the plugins at each extension point, in their order. */
export interface Profile extends CycleProfile {
  readonly schedulerName: string;
  readonly preEnqueues: readonly PreEnqueuePlugin[];
  /** The PreEnqueue plugin that knows which pods belong together, when one is enabled. */
  readonly gangs: GangPlugin | undefined;
  readonly queueSort: QueueSortPlugin;
  readonly postFilters: readonly PostFilterPlugin[];
  readonly permits: readonly PermitPlugin[];
  readonly preBinds: readonly (PreBindPlugin | ReservePlugin)[];
  readonly binds: readonly BindPlugin[];
  readonly postBinds: readonly PostBindPlugin[];
}

/** Whether the plugin does something at the extension point. A reservation may bring its own PreBind. */
export function implementsPoint(plugin: Plugin, point: ExtensionPoint): boolean {
  switch (point) {
    case "preEnqueue":
      return plugin.preEnqueue !== undefined;
    case "queueSort":
      return plugin.compare !== undefined;
    case "preFilter":
    case "filter":
      return plugin.prepareFilter !== undefined;
    case "postFilter":
      return plugin.postFilter !== undefined;
    case "preScore":
    case "score":
      return plugin.prepareScore !== undefined;
    case "reserve":
      return plugin.prepareReserve !== undefined;
    case "permit":
      return plugin.permit !== undefined;
    case "preBind":
      return plugin.preBind !== undefined || plugin.prepareReserve !== undefined;
    case "bind":
      return plugin.bind !== undefined;
    case "postBind":
      return plugin.postBind !== undefined;
    default:
      return point satisfies never;
  }
}

export type EnabledByPoint = { readonly [Point in ExtensionPoint]: readonly EnabledPlugin[] };

export interface ProfileSettings {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore?: number;
}

/**
 * Puts the enabled plugins where the scheduler looks for them. A plugin that is enabled at PreFilter or at Filter filters,
 * since it does both in one; so it is with PreScore and Score.
 * @throws when there is no plugin, or more than one, that sorts the queue, or none that binds.
 */
export function makeProfile(settings: ProfileSettings, enabled: EnabledByPoint): Profile {
  const plugins = (point: ExtensionPoint) => enabled[point].map(({ plugin }) => plugin);
  const [queueSort, ...more] = plugins("queueSort").filter(isQueueSort);
  if (queueSort === undefined) throw new Error(`no queue sort plugin is enabled in profile ${settings.schedulerName}`);
  if (more.length > 0) {
    const names = [queueSort, ...more].map(({ name }) => name).join(", ");
    throw new Error(`only one queue sort plugin can be enabled in profile ${settings.schedulerName}: ${names}`);
  }
  const binds = plugins("bind").filter(isBind);
  if (binds.length === 0) throw new Error("at least one bind plugin is needed");
  return {
    ...settings,
    queueSort,
    preEnqueues: plugins("preEnqueue").filter(isPreEnqueue),
    gangs: plugins("preEnqueue").find(isGang),
    filters: [...new Set([...plugins("preFilter"), ...plugins("filter")])].filter(isFilter),
    postFilters: plugins("postFilter").filter(isPostFilter),
    scores: weightedScores(enabled),
    reserves: plugins("reserve").filter(isReserve),
    permits: plugins("permit").filter(isPermit),
    preBinds: plugins("preBind").filter((plugin) => isPreBind(plugin) || isReserve(plugin)),
    binds,
    postBinds: plugins("postBind").filter(isPostBind),
  };
}

function weightedScores({ score }: EnabledByPoint): WeightedScore[] {
  return score.flatMap(({ plugin, weight }) => (isScore(plugin) ? [{ plugin, weight }] : []));
}

function isPreEnqueue(plugin: Plugin): plugin is Plugin & PreEnqueuePlugin {
  return implementsPoint(plugin, "preEnqueue");
}

function isGang(plugin: Plugin): plugin is Plugin & GangPlugin {
  return plugin.gangOf !== undefined;
}

function isQueueSort(plugin: Plugin): plugin is Plugin & QueueSortPlugin {
  return implementsPoint(plugin, "queueSort");
}

function isFilter(plugin: Plugin): plugin is Plugin & FilterPlugin {
  return implementsPoint(plugin, "filter");
}

function isPostFilter(plugin: Plugin): plugin is Plugin & PostFilterPlugin {
  return implementsPoint(plugin, "postFilter");
}

function isScore(plugin: Plugin): plugin is Plugin & ScorePlugin {
  return implementsPoint(plugin, "score");
}

function isReserve(plugin: Plugin): plugin is Plugin & ReservePlugin {
  return implementsPoint(plugin, "reserve");
}

function isPermit(plugin: Plugin): plugin is Plugin & PermitPlugin {
  return implementsPoint(plugin, "permit");
}

function isPreBind(plugin: Plugin): plugin is Plugin & PreBindPlugin {
  return plugin.preBind !== undefined;
}

function isBind(plugin: Plugin): plugin is Plugin & BindPlugin {
  return implementsPoint(plugin, "bind");
}

function isPostBind(plugin: Plugin): plugin is Plugin & PostBindPlugin {
  return implementsPoint(plugin, "postBind");
}
