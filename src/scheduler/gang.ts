import type { ClusterState } from "./cluster-state.ts";
import type { SchedulingCycle } from "./cycle.ts";
import type { FitError, Rejection, Reservation } from "./framework.ts";
import type { PodInfo } from "./pod-info.ts";
import type { QueuedPod } from "./queued-pod.ts";

/** A group of pods that get their nodes together. */
export interface Gang {
  readonly key: string;
  /** So many of its pods must have nodes, or none gets one. */
  readonly minCount: number;
  /** Pods of the group that have a node already. */
  readonly placed: number;
}

/** A plugin that knows which pods belong together. */
export interface GangPlugin {
  readonly name: string;
  gangOf(pod: PodInfo): Gang | undefined;
}

/** A pod of a gang with its node, counted there and with what it needs reserved. */
export interface GangMember {
  readonly entry: QueuedPod;
  readonly nodeName: string;
  readonly reservations: readonly Reservation[];
}

export interface GangResult {
  /** Empty when too few pods found a node. */
  readonly members: readonly GangMember[];
  readonly refused: readonly { readonly entry: QueuedPod; readonly fit: FitError }[];
}

/**
 * One cycle for a whole gang: each pod sees those before it on their nodes. When fewer than `minCount` find one, all are
 * taken back, and nothing was held meanwhile that others could have waited for.
 */
export function scheduleGang(
  { minCount, placed }: Gang,
  entries: readonly QueuedPod[],
  cycle: SchedulingCycle,
  cluster: ClusterState,
): GangResult {
  const members: GangMember[] = [];
  const refused: { entry: QueuedPod; fit: FitError }[] = [];
  for (const entry of entries) {
    const result = cycle.run(entry.info, cluster);
    if (result.kind === "unschedulable") {
      refused.push({ entry, fit: result.fit });
      continue;
    }
    cluster.assumePod(entry.info, result.node);
    const reservations = cycle.reserve(entry.info, result.node, cluster);
    if ("rejected" in reservations) {
      cluster.forgetPod(entry.key);
      refused.push({ entry, fit: { nodesTotal: 1, nodes: new Map([[result.node, reservations.rejected]]) } });
    } else members.push({ entry, nodeName: result.node, reservations });
  }
  const scheduled = placed + members.length;
  if (scheduled >= minCount) return { members, refused };
  for (const { entry, reservations } of members.toReversed()) {
    for (const reservation of reservations) reservation.release(false);
    cluster.forgetPod(entry.key);
  }
  const tooFew: Rejection = {
    plugin: "GangScheduling",
    reasons: [`minCount (${minCount}) cannot be satisfied: ${scheduled} scheduled, 0 remaining`],
    resolvable: false,
  };
  const nodesTotal = cluster.nodes().length;
  const alsoRefused = members.map(({ entry }) => ({ entry, fit: { nodesTotal, nodes: new Map(), pod: tooFew } }));
  return { members: [], refused: [...refused, ...alsoRefused] };
}
