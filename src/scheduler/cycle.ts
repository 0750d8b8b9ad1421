import type { Random } from "../host/index.ts";
import type { ClusterState } from "./cluster-state.ts";
import type {
  CycleResult,
  FilterPlugin,
  NodeFilter,
  Rejection,
  Reservation,
  ReservePlugin,
  ScorePlugin,
} from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";

export interface Profile {
  readonly filters: readonly FilterPlugin[];
  readonly scores: readonly ScorePlugin[];
  readonly reserves: readonly ReservePlugin[];
}

/** In clusters of up to this many nodes, all feasible ones are scored (the original's minFeasibleNodesToFind). */
const sampledNodesMin = 100;
/** Of larger clusters, 50 % less 1 % for every 125 nodes, never below 5 %. */
const sampledPercentMax = 50;
const sampledPercentMin = 5;
const nodesPerPercent = 125;

/** How many feasible nodes are enough to choose from. */
export function feasibleNodesWanted(nodes: number): number {
  if (nodes < sampledNodesMin) return nodes;
  const percent = Math.max(sampledPercentMin, sampledPercentMax - Math.floor(nodes / nodesPerPercent));
  return Math.max(sampledNodesMin, Math.floor((nodes * percent) / 100));
}

/** Finds nodes for pods, one after the other. Keeps only where the last search stopped, so that all nodes get their turn. */
export class SchedulingCycle {
  readonly #profile: Profile;
  readonly #random: Random;
  #start = 0;

  constructor(profile: Profile, random: Random) {
    this.#profile = profile;
    this.#random = random;
  }

  /** Decides synchronously, from the cluster as it is now, and changes nothing. */
  run(pod: PodInfo, cluster: ClusterState): CycleResult {
    const nodes = cluster.nodes();
    const filters: NodeFilter[] = [];
    for (const plugin of this.#profile.filters) {
      const prepared = plugin.prepareFilter(pod, cluster);
      if (typeof prepared === "function") filters.push(prepared);
      else if (prepared) {
        return { kind: "unschedulable", fit: { nodesTotal: nodes.length, nodes: new Map(), pod: prepared.rejected } };
      }
    }
    // Room was made for it there: that node comes first.
    const nominated = cluster.node(cluster.nominationOf(pod.key) ?? "");
    if (nominated && !rejectionBy(filters, nominated, pod, cluster)) {
      return { kind: "scheduled", node: nominated.name, evaluated: 1, feasible: 1 };
    }
    const feasible: NodeInfo[] = [];
    const rejections = new Map<string, Rejection>();
    const check: NodeFilter = (node) => rejectionBy(filters, node, pod, cluster);
    const evaluated = this.#filter(nodes, check, feasible, rejections);
    const [only] = feasible;
    if (!only) return { kind: "unschedulable", fit: { nodesTotal: nodes.length, nodes: rejections } };
    const chosen = feasible.length === 1 ? only : this.#best(pod, feasible, cluster);
    return { kind: "scheduled", node: chosen.name, evaluated, feasible: feasible.length };
  }

  /** Reserves what the pod needs on the node that was chosen for it. */
  reserve(pod: PodInfo, nodeName: string, cluster: ClusterState): readonly Reservation[] {
    const node = cluster.node(nodeName);
    if (!node || pod.claimKeys.length === 0) return nothingReserved;
    return this.#profile.reserves.flatMap((plugin) => plugin.prepareReserve(pod, node, cluster) ?? []);
  }

  #filter(
    nodes: readonly NodeInfo[],
    check: NodeFilter,
    feasible: NodeInfo[],
    rejections: Map<string, Rejection>,
  ): number {
    const wanted = feasibleNodesWanted(nodes.length);
    let evaluated = 0;
    for (; evaluated < nodes.length && feasible.length < wanted; evaluated++) {
      const node = nodes[(this.#start + evaluated) % nodes.length];
      if (!node) break;
      const rejection = check(node);
      if (rejection) rejections.set(node.name, rejection);
      else feasible.push(node);
    }
    if (nodes.length > 0) this.#start = (this.#start + evaluated) % nodes.length;
    return evaluated;
  }

  /** The node with the highest sum of weighted scores; among equals, one by chance. */
  #best(pod: PodInfo, feasible: readonly NodeInfo[], cluster: ClusterState): NodeInfo {
    const totals = new Array<number>(feasible.length).fill(0);
    for (const plugin of this.#profile.scores) {
      const score = plugin.prepareScore(pod, feasible, cluster);
      if (!score) continue;
      const scores = feasible.map(score);
      plugin.normalize?.(scores);
      for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] ?? 0) + plugin.weight * (scores[i] ?? 0);
    }
    let best = 0;
    let ties = 1;
    for (let i = 1; i < totals.length; i++) {
      const difference = (totals[i] ?? 0) - (totals[best] ?? 0);
      if (difference > 0) {
        best = i;
        ties = 1;
      } else if (difference === 0) {
        ties++;
        if (this.#random.next() < 1 / ties) best = i;
      }
    }
    const node = feasible[best];
    if (!node) throw new Error("no feasible node to choose from");
    return node;
  }
}

/** A node must do with the pods that are to come to it, and without them: they may not come. */
function rejectionBy(
  filters: readonly NodeFilter[],
  node: NodeInfo,
  pod: PodInfo,
  cluster: ClusterState,
): Rejection | undefined {
  const expected = cluster.nominatedOn(node.name, pod);
  if (expected.length > 0) {
    for (const other of expected) node.addPod(other);
    const rejection = firstRejection(filters, node);
    for (const other of expected) node.removePod(other);
    if (rejection) return rejection;
  }
  return firstRejection(filters, node);
}

const nothingReserved: readonly Reservation[] = [];

export function firstRejection(filters: readonly NodeFilter[], node: NodeInfo): Rejection | undefined {
  for (const filter of filters) {
    const rejection = filter(node);
    if (rejection) return rejection;
  }
  return undefined;
}
