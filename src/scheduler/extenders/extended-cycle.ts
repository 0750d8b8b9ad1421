import type { Logger } from "../../host/index.ts";
import type { ClusterState } from "../cluster-state.ts";
import { type Feasible, fitErrorOf, prepareFilters, refusedAsWhole, type SchedulingCycle } from "../cycle.ts";
import type { CycleResult } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";
import type { CycleProfile } from "../profile.ts";
import type { Extender } from "./extender.ts";

const extenderName = "Extender";

/** What a cycle that asks extenders works with. */
export interface ExtendedCycle {
  readonly profile: CycleProfile;
  readonly cycle: SchedulingCycle;
  readonly extenders: readonly Extender[];
  readonly log: Logger;
}

/**
 * A cycle that asks extenders: they filter what the plugins left, and add to the scores. It waits for them, so that the
 * cluster may change meanwhile, as it may between the original's snapshot and its binding; no other cycle runs.
 * @throws when an extender that must not be ignored fails.
 */
export async function runExtended(
  { profile, cycle, extenders, log }: ExtendedCycle,
  pod: PodInfo,
  cluster: ClusterState,
): Promise<CycleResult> {
  const prepared = prepareFilters(profile, pod, cluster);
  if ("rejected" in prepared) return { kind: "unschedulable", fit: refusedAsWhole(prepared.rejected, cluster) };
  const asked = extenders.filter((extender) => extender.isInterested(pod));
  const nominated = cycle.nominatedNode(pod, prepared, cluster);
  if (nominated) {
    const { nodes } = await filterWith(asked, pod, { nodes: [nominated], evaluated: 1, rejections: new Map() }, log);
    if (nodes.length > 0) return { kind: "scheduled", node: nominated.name, evaluated: 1, feasible: 1 };
  }
  const found = cycle.feasible(pod, prepared, cluster);
  const { nodes, rejections } = await filterWith(asked, pod, found, log);
  const [only] = nodes;
  if (!only) return { kind: "unschedulable", fit: fitErrorOf(prepared, rejections, cluster) };
  const { evaluated } = found;
  if (nodes.length === 1) return { kind: "scheduled", node: only.name, evaluated, feasible: 1 };
  const extra = await scoresOf(asked, pod, nodes, log);
  const there = nodes.filter(({ name }) => cluster.node(name));
  const totals = cycle.totals(pod, there, cluster).map((total, i) => total + (extra.get(there[i]?.name ?? "") ?? 0));
  return { kind: "scheduled", node: cycle.choose(there, totals).name, evaluated, feasible: nodes.length };
}

async function filterWith(
  extenders: readonly Extender[],
  pod: PodInfo,
  found: Feasible,
  log: Logger,
): Promise<Omit<Feasible, "evaluated">> {
  const rejections = new Map(found.rejections);
  let { nodes } = found;
  for (const extender of extenders) {
    if (nodes.length === 0) break;
    if (!extender.filter) continue;
    try {
      const { nodes: left, failed, unresolvable } = await extender.filter(pod, nodes);
      const reject = (reasons: Readonly<Record<string, string>>, resolvable: boolean) => {
        for (const [name, reason] of Object.entries(reasons)) {
          rejections.set(name, { plugin: extenderName, reasons: [reason], resolvable });
        }
      };
      reject(failed, true);
      reject(unresolvable, false);
      nodes = left;
    } catch (error) {
      if (!extender.isIgnorable) throw error;
      log.warn("skipping an extender that failed", { extender: extender.name, error: String(error) });
    }
  }
  return { nodes, rejections };
}

/** The sums of what extenders say of the nodes; one that fails says nothing. */
async function scoresOf(
  extenders: readonly Extender[],
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  log: Logger,
): Promise<ReadonlyMap<string, number>> {
  const totals = new Map<string, number>();
  await Promise.all(
    extenders.map(async (extender) => {
      const scores = await extender.prioritize?.(pod, nodes).catch((error: unknown) => {
        log.warn("an extender gave no scores", { extender: extender.name, error: String(error) });
        return undefined;
      });
      for (const [name, score] of scores ?? []) totals.set(name, (totals.get(name) ?? 0) + score);
    }),
  );
  return totals;
}
