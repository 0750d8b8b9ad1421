import { SchedulerConfigError } from "./config/decode.ts";
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
 * Puts the enabled plugins where the scheduler looks for them. PreFilter and Filter are one method of a plugin, as are
 * PreScore and Score: the latter of each decides whether nodes are looked at.
 * @throws when there is no plugin, or more than one, that sorts the queue, or none that binds.
 */
export function makeProfile(settings: ProfileSettings, enabled: EnabledByPoint): Profile {
  const plugins = (point: ExtensionPoint) => enabled[point].map(({ plugin }) => plugin);
  const { schedulerName } = settings;
  const sorts = plugins("queueSort").filter(isQueueSort);
  const [queueSort] = sorts;
  const where = `for profile with scheduler name "${schedulerName}"`;
  if (queueSort === undefined || sorts.length > 1) {
    throw new SchedulerConfigError(`only one queue sort plugin required ${where}, but got ${sorts.length}`);
  }
  const binds = plugins("bind").filter(isBind);
  if (binds.length === 0) throw new SchedulerConfigError(`at least one bind plugin is needed ${where}`);
  return {
    ...settings,
    queueSort,
    preEnqueues: plugins("preEnqueue").filter(isPreEnqueue),
    gangs: plugins("preEnqueue").find(isGang),
    filters: filtersOf(plugins("preFilter").filter(isFilter), plugins("filter").filter(isFilter)),
    postFilters: plugins("postFilter").filter(isPostFilter),
    scores: weightedScores(enabled),
    reserves: plugins("reserve").filter(isReserve),
    permits: plugins("permit").filter(isPermit),
    preBinds: plugins("preBind").filter((plugin) => isPreBind(plugin) || isReserve(plugin)),
    binds,
    postBinds: plugins("postBind").filter(isPostBind),
  };
}

/** Those of PreFilter first; who is enabled there alone looks at the pod, but at no node. */
function filtersOf(preFilters: readonly FilterPlugin[], filters: readonly FilterPlugin[]): FilterPlugin[] {
  const withNodes = new Set(filters);
  const first = preFilters.map((plugin) => (withNodes.has(plugin) ? plugin : withoutNodes(plugin)));
  return [...first, ...filters.filter((plugin) => !preFilters.includes(plugin))];
}

function withoutNodes({ name, wakesOn, prepareFilter }: FilterPlugin): FilterPlugin {
  return {
    name,
    ...(wakesOn && { wakesOn }),
    prepareFilter: (pod, cluster) => {
      const prepared = prepareFilter(pod, cluster);
      if (typeof prepared === "function" || prepared === undefined) return undefined;
      return "rejected" in prepared ? prepared : { only: prepared.only };
    },
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
