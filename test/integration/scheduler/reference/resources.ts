// NodeResourcesFit and NodeResourcesBalancedAllocation with their default arguments.
import type { Node } from "../../../../src/api/types/index.ts";
import { amounts, countedRequests, incomingRequests, requestsOf, total } from "./requests.ts";
import { type Filter, podsOn, type Scores, type World } from "./world.ts";

export const nodeResourcesFit: Filter = (world, pod, node) => {
  const allocatable = amounts(node.status?.allocatable);
  const pods = podsOn(world, node);
  const used = total(pods, requestsOf);
  const reasons: string[] = pods.length + 1 > (allocatable.pods ?? 0) ? ["Too many pods"] : [];
  let resolvable = true;
  for (const [name, wanted] of Object.entries(requestsOf(pod))) {
    if (wanted === 0 || wanted <= (allocatable[name] ?? 0) - (used[name] ?? 0)) continue;
    reasons.push(`Insufficient ${name}`);
    if (wanted > (allocatable[name] ?? 0)) resolvable = false;
  }
  return reasons.length > 0 ? { reasons, resolvable } : undefined;
};

const scored = ["cpu", "memory"];

/** LeastAllocated: the mean share of CPU and memory that would be left. */
export const leastAllocatedScores: Scores = (world, pod, nodes) =>
  nodes.map((node) => {
    const allocatable = amounts(node.status?.allocatable);
    const used = total(podsOn(world, node), countedRequests);
    const asked = incomingRequests(pod);
    const shares = scored.flatMap((name) => {
      const room = allocatable[name] ?? 0;
      if (room === 0) return [];
      const taken = (used[name] ?? 0) + (asked[name] ?? 0);
      return [taken > room ? 0 : Math.trunc(((room - taken) * 100) / room)];
    });
    return shares.length === 0 ? 0 : Math.trunc(shares.reduce((a, b) => a + b) / shares.length);
  });

/** How much more balanced the node is with the pod than without it, around 75. */
export const balancedScores: Scores = (world, pod, nodes) => {
  const asked = requestsOf(pod);
  if (scored.every((name) => (asked[name] ?? 0) === 0)) return undefined;
  return nodes.map((node) => 50 + Math.trunc((50 + balance(world, node, asked) - balance(world, node, {})) / 2));
};

function balance(world: World, node: Node, asked: Readonly<Record<string, number>>): number {
  const allocatable = amounts(node.status?.allocatable);
  const used = total(podsOn(world, node), requestsOf);
  const shares = scored.flatMap((name) => {
    const room = allocatable[name] ?? 0;
    return room === 0 ? [] : [Math.min(1, ((used[name] ?? 0) + (asked[name] ?? 0)) / room)];
  });
  const [a, b] = shares;
  const deviation = a === undefined || b === undefined ? 0 : Math.abs((a - b) / 2);
  return Math.trunc((1 - deviation) * 100);
}
