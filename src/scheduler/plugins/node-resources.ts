import { type FilterPlugin, type Rejection, type ScorePlugin, scoreMax } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";

/** NodeResourcesFit: requests against what is left of the node; scores by LeastAllocated over CPU and memory. */
export const nodeResourcesFit: FilterPlugin & ScorePlugin = {
  name: "NodeResourcesFit",
  weight: 1,
  wakesOn: ["node/added", "node/allocatable", "assigned-pod/deleted", "pod/changed"],
  prepareFilter: (info) => {
    const { cpuMilli, memoryBytes, ephemeralBytes, others } = info.requests;
    const nothing = cpuMilli === 0 && memoryBytes === 0 && ephemeralBytes === 0 && !others?.size;
    return (node: NodeInfo) => {
      const tooMany = node.pods.size + 1 > node.allowedPods;
      if (nothing) return tooMany ? tooManyPods : undefined;
      const { allocatable, requested } = node;
      if (
        !tooMany &&
        cpuMilli <= allocatable.cpuMilli - requested.cpuMilli &&
        memoryBytes <= allocatable.memoryBytes - requested.memoryBytes &&
        ephemeralBytes <= allocatable.ephemeralBytes - requested.ephemeralBytes &&
        !others
      ) {
        return undefined;
      }
      return explainShortage(info, node, tooMany);
    };
  },
  prepareScore: (info) => (node) => {
    const { cpuMilli, memoryBytes } = info.nonzeroRequests;
    const cpu = leastAllocated(node.allocatable.cpuMilli, node.nonzeroRequested.cpuMilli + cpuMilli);
    const memory = leastAllocated(node.allocatable.memoryBytes, node.nonzeroRequested.memoryBytes + memoryBytes);
    return Math.floor((cpu + memory) / 2);
  },
};

const tooManyPods: Rejection = { plugin: "NodeResourcesFit", reasons: ["Too many pods"], resolvable: true };

/** Which resources are short; a request above all that the node has cannot be helped by removing pods. */
function explainShortage(info: PodInfo, node: NodeInfo, tooMany: boolean): Rejection | undefined {
  const { allocatable, requested } = node;
  const reasons = tooMany ? ["Too many pods"] : [];
  let resolvable = true;
  const check = (name: string, wanted: number, total: number, used: number) => {
    if (wanted === 0 || wanted <= total - used) return;
    reasons.push(`Insufficient ${name}`);
    if (wanted > total) resolvable = false;
  };
  check("cpu", info.requests.cpuMilli, allocatable.cpuMilli, requested.cpuMilli);
  check("memory", info.requests.memoryBytes, allocatable.memoryBytes, requested.memoryBytes);
  check("ephemeral-storage", info.requests.ephemeralBytes, allocatable.ephemeralBytes, requested.ephemeralBytes);
  for (const [name, wanted] of info.requests.others ?? []) {
    check(name, wanted, allocatable.others?.get(name) ?? 0, requested.others?.get(name) ?? 0);
  }
  return reasons.length > 0 ? { plugin: "NodeResourcesFit", reasons, resolvable } : undefined;
}

function leastAllocated(total: number, used: number): number {
  return total === 0 || used > total ? 0 : Math.floor(((total - used) * scoreMax) / total);
}

/** Prefers nodes whose CPU and memory would be used to a like degree. */
export const nodeResourcesBalancedAllocation: ScorePlugin = {
  name: "NodeResourcesBalancedAllocation",
  weight: 1,
  prepareScore: ({ requests }) => {
    // As in the original, a pod without requests says nothing about balance.
    if (requests.cpuMilli === 0 && requests.memoryBytes === 0) return undefined;
    return (node) => {
      const fraction = (total: number, used: number) => (total === 0 ? 0 : Math.min(1, used / total));
      const cpu = fraction(node.allocatable.cpuMilli, node.requested.cpuMilli + requests.cpuMilli);
      const memory = fraction(node.allocatable.memoryBytes, node.requested.memoryBytes + requests.memoryBytes);
      return Math.floor((1 - Math.abs(cpu - memory) / 2) * scoreMax);
    };
  },
};
