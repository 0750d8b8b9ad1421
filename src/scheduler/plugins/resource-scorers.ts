import type { NodeResourcesBalancedAllocationArgs, ScoringStrategy, UtilizationPoint } from "../config/plugin-args.ts";
import { defaultPluginArgs } from "../config/plugin-args.ts";
import { type ScorePlugin, scoreMax } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";
import type { Resources } from "../resources.ts";

/** Scores of a custom shape go to 10. */
const shapeScoreMax = 10;
const utilizationMax = 100;

/** How well one resource is used, 0 to 100, when of `total` so much is `used`. */
type ResourceScore = (used: number, total: number) => number;

/** The scores of NodeResourcesFit: over the resources of the strategy, each with its weight, which the node has. */
export function createResourceScorer(strategy: ScoringStrategy): ScorePlugin["prepareScore"] {
  const { resources } = strategy;
  const isRatio = strategy.type === "RequestedToCapacityRatio";
  const score = scoreOf(strategy);
  return (info) => (node) => {
    let sum = 0;
    let weights = 0;
    for (const { name, weight } of resources) {
      const total = totalOf(node, info, name);
      if (total === 0) continue;
      const part = score(usedOf(node.nonzeroRequested, node.requested, info.incomingRequests, name), total);
      if (isRatio && part <= 0) continue;
      sum += part * weight;
      weights += weight;
    }
    if (weights === 0) return 0;
    return isRatio ? Math.round(sum / weights) : Math.floor(sum / weights);
  };
}

function scoreOf({ type, requestedToCapacityRatio }: ScoringStrategy): ResourceScore {
  switch (type) {
    case "LeastAllocated":
      return (used, total) => (used > total ? 0 : Math.floor(((total - used) * scoreMax) / total));
    case "MostAllocated":
      return (used, total) => Math.floor((Math.min(used, total) * scoreMax) / total);
    case "RequestedToCapacityRatio": {
      const line = brokenLine(requestedToCapacityRatio?.shape ?? []);
      return (used, total) => line(used > total ? utilizationMax : Math.floor((used * utilizationMax) / total));
    }
    default:
      return type satisfies never;
  }
}

/** The score at a utilization, on straight lines between the points. */
export function brokenLine(shape: readonly UtilizationPoint[]): (utilization: number) => number {
  const points = shape.map(({ utilization, score }) => ({ utilization, score: score * (scoreMax / shapeScoreMax) }));
  return (at) => {
    const next = points.findIndex(({ utilization }) => at <= utilization);
    const to = points[next];
    const from = points[next - 1];
    if (to === undefined) return points.at(-1)?.score ?? 0;
    if (from === undefined) return to.score;
    const rise = ((to.score - from.score) * (at - from.utilization)) / (to.utilization - from.utilization);
    return from.score + Math.trunc(rise);
  };
}

/** How much of a resource the node has; 0 leaves the resource out. A pod that does not ask for an extended one does not care. */
function totalOf({ allocatable }: NodeInfo, { requests }: PodInfo, name: string): number {
  switch (name) {
    case "cpu":
      return allocatable.cpuMilli;
    case "memory":
      return allocatable.memoryBytes;
    case "ephemeral-storage":
      return allocatable.ephemeralBytes;
    default:
      return requests.others?.get(name) ? (allocatable.others?.get(name) ?? 0) : 0;
  }
}

/** How much would be taken with the pod. */
function usedOf(cpuAndMemory: Resources, requested: Resources, requests: Resources, name: string): number {
  switch (name) {
    case "cpu":
      return cpuAndMemory.cpuMilli + requests.cpuMilli;
    case "memory":
      return cpuAndMemory.memoryBytes + requests.memoryBytes;
    case "ephemeral-storage":
      return requested.ephemeralBytes + requests.ephemeralBytes;
    default:
      return (requested.others?.get(name) ?? 0) + (requests.others?.get(name) ?? 0);
  }
}

const half = scoreMax / 2;

/** NodeResourcesBalancedAllocation: prefers nodes where the pod brings the uses of the resources closer to each other. */
export function createBalancedAllocation(
  { resources }: NodeResourcesBalancedAllocationArgs = defaultPluginArgs.NodeResourcesBalancedAllocation,
): ScorePlugin {
  const asksFor = ({ requests }: PodInfo, name: string) => usedOf(none, none, requests, name) > 0;
  return {
    name: "NodeResourcesBalancedAllocation",
    local: true,
    prepareScore: (info) => {
      // As in the original, a pod without requests says nothing about balance.
      if (!resources.some(({ name }) => asksFor(info, name))) return undefined;
      const balance = (node: NodeInfo, requests: Resources) => {
        const fractions: number[] = [];
        for (const { name } of resources) {
          const total = totalOf(node, info, name);
          if (total === 0) continue;
          fractions.push(Math.min(1, usedOf(node.requested, node.requested, requests, name) / total));
        }
        return Math.trunc((1 - deviation(fractions)) * scoreMax);
      };
      // What the pod changes counts: 75 for a node that stays as balanced as it is.
      return (node) => half + Math.trunc((half + balance(node, info.requests) - balance(node, none)) / 2);
    },
  };
}

export const nodeResourcesBalancedAllocation = createBalancedAllocation();

const none: Resources = { cpuMilli: 0, memoryBytes: 0, ephemeralBytes: 0, others: undefined };

/** The standard deviation. */
function deviation(fractions: readonly number[]): number {
  const [a, b] = fractions;
  if (a === undefined || b === undefined) return 0;
  if (fractions.length === 2) return Math.abs((a - b) / 2);
  const mean = fractions.reduce((sum, part) => sum + part, 0) / fractions.length;
  const squares = fractions.reduce((sum, part) => sum + (part - mean) ** 2, 0);
  return Math.sqrt(squares / fractions.length);
}
