import { labelSelectorAsSelector, matches, parseTime } from "../api/meta/index.ts";
import type { PodDisruptionBudget } from "../api/types/index.ts";
import type { Random } from "../host/index.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { DefaultPreemptionArgs } from "./config/plugin-args.ts";
import { firstRejection } from "./cycle.ts";
import { sortedCounts } from "./fit-error.ts";
import type { FilterPlugin, FitError, NodeFilter } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";

/** Pods to remove from a node so that a more important one fits. */
export interface Preemption {
  readonly node: string;
  readonly victims: readonly PodInfo[];
}

interface Candidate extends Preemption {
  readonly budgetsViolated: number;
}

/** How the search goes. */
export interface PreemptionSearch {
  readonly filters: readonly FilterPlugin[];
  readonly budgets: readonly PodDisruptionBudget[];
  readonly args: DefaultPreemptionArgs;
  readonly random: Pick<Random, "next">;
}

/** What the search came to: a node with victims, or why not in the original's words. */
export type PreemptionResult =
  | { readonly kind: "found"; readonly preemption: Preemption }
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
  const best = candidates.sort(compareCandidates)[0];
  if (best) return { kind: "found", preemption: { node: best.node, victims: best.victims } };
  const counts = new Map([
    [noVictims, worthTrying.length],
    [notHelpful, fit.nodesTotal - worthTrying.length],
  ]);
  for (const [reason, count] of counts) if (count === 0) counts.delete(reason);
  return { kind: "none", message: `0/${fit.nodesTotal} nodes are available: ${sortedCounts(counts).join(", ")}.` };
}

/** Nodes whose refusal may go away with some of their pods. */
function resolvableNodes(fit: FitError, cluster: ClusterState): NodeInfo[] {
  const nodes: NodeInfo[] = [];
  for (const [name, { resolvable }] of fit.nodes) {
    const node = resolvable ? cluster.node(name) : undefined;
    if (node) nodes.push(node);
  }
  return nodes;
}

/** Tries nodes from a random one on until there are enough candidates of which one violates no budget. */
function dryRun(
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  cluster: ClusterState,
  search: PreemptionSearch,
): Candidate[] {
  const { minCandidateNodesPercentage, minCandidateNodesAbsolute } = search.args;
  const part = Math.floor((nodes.length * minCandidateNodesPercentage) / 100);
  const wanted = Math.min(nodes.length, Math.max(part, minCandidateNodesAbsolute));
  const offset = Math.floor(search.random.next() * nodes.length);
  const candidates: Candidate[] = [];
  let hasPeaceful = false;
  for (let i = 0; i < nodes.length && !(hasPeaceful && candidates.length >= wanted); i++) {
    const node = nodes[(offset + i) % nodes.length];
    const candidate = node && tryNode(pod, node, cluster, search);
    if (!candidate) continue;
    candidates.push(candidate);
    hasPeaceful ||= candidate.budgetsViolated === 0;
  }
  return candidates;
}

function tryNode(
  pod: PodInfo,
  node: NodeInfo,
  cluster: ClusterState,
  { filters, budgets }: PreemptionSearch,
): Candidate | undefined {
  const lower = [...node.pods.values()].filter((other) => other.priority < pod.priority);
  if (lower.length === 0) return undefined;
  const fits = () => {
    const prepared: NodeFilter[] = [];
    for (const plugin of filters) {
      const filter = plugin.prepareFilter(pod, cluster);
      if (typeof filter === "function") prepared.push(filter);
      else if (filter && "rejected" in filter) return false;
      else if (filter?.filter) prepared.push(filter.filter); // the node is one of those that it looks at
    }
    return firstRejection(prepared, node) === undefined;
  };
  for (const victim of lower) node.removePod(victim);
  const victims: PodInfo[] = [];
  let budgetsViolated = 0;
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
  return victims.length > 0 ? { node: node.name, victims, budgetsViolated } : undefined;
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

/** The published order: fewest budget violations, lowest top priority, lowest sum, fewest victims, latest start. */
function compareCandidates(a: Candidate, b: Candidate): number {
  const top = (c: Candidate) => Math.max(...c.victims.map((v) => v.priority));
  const sum = (c: Candidate) => c.victims.reduce((total, v) => total + v.priority + 2 ** 31, 0);
  const earliest = (c: Candidate) =>
    Math.min(...c.victims.filter((v) => v.priority === top(c)).map((v) => startTime(v)));
  return (
    a.budgetsViolated - b.budgetsViolated ||
    top(a) - top(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    earliest(b) - earliest(a)
  );
}

function moreImportantFirst(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startTime(a) - startTime(b);
}

function startTime({ pod }: PodInfo): number {
  const text = pod.status?.startTime ?? pod.metadata.creationTimestamp;
  return text ? parseTime(text) : 0;
}
