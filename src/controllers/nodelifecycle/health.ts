import { findCondition, parseTime } from "../../api/meta/index.ts";
import type { Node, NodeCondition } from "../../api/types/index.ts";

const watchedConditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];
/** How long a node may stay silent: one that never said anything gets a little longer. Milliseconds. */
export interface Patience {
  readonly graceMs: number;
  readonly startupGraceMs: number;
}

/** When a node that stays silent is to be given up: counted from its last sign of life, or from its creation. */
export function silentSinceMs(node: Node, lastSignMs: number, { graceMs, startupGraceMs }: Patience): number {
  const neverPosted = findCondition(node.status?.conditions, "Ready") === undefined;
  if (!neverPosted) return lastSignMs + graceMs;
  const created = node.metadata.creationTimestamp ? parseTime(node.metadata.creationTimestamp) : lastSignMs;
  return created + startupGraceMs;
}

/** The conditions of a node that has fallen silent; the same array when they say so already. */
export function silentConditions(node: Node, now: string): readonly NodeCondition[] {
  const present = node.status?.conditions ?? [];
  const known = new Set(present.map(({ type }) => type));
  const changed = present.map((condition): NodeCondition => {
    if (!watchedConditions.includes(condition.type) || condition.status === "Unknown") return condition;
    return {
      ...condition,
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
      lastTransitionTime: now,
    };
  });
  const missing = watchedConditions
    .filter((type) => !known.has(type))
    .map((type) => ({
      type,
      status: "Unknown",
      reason: "NodeStatusNeverUpdated",
      message: "Kubelet never posted node status.",
      lastHeartbeatTime: node.metadata.creationTimestamp ?? now,
      lastTransitionTime: now,
    }));
  const same = missing.length === 0 && changed.every((condition, index) => condition === present[index]);
  return same ? present : [...changed, ...missing];
}

/** Changes whenever the kubelet has posted. */
export function heartbeatOf(node: Node): string {
  return (node.status?.conditions ?? [])
    .map(({ type, status, lastHeartbeatTime }) => `${type}=${status}@${lastHeartbeatTime}`)
    .join();
}
