import type { Random } from "../host/index.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { CycleResult, FitError, NodeFilter, Rejection, Reservation } from "./framework.ts";
import { LocalTemplates } from "./local-answers.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";
import type { CycleProfile } from "./profile.ts";
import { RefusedNodes } from "./refused-nodes.ts";

/** In clusters of up to this many nodes, all feasible ones are scored (the original's minFeasibleNodesToFind). */
const sampledNodesMin = 100;
/** Of larger clusters, 50 % less 1 % for every 125 nodes, never below 5 %. */
const sampledPercentMax = 50;
const sampledPercentMin = 5;
const nodesPerPercent = 125;

/** How many feasible nodes are enough to choose from; `percentage` 0 takes fewer the larger the cluster is. */
export function feasibleNodesWanted(nodes: number, percentage = 0): number {
  if (nodes < sampledNodesMin || percentage >= 100) return nodes;
  const adaptive = Math.max(sampledPercentMin, sampledPercentMax - Math.floor(nodes / nodesPerPercent));
  return Math.max(sampledNodesMin, Math.floor((nodes * (percentage || adaptive)) / 100));
}

/** The filters of a profile, having looked at a pod. */
export interface PreparedFilters {
  readonly filters: readonly NodeFilter[];
  /** Which nodes to look at; undefined is all of them. */
  readonly only: ReadonlySet<string> | undefined;
  /** Why all other nodes are refused. */
  readonly others: Rejection | undefined;
}

/**
 * Lets the filters look at the pod: PreFilter. Answers with the refusal of the pod as a whole when there is one.
 * @param templates what the local ones among them said for pods of the same template.
 */
export function prepareFilters(
  profile: CycleProfile,
  pod: PodInfo,
  cluster: ClusterState,
  templates = new LocalTemplates(profile),
): PreparedFilters | { readonly rejected: Rejection } {
  const local = templates.of(pod, cluster);
  if (local.rejected) return { rejected: local.rejected };
  const filters: NodeFilter[] = [local.rejectionOf];
  const restricting = [...local.restricting];
  let only = local.only;
  for (let i = templates.filters.length; i < profile.filters.length; i++) {
    const plugin = profile.filters[i];
    const prepared = plugin?.prepareFilter(pod, cluster);
    if (typeof prepared === "function") {
      filters.push(prepared);
    } else if (prepared && "rejected" in prepared) {
      return prepared;
    } else if (plugin && prepared) {
      if (prepared.filter) filters.push(prepared.filter);
      only = only?.intersection(prepared.only) ?? prepared.only;
      restricting.push(plugin.name);
    }
  }
  if (only?.size === 0) return { rejected: noNodeLeft(restricting) };
  return { filters, only, others: only && notLookedAt(restricting) };
}

function noNodeLeft(plugins: readonly string[]): Rejection {
  const [plugin = ""] = plugins;
  const [which, end] =
    plugins.length === 1 ? [`plugin ${plugin}`, ""] : [`plugin(s) [${plugins.join(" ")}]`, " simultaneously"];
  return { plugin, reasons: [`node(s) didn't satisfy ${which}${end}`], resolvable: false };
}

function notLookedAt(plugins: readonly string[]): Rejection {
  const reasons = [`node(s) didn't satisfy plugin(s) [${[...plugins].sort().join(" ")}]`];
  return { plugin: plugins[0] ?? "", reasons, resolvable: false };
}

/** What a search for nodes found. */
export interface Feasible {
  readonly nodes: readonly NodeInfo[];
  readonly evaluated: number;
  /** Why the other nodes that were looked at are not among them. */
  readonly rejections: ReadonlyMap<string, Rejection>;
}

/** Told where in a cycle it is, for whoever measures how long its parts take. */
export interface CycleWatch {
  begins(): void;
  passed(point: "PreFilter" | "Filter" | "Score", succeeded: boolean): void;
}

/** Finds nodes for pods, one after the other. Keeps only where the last search stopped, so that all nodes get their turn. */
export class SchedulingCycle {
  readonly #profile: CycleProfile;
  readonly #random: Random;
  readonly #watch: CycleWatch | undefined;
  readonly #templates: LocalTemplates;
  #start = 0;

  constructor(profile: CycleProfile, random: Random, watch?: CycleWatch) {
    this.#profile = profile;
    this.#random = random;
    this.#watch = watch;
    this.#templates = new LocalTemplates(profile);
  }

  /** Lets the filters look at the pod. */
  prepare(pod: PodInfo, cluster: ClusterState): PreparedFilters | { readonly rejected: Rejection } {
    const prepared = prepareFilters(this.#profile, pod, cluster, this.#templates);
    this.#watch?.passed("PreFilter", !("rejected" in prepared));
    return prepared;
  }

  /** Decides synchronously, from the cluster as it is now, and changes nothing. */
  run(pod: PodInfo, cluster: ClusterState): CycleResult {
    this.#watch?.begins();
    const prepared = this.prepare(pod, cluster);
    if ("rejected" in prepared) return { kind: "unschedulable", fit: refusedAsWhole(prepared.rejected, cluster) };
    const nominated = this.nominatedNode(pod, prepared, cluster);
    if (nominated) return { kind: "scheduled", node: nominated.name, evaluated: 1, feasible: 1 };
    const { nodes, evaluated, rejections } = this.feasible(pod, prepared, cluster);
    this.#watch?.passed("Filter", nodes.length > 0);
    const [only] = nodes;
    if (!only) return { kind: "unschedulable", fit: fitErrorOf(prepared, rejections, cluster) };
    const chosen = nodes.length === 1 ? only : this.choose(nodes, this.totals(pod, nodes, cluster));
    this.#watch?.passed("Score", true);
    return { kind: "scheduled", node: chosen.name, evaluated, feasible: nodes.length };
  }

  /** The node where room was made for the pod, if it fits there. */
  nominatedNode(pod: PodInfo, { filters, only }: PreparedFilters, cluster: ClusterState): NodeInfo | undefined {
    const node = cluster.node(cluster.nominationOf(pod.key) ?? "");
    if (!node || (only && !only.has(node.name))) return undefined;
    return rejectionBy(filters, node, pod, cluster) ? undefined : node;
  }

  /** As many nodes that fit as are enough to choose from. */
  feasible(pod: PodInfo, { filters, only }: PreparedFilters, cluster: ClusterState): Feasible {
    const nodes = only ? existing(only, cluster) : cluster.nodes();
    const wanted = feasibleNodesWanted(nodes.length, this.#profile.percentageOfNodesToScore);
    const found: NodeInfo[] = [];
    const refused: NodeInfo[] = [];
    const reasons: Rejection[] = [];
    const all = cluster.nodes().length;
    const check = this.#checkOf(pod, filters, cluster);
    // Where only local plugins have a say, all of what is said can be shared by the template's pods.
    const local = filters.length === 1 && !only ? this.#templates.of(pod, cluster) : undefined;
    const still = local?.stillRefused(nodes, check, cluster);
    if (still) return { nodes: [], evaluated: nodes.length, rejections: still };
    let at = nodes.length === 0 ? 0 : this.#start % nodes.length;
    let evaluated = 0;
    for (; evaluated < nodes.length && found.length < wanted; evaluated++) {
      const node = nodes[at];
      if (!node) break;
      const rejection = check(node);
      if (rejection) {
        refused.push(node);
        reasons.push(rejection);
      } else found.push(node);
      at = at + 1 === nodes.length ? 0 : at + 1;
    }
    if (all > 0) this.#start = (this.#start + evaluated) % all;
    const rejections = new RefusedNodes(refused, reasons);
    if (found.length === 0) local?.allRefused(nodes, rejections, cluster);
    return { nodes: found, evaluated, rejections };
  }

  /** What refuses a node, with the pods that are to come there; remembered where only local plugins have a say. */
  #checkOf(pod: PodInfo, filters: readonly NodeFilter[], cluster: ClusterState): NodeFilter {
    if (!cluster.hasNominations) return (node) => firstRejection(filters, node);
    const ask: NodeFilter = (node) => rejectionBy(filters, node, pod, cluster);
    if (filters.length > 1) return ask;
    const local = this.#templates.of(pod, cluster);
    // On its own node the pod is not one of those that are to come: there it is not like others of its template.
    const own = cluster.nominationOf(pod.key);
    return (node) => (node.name === own ? ask(node) : local.rejectionWithExpected(node, ask));
  }

  /** The sums of weighted scores of the nodes, in their order. */
  totals(pod: PodInfo, nodes: readonly NodeInfo[], cluster: ClusterState): number[] {
    const totals = this.#templates.of(pod, cluster).totals(nodes);
    for (const { plugin, weight } of this.#profile.scores) {
      if (plugin.local) continue;
      const score = plugin.prepareScore(pod, nodes, cluster);
      if (!score) continue;
      const scores = nodes.map(score);
      plugin.normalize?.(scores);
      for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] ?? 0) + weight * (scores[i] ?? 0);
    }
    return totals;
  }

  /** The node with the highest total; among equals, one by chance. */
  choose(nodes: readonly NodeInfo[], totals: readonly number[]): NodeInfo {
    let highest = Number.NEGATIVE_INFINITY;
    let equals = 0;
    for (const total of totals) {
      if (total > highest) {
        highest = total;
        equals = 1;
      } else if (total === highest) equals++;
    }
    let left = equals > 1 ? Math.floor(this.#random.next() * equals) : 0;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i];
      if (node && totals[i] === highest && left-- === 0) return node;
    }
    throw new Error("no feasible node to choose from");
  }

  /** Reserves what the pod needs on the node that was chosen for it; on a refusal nothing stays reserved. */
  reserve(
    pod: PodInfo,
    nodeName: string,
    cluster: ClusterState,
  ): readonly Reservation[] | { readonly rejected: Rejection } {
    const node = cluster.node(nodeName);
    if (!node || this.#profile.reserves.length === 0) return nothingReserved;
    let reserved: Reservation[] | undefined;
    for (const plugin of this.#profile.reserves) {
      const reservation = plugin.prepareReserve(pod, node, cluster);
      if (reservation === undefined) continue;
      if ("rejected" in reservation) {
        for (const earlier of reserved ?? []) earlier.release(false);
        return reservation;
      }
      if (reserved) reserved.push(reservation);
      else reserved = [reservation];
    }
    return reserved ?? nothingReserved;
  }
}

const nothingReserved: readonly Reservation[] = [];

function existing(names: ReadonlySet<string>, cluster: ClusterState): NodeInfo[] {
  const nodes: NodeInfo[] = [];
  for (const name of names) {
    const node = cluster.node(name);
    if (node) nodes.push(node);
  }
  return nodes;
}

export function refusedAsWhole(rejection: Rejection, cluster: ClusterState): FitError {
  return { nodesTotal: cluster.nodes().length, nodes: new Map(), pod: rejection };
}

export function fitErrorOf(
  { others }: PreparedFilters,
  rejections: ReadonlyMap<string, Rejection>,
  cluster: ClusterState,
): FitError {
  return { nodesTotal: cluster.nodes().length, nodes: rejections, ...(others && { others }) };
}

/** A node must do as it is, and with the pods that are to come to it: they may come, or not. */
export function rejectionBy(
  filters: readonly NodeFilter[],
  node: NodeInfo,
  pod: PodInfo,
  cluster: ClusterState,
): Rejection | undefined {
  const rejection = firstRejection(filters, node);
  if (rejection) return rejection;
  const expected = cluster.nominatedOn(node.name, pod);
  if (expected.length === 0) return undefined;
  return node.whatIf(() => {
    for (const other of expected) node.addPod(other);
    const found = firstRejection(filters, node);
    for (const other of expected) node.removePod(other);
    return found;
  });
}

export function firstRejection(filters: readonly NodeFilter[], node: NodeInfo): Rejection | undefined {
  for (const filter of filters) {
    const rejection = filter(node);
    if (rejection) return rejection;
  }
  return undefined;
}
