import { isCrossed, type Observations, type Signal, type Threshold } from "./thresholds.ts";

/** Conditions of a node that is short of something. */
export type PressureCondition = "MemoryPressure" | "DiskPressure" | "PIDPressure";

const conditionOf: Readonly<Record<Signal, PressureCondition>> = {
  "memory.available": "MemoryPressure",
  "nodefs.available": "DiskPressure",
  "nodefs.inodesFree": "DiskPressure",
  "imagefs.available": "DiskPressure",
  "imagefs.inodesFree": "DiskPressure",
  "pid.available": "PIDPressure",
};

/** What was seen so far. A value: each look gives the next one. */
export interface PressureState {
  /** Since when thresholds are crossed without a break. */
  readonly crossedSinceMs: ReadonlyMap<Threshold, number>;
  /** When a condition's threshold was last seen crossed. */
  readonly lastSeenMs: ReadonlyMap<PressureCondition, number>;
}

export const noPressure: PressureState = { crossedSinceMs: new Map(), lastSeenMs: new Map() };

export interface Pressure {
  readonly state: PressureState;
  /** Conditions go away only after the transition period, lest the node flaps. */
  readonly conditions: ReadonlySet<PressureCondition>;
  /** What something must be done about now; memory first. Undefined when nothing must. */
  readonly acute: Threshold | undefined;
}

/** What a look at the node says. `transitionMs`: how long a condition stays after its threshold was last crossed. */
export function pressureOf(
  thresholds: readonly Threshold[],
  seen: Observations,
  before: PressureState,
  now: number,
  transitionMs: number,
): Pressure {
  const crossedSinceMs = new Map<Threshold, number>();
  const lastSeenMs = new Map(before.lastSeenMs);
  for (const threshold of thresholds) {
    const since = before.crossedSinceMs.get(threshold);
    if (!isCrossed(threshold, seen, since !== undefined)) continue;
    crossedSinceMs.set(threshold, since ?? now);
    lastSeenMs.set(conditionOf[threshold.signal], now);
  }
  const conditions = new Set<PressureCondition>();
  for (const [condition, atMs] of lastSeenMs) if (now - atMs < transitionMs || atMs === now) conditions.add(condition);
  const due = [...crossedSinceMs]
    .filter(([{ graceMs }, since]) => now - since >= graceMs)
    .map(([threshold]) => threshold);
  const acute = due.find(({ signal }) => signal === "memory.available") ?? due[0];
  return { state: { crossedSinceMs, lastSeenMs }, conditions, acute };
}
