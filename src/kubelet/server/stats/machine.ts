import { readFile } from "node:fs/promises";

/** What a machine as a whole uses. */
export interface MachineUsage {
  /** Used since the machine started. */
  readonly cpuNanoSeconds: bigint;
  readonly memoryTotalBytes: number;
  readonly memoryUsedBytes: number;
  /** Without what can be given back at once. */
  readonly memoryWorkingSetBytes: number;
  readonly startedAtMs: number;
}

/** Of /proc/stat. The kernel's USER_HZ is 100 on all architectures that Kubernetes runs on. */
const ticksPerSecond = 100n;

/** Reads what the kernel tells under /proc. */
export async function machineUsage(): Promise<MachineUsage> {
  const [stat, meminfo] = await Promise.all([readFile("/proc/stat", "utf8"), readFile("/proc/meminfo", "utf8")]);
  return usageOf(stat, meminfo);
}

export function usageOf(stat: string, meminfo: string): MachineUsage {
  const ticks = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? "").split(" ").map(BigInt);
  // user, nice, system, (idle, iowait,) irq, softirq, steal
  const used = [0, 1, 2, 5, 6, 7].reduce((sum, i) => sum + (ticks[i] ?? 0n), 0n);
  const kib = (name: string): number => Number(new RegExp(`^${name}: +([0-9]+)`, "m").exec(meminfo)?.[1] ?? 0) * 1024;
  const total = kib("MemTotal");
  return {
    cpuNanoSeconds: (used * 1_000_000_000n) / ticksPerSecond,
    memoryTotalBytes: total,
    memoryUsedBytes: total - kib("MemFree"),
    memoryWorkingSetBytes: total - kib("MemAvailable"),
    startedAtMs: Number(/^btime ([0-9]+)$/m.exec(stat)?.[1] ?? 0) * 1000,
  };
}
