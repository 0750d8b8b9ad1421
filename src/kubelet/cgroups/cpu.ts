const sharesPerCore = 1024;
export const leastCpuShares = 2;
const mostCpuShares = 262_144;
export const cpuQuotaPeriodMicros = 100_000;
const leastQuotaMicros = 1000;

/** Thousandths of a core as the shares of cgroup v1. */
export function cpuSharesOf(milliCpu: number): number {
  return Math.min(Math.max(Math.floor((milliCpu * sharesPerCore) / 1000), leastCpuShares), mostCpuShares);
}

/** Thousandths of a core as microseconds of each period. */
export function cpuQuotaOf(milliCpu: number): number {
  return Math.max(Math.floor((milliCpu * cpuQuotaPeriodMicros) / 1000), leastQuotaMicros);
}

/** Shares (2 to 262144) as the weight of cgroup v2 (1 to 10000). */
export function cpuWeightOf(shares: number): number {
  return Math.floor(1 + ((shares - leastCpuShares) * 9999) / (mostCpuShares - leastCpuShares));
}
