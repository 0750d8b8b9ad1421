import { type Quantity, toMilli, toNumber } from "../../api/meta/index.ts";
import { podTotals } from "../../api/pod-resources/index.ts";
import type { Pod } from "../../api/types/index.ts";
import { qosClassOf } from "../pod-worker/index.ts";
import { cpuQuotaOf, cpuQuotaPeriodMicros, cpuSharesOf, leastCpuShares } from "./cpu.ts";

/** What a cgroup may use; what is left out stays as it is. */
export interface CgroupLimits {
  /** As cgroup v1 counts them: 1024 for a core, at least 2. */
  readonly cpuShares?: number;
  /** Microseconds of each period; -1 for no limit. */
  readonly cpuQuotaMicros?: number;
  readonly cpuPeriodMicros?: number;
  /** -1 for no limit. */
  readonly memoryBytes?: number;
  /** -1 for no limit. */
  readonly processes?: number;
  /** By size as the kernel names it: `2MB`. */
  readonly hugepageBytes?: ReadonlyMap<string, number>;
}

/** Limits of a pod as a whole: only where all of its containers are limited, or the pod itself is. */
export function podLimits(pod: Pod, podPidsLimit: number): CgroupLimits {
  const processes = { processes: podPidsLimit };
  const requests = podTotals(pod, "requests", "wanted");
  const limits = podTotals(pod, "limits", "wanted");
  const hugepageBytes = hugepagesOf(limits);
  const cpuShares = cpuSharesOf(milliOf(requests.get("cpu")));
  const cpuLimit = isLimited(pod, "cpu") ? milliOf(limits.get("cpu")) : 0;
  const memoryLimit = isLimited(pod, "memory") ? bytesOf(limits.get("memory")) : 0;
  if ((pod.status?.qosClass ?? qosClassOf(pod)) === "BestEffort") {
    return { ...processes, cpuShares: leastCpuShares, hugepageBytes };
  }
  return {
    ...processes,
    cpuShares,
    cpuPeriodMicros: cpuQuotaPeriodMicros,
    cpuQuotaMicros: cpuLimit > 0 ? cpuQuotaOf(cpuLimit) : -1,
    memoryBytes: memoryLimit > 0 ? memoryLimit : -1,
    hugepageBytes,
  };
}

/** The burstable pods share what they ask for together; the others have the least there is. */
export function burstableShares(pods: readonly Pod[]): number {
  const burstable = pods.filter((pod) => (pod.status?.qosClass ?? qosClassOf(pod)) === "Burstable");
  const milli = burstable.reduce((sum, pod) => sum + milliOf(podTotals(pod, "requests", "wanted").get("cpu")), 0);
  return cpuSharesOf(milli);
}

function isLimited({ spec }: Pod, resource: "cpu" | "memory"): boolean {
  if (spec?.resources?.limits?.[resource] !== undefined) return true;
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return all.every(({ resources }) => resources?.limits?.[resource] !== undefined);
}

/** A pod may use no huge pages of a size that it does not ask for. */
function hugepagesOf(limits: ReadonlyMap<string, Quantity>): ReadonlyMap<string, number> {
  const bySize = new Map<string, number>();
  for (const [name, amount] of limits) {
    const size = /^hugepages-(\d+[KMG])i$/.exec(name)?.[1];
    if (size !== undefined) bySize.set(`${size}B`, toNumber(amount));
  }
  return bySize;
}

function milliOf(amount: Quantity | undefined): number {
  return amount === undefined ? 0 : toMilli(amount);
}

function bytesOf(amount: Quantity | undefined): number {
  return amount === undefined ? 0 : toNumber(amount);
}
