import { parseDuration, quantityToNumber } from "../../api/meta/index.ts";

/** What is watched, as `--eviction-hard` names it. */
export const signals = [
  "memory.available",
  "nodefs.available",
  "nodefs.inodesFree",
  "imagefs.available",
  "imagefs.inodesFree",
  "pid.available",
] as const;
export type Signal = (typeof signals)[number];

export interface Threshold {
  readonly signal: Signal;
  /** In bytes, inodes or processes; or a share of the capacity, 0 to 1. */
  readonly limit: Amount;
  /** How long it must be crossed before something is done; 0 for hard thresholds. */
  readonly graceMs: number;
  /** How much more than the limit must be free again before it counts as resolved. */
  readonly reclaim?: Amount;
}

export type Amount = { readonly amount: number } | { readonly share: number };

/** The values of the kubelet's `--eviction-*` flags. */
export interface EvictionFlags {
  readonly hard?: string;
  readonly soft?: string;
  readonly softGracePeriod?: string;
  readonly minimumReclaim?: string;
}

/** The original's defaults of `--eviction-hard` on Linux. */
export const defaultEvictionHard =
  "imagefs.available<15%,imagefs.inodesFree<5%,memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%";

export class EvictionFlagError extends Error {
  override readonly name = "EvictionFlagError";
}

/** @throws EvictionFlagError */
export function parseThresholds({ hard, soft, softGracePeriod, minimumReclaim }: EvictionFlags): readonly Threshold[] {
  const reclaim = new Map(pairs(minimumReclaim, "=").map(([name, text]) => [signalOf(name), amountOf(name, text)]));
  const graces = new Map(pairs(softGracePeriod, "=").map(([name, text]) => [signalOf(name), durationMs(name, text)]));
  const of = (flag: string | undefined, graceOf: (signal: Signal) => number): Threshold[] =>
    pairs(flag, "<").flatMap(([name, text]) => {
      // 0 % and 100 % switch a threshold off.
      if (text === "0%" || text === "100%") return [];
      const signal = signalOf(name);
      return [{ signal, limit: amountOf(name, text), graceMs: graceOf(signal), reclaim: reclaim.get(signal) }];
    });
  return [
    ...of(hard, () => 0),
    ...of(soft, (signal) => {
      const grace = graces.get(signal);
      if (grace === undefined) {
        throw new EvictionFlagError(`grace period must be specified for the soft eviction threshold ${signal}`);
      }
      return grace;
    }),
  ];
}

function pairs(flag: string | undefined, operator: "<" | "="): [string, string][] {
  if (flag === undefined || flag === "") return [];
  const seen = new Set<string>();
  return flag.split(",").map((part) => {
    const [name = "", value = "", ...rest] = part.split(operator).map((word) => word.trim());
    if (name === "" || value === "" || rest.length > 0) {
      throw new EvictionFlagError(`invalid eviction threshold syntax ${part}, expected <signal>${operator}<value>`);
    }
    if (seen.has(name)) throw new EvictionFlagError(`duplicate eviction signal ${JSON.stringify(name)}`);
    seen.add(name);
    return [name, value];
  });
}

function signalOf(name: string): Signal {
  const signal = signals.find((known) => known === name);
  if (signal === undefined) throw new EvictionFlagError(`unrecognized eviction signal ${JSON.stringify(name)}`);
  return signal;
}

function amountOf(name: string, text: string): Amount {
  if (text.endsWith("%")) {
    const percent = Number(text.slice(0, -1));
    if (Number.isNaN(percent)) throw new EvictionFlagError(`invalid eviction percentage ${text} for ${name}`);
    if (percent < 0) throw new EvictionFlagError(`eviction percentage threshold ${name} must be >= 0%: ${text}`);
    if (percent > 100) throw new EvictionFlagError(`eviction percentage threshold ${name} must be <= 100%: ${text}`);
    return { share: percent / 100 };
  }
  let amount: number;
  try {
    amount = quantityToNumber(text);
  } catch (cause) {
    throw new EvictionFlagError(`invalid eviction quantity ${text} for ${name}`, { cause });
  }
  if (amount < 0) throw new EvictionFlagError(`eviction threshold ${name} must be positive: ${text}`);
  return { amount };
}

function durationMs(name: string, text: string): number {
  let ms: number;
  try {
    ms = parseDuration(text);
  } catch (cause) {
    throw new EvictionFlagError(`invalid eviction grace period ${text} for ${name}`, { cause });
  }
  if (ms < 0) throw new EvictionFlagError(`invalid eviction grace period specified: ${text}, must be a positive value`);
  return ms;
}

/** What is left of something, and of how much. */
export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

export type Observations = ReadonlyMap<Signal, Observation>;

export function amountIn(amount: Amount, capacity: number): number {
  return "amount" in amount ? amount.amount : Math.floor(amount.share * capacity);
}

/** Whether less is left than the threshold wants; once it was crossed, the minimum reclaim counts too. */
export function isCrossed({ signal, limit, reclaim }: Threshold, seen: Observations, withReclaim: boolean): boolean {
  const observation = seen.get(signal);
  if (observation === undefined) return false;
  const { available, capacity } = observation;
  const extra = withReclaim && reclaim !== undefined ? amountIn(reclaim, capacity) : 0;
  return available < amountIn(limit, capacity) + extra;
}

/** What hard thresholds hold back from pods: memory and disk, by resource, as part of Node Allocatable. */
export function heldBack(
  thresholds: readonly Threshold[],
  capacity: Readonly<Record<string, string>>,
): Map<string, number> {
  const held = new Map<string, number>();
  for (const { signal, limit, graceMs } of thresholds) {
    if (graceMs > 0) continue;
    const resource =
      signal === "memory.available" ? "memory" : signal === "nodefs.available" ? "ephemeral-storage" : "";
    const total = capacity[resource];
    if (total !== undefined) held.set(resource, amountIn(limit, quantityToNumber(total)));
  }
  return held;
}
