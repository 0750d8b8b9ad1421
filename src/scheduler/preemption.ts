import { labelSelectorAsSelector, matches } from "../api/meta/index.ts";
import type { PodDisruptionBudget } from "../api/types/index.ts";
import type { Random } from "../host/index.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { DefaultPreemptionArgs } from "./config/plugin-args.ts";
import { prepareFilters, rejectionBy } from "./cycle.ts";
import { sortedCounts } from "./fit-error.ts";
import type { FilterPlugin, FitError, NodeFilter } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";
import { RefusedNodes } from "./refused-nodes.ts";

/** Pods to remove from a node so that a more important one fits. */
export interface Preemption {
  readonly node: string;
  readonly victims: readonly PodInfo[];
  readonly budgetsViolated: number;
  /** Worked out already. */
  readonly cost?: PreemptionCost;
}

/** How the search goes. */
export interface PreemptionSearch {
  readonly filters: readonly FilterPlugin[];
  readonly budgets: readonly PodDisruptionBudget[];
  readonly args: DefaultPreemptionArgs;
  readonly random: Pick<Random, "next">;
  /** What earlier searches found out; without it nothing is remembered. */
  readonly memory?: PreemptionMemory;
}

/** What the search came to: nodes with victims, or why not in the original's words. */
export type PreemptionResult =
  | { readonly kind: "found"; readonly candidates: readonly Preemption[] }
  | { readonly kind: "none"; readonly message: string };

const notHelpful = "Preemption is not helpful for scheduling";
const noVictims = "No preemption victims found for incoming pod";

/**
 * DefaultPreemption: the node where removing pods of lower priority lets the pod in at the least cost. Of each candidate's
 * lower pods as many as possible stay, those of exhausted disruption budgets first.
 * Reads the cluster state, takes pods off and puts them back while it tries; it is unchanged afterwards.
 */
export function findPreemption(
  pod: PodInfo,
  fit: FitError,
  cluster: ClusterState,
  search: PreemptionSearch,
): PreemptionResult {
  if (fit.nodesTotal === 0) return { kind: "none", message: "no nodes available" };
  const worthTrying = fit.pod ? [] : resolvableNodes(fit, cluster);
  const candidates = dryRun(pod, worthTrying, cluster, search);
  if (candidates.length > 0) return { kind: "found", candidates };
  const counts = new Map([
    [noVictims, worthTrying.length],
    [notHelpful, fit.nodesTotal - worthTrying.length],
  ]);
  for (const [reason, count] of counts) if (count === 0) counts.delete(reason);
  return { kind: "none", message: `0/${fit.nodesTotal} nodes are available: ${sortedCounts(counts).join(", ")}.` };
}

/** The candidate that costs least; among equals the first. */
export function bestPreemption(candidates: readonly Preemption[]): Preemption | undefined {
  let best: Preemption | undefined;
  for (const candidate of candidates) if (!best || compareCandidates(candidate, best) < 0) best = candidate;
  return best;
}

/** Nodes whose refusal may go away with some of their pods. */
function resolvableNodes({ nodes }: FitError, cluster: ClusterState): readonly NodeInfo[] {
  if (nodes instanceof RefusedNodes) {
    const areAll = nodes.counts.keys().every(({ resolvable }) => resolvable);
    return areAll ? nodes.nodes : nodes.nodes.filter((_, i) => nodes.rejections[i]?.resolvable);
  }
  return [...nodes].flatMap(([name, { resolvable }]) => (resolvable ? (cluster.node(name) ?? []) : []));
}

/** Tries nodes from a random one on until there are enough candidates of which one violates no budget. */
function dryRun(
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  cluster: ClusterState,
  search: PreemptionSearch,
): Preemption[] {
  const { minCandidateNodesPercentage, minCandidateNodesAbsolute } = search.args;
  const part = Math.floor((nodes.length * minCandidateNodesPercentage) / 100);
  const wanted = Math.min(nodes.length, Math.max(part, minCandidateNodesAbsolute));
  const offset = Math.floor(search.random.next() * nodes.length);
  const memory = search.memory ?? new PreemptionMemory();
  const tried = memory.triedBy(pod, cluster, search);
  if (!tried) return [];
  const candidates: Preemption[] = [];
  let hasPeaceful = false;
  for (let i = 0; i < nodes.length && !(hasPeaceful && candidates.length >= wanted); i++) {
    const node = nodes[(offset + i) % nodes.length];
    const candidate = node && tried.candidateOn(node, pod);
    if (!candidate) continue;
    candidates.push(candidate);
    hasPeaceful ||= candidate.budgetsViolated === 0;
  }
  return candidates;
}

/** Preemptors whose tries are remembered. */
const templatesMax = 16;

/**
 * What was found out by trying nodes for the preemptors of one template after the other: a node is tried again once it has
 * changed, or other pods are to come to it. Only for pods that nothing but local plugins has a say about, since then nothing
 * but the node decides.
 */
export class PreemptionMemory {
  readonly #known = new Map<string, TriedNodes>();
  #budgets: readonly PodDisruptionBudget[] = [];

  /** Undefined when the pod is refused as a whole. */
  triedBy(pod: PodInfo, cluster: ClusterState, { filters, budgets }: PreemptionSearch): TriedNodes | undefined {
    if (budgets.length !== this.#budgets.length || budgets.some((budget, i) => budget !== this.#budgets[i])) {
      this.#known.clear();
    }
    this.#budgets = budgets;
    const key = pod.localKey;
    const prepared = prepareFilters({ filters, scores: [], reserves: [] }, pod, cluster);
    if ("rejected" in prepared) return undefined;
    const known = this.#known.get(key);
    const isLocal = prepared.filters.length === 1;
    if (known && isLocal) return known;
    // Other filters may have counted pods that are taken off a node for the try: they look at the pod anew each time.
    const again = (): readonly NodeFilter[] | undefined => {
      const anew = prepareFilters({ filters, scores: [], reserves: [] }, pod, cluster);
      return "rejected" in anew ? undefined : anew.filters;
    };
    const made = new TriedNodes(isLocal ? () => prepared.filters : again, cluster, budgets);
    if (!isLocal) return made;
    const [oldest] = this.#known.keys();
    if (this.#known.size >= templatesMax && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, made);
    return made;
  }
}

class TriedNodes {
  readonly #filters: () => readonly NodeFilter[] | undefined;
  readonly #cluster: ClusterState;
  readonly #budgets: readonly PodDisruptionBudget[];
  /** By node index: the generation that was tried, and what came of it. */
  readonly #triedAt: number[] = [];
  readonly #candidates: (Preemption | undefined)[] = [];

  /** @param filters undefined when the pod is refused as a whole. */
  constructor(
    filters: () => readonly NodeFilter[] | undefined,
    cluster: ClusterState,
    budgets: readonly PodDisruptionBudget[],
  ) {
    this.#filters = filters;
    this.#cluster = cluster;
    this.#budgets = budgets;
  }

  candidateOn(node: NodeInfo, pod: PodInfo): Preemption | undefined {
    const { index, generation } = node;
    if (this.#triedAt[index] === generation) return this.#candidates[index];
    const candidate = this.#try(node, pod);
    this.#triedAt[index] = generation;
    this.#candidates[index] = candidate;
    return candidate;
  }

  #try(node: NodeInfo, pod: PodInfo): Preemption | undefined {
    const lower: PodInfo[] = [];
    for (const other of node.pods.values()) if (other.priority < pod.priority) lower.push(other);
    if (lower.length === 0) return undefined;
    const fits = () => {
      const filters = this.#filters();
      return filters !== undefined && rejectionBy(filters, node, pod, this.#cluster) === undefined;
    };
    return node.whatIf(() => victimsOn(node, lower, fits, this.#budgets));
  }
}

/** Takes all off the node and puts back as many as it can; at the end all are where they were. */
function victimsOn(
  node: NodeInfo,
  lower: PodInfo[],
  fits: () => boolean,
  budgets: readonly PodDisruptionBudget[],
): Preemption | undefined {
  const victims: PodInfo[] = [];
  let budgetsViolated = 0;
  for (const victim of lower) node.removePod(victim);
  try {
    if (!fits()) return undefined;
    // The most important come back first; what does not fit any more is a victim.
    const { violating, others } = splitByBudgets(lower.sort(moreImportantFirst), budgets);
    for (const [group, violates] of [
      [violating, 1],
      [others, 0],
    ] as const) {
      for (const candidate of group) {
        node.addPod(candidate);
        if (fits()) continue;
        node.removePod(candidate);
        victims.push(candidate);
        budgetsViolated += violates;
      }
    }
  } finally {
    for (const pod of lower) if (!node.pods.has(pod.key)) node.addPod(pod);
  }
  return victims.length > 0 ? { node: node.name, victims, budgetsViolated, cost: costOf(victims) } : undefined;
}

/** Pods whose removal a disruption budget forbids, counted one after the other as the original does. */
function splitByBudgets(pods: readonly PodInfo[], budgets: readonly PodDisruptionBudget[]) {
  const left = new Map(budgets.map((budget) => [budget, budget.status?.disruptionsAllowed ?? 0]));
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    for (const [budget, allowed] of left) {
      if (budget.metadata.namespace !== pod.namespace || !pod.pod.metadata.labels) continue;
      if (!matches(labelSelectorAsSelector(budget.spec?.selector), pod.labels)) continue;
      if (budget.status?.disruptedPods?.[pod.pod.metadata.name ?? ""] !== undefined) continue;
      left.set(budget, allowed - 1);
      if (allowed - 1 < 0) violates = true;
    }
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}

/** What a candidate costs. */
export interface PreemptionCost {
  readonly highestPriority: number;
  readonly prioritySum: number;
  /** When the first of the most important victims was started. */
  readonly earliest: number;
}

function costOf(victims: readonly PodInfo[]): PreemptionCost {
  let highestPriority = Number.NEGATIVE_INFINITY;
  let prioritySum = 0;
  let earliest = Number.POSITIVE_INFINITY;
  for (const { priority, startedAt } of victims) {
    prioritySum += priority + 2 ** 31;
    if (priority > highestPriority) earliest = startedAt;
    else if (priority === highestPriority) earliest = Math.min(earliest, startedAt);
    highestPriority = Math.max(highestPriority, priority);
  }
  return { highestPriority, prioritySum, earliest };
}

/** The published order: fewest budget violations, lowest top priority, lowest sum, fewest victims, latest start. */
function compareCandidates(a: Preemption, b: Preemption): number {
  const { cost: x = costOf(a.victims) } = a;
  const { cost: y = costOf(b.victims) } = b;
  return (
    a.budgetsViolated - b.budgetsViolated ||
    x.highestPriority - y.highestPriority ||
    x.prioritySum - y.prioritySum ||
    a.victims.length - b.victims.length ||
    y.earliest - x.earliest
  );
}

function moreImportantFirst(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || a.startedAt - b.startedAt;
}
