import { findCondition } from "../../api/meta/index.ts";
import type { Node, Taint } from "../../api/types/index.ts";

export const notReadyTaint = "node.kubernetes.io/not-ready";
export const unreachableTaint = "node.kubernetes.io/unreachable";
const unschedulableTaint = "node.kubernetes.io/unschedulable";

const pressureTaints: readonly (readonly [condition: string, taint: string])[] = [
  ["MemoryPressure", "node.kubernetes.io/memory-pressure"],
  ["DiskPressure", "node.kubernetes.io/disk-pressure"],
  ["NetworkUnavailable", "node.kubernetes.io/network-unavailable"],
  ["PIDPressure", "node.kubernetes.io/pid-pressure"],
];

const ownNoSchedule = new Set([
  notReadyTaint,
  unreachableTaint,
  unschedulableTaint,
  ...pressureTaints.map(([, key]) => key),
]);

export function readiness(node: Node): "True" | "False" | "Unknown" | undefined {
  return findCondition(node.status?.conditions, "Ready")?.status as "True" | "False" | "Unknown" | undefined;
}

/** The taint that a node's readiness calls for. */
export function readinessTaint(node: Node): string | undefined {
  const ready = readiness(node);
  if (ready === "False") return notReadyTaint;
  return ready === "Unknown" ? unreachableTaint : undefined;
}

function noScheduleTaints(node: Node): string[] {
  const keys = pressureTaints
    .filter(([type]) => findCondition(node.status?.conditions, type)?.status === "True")
    .map(([, key]) => key);
  const readinessKey = readinessTaint(node);
  if (readinessKey !== undefined) keys.push(readinessKey);
  if (node.spec?.unschedulable) keys.push(unschedulableTaint);
  return keys;
}

/** Whether pods are driven off a node now, are not (more than they are already), or may stay after all. */
export type Eviction = "begin" | "keep" | "end";

/**
 * The taints a node should have: NoSchedule for every bad condition; NoExecute for its readiness as `eviction` says (a
 * taint that is kept is exchanged for the other when the readiness changes). Undefined when nothing changes.
 */
export function wantedTaints(node: Node, eviction: Eviction, now: string): readonly Taint[] | undefined {
  const present = node.spec?.taints ?? [];
  const noSchedule = noScheduleTaints(node);
  const readinessKey = readinessTaint(node);
  const isReadiness = ({ key }: Taint) => key === notReadyTaint || key === unreachableTaint;
  const evicting = present.some((taint) => taint.effect === "NoExecute" && isReadiness(taint));
  const drives = eviction === "begin" || (eviction === "keep" && evicting);
  const noExecute = drives ? readinessKey : undefined;
  const keep = (taint: Taint): boolean => {
    if (taint.effect === "NoSchedule" && ownNoSchedule.has(taint.key)) return noSchedule.includes(taint.key);
    if (taint.effect === "NoExecute" && isReadiness(taint)) return taint.key === noExecute;
    return true;
  };
  const kept = present.filter(keep);
  const has = (key: string, effect: string) => kept.some((taint) => taint.key === key && taint.effect === effect);
  const added: Taint[] = noSchedule
    .filter((key) => !has(key, "NoSchedule"))
    .map((key) => ({ key, effect: "NoSchedule", timeAdded: now }));
  if (noExecute !== undefined && !has(noExecute, "NoExecute"))
    added.push({ key: noExecute, effect: "NoExecute", timeAdded: now });
  return added.length === 0 && kept.length === present.length ? undefined : [...kept, ...added];
}

/** Whether pods are yet to be driven off the node. */
export function needsEviction(node: Node): boolean {
  const key = readinessTaint(node);
  if (key === undefined) return false;
  return !(node.spec?.taints ?? []).some(
    (taint) => taint.effect === "NoExecute" && (taint.key === notReadyTaint || taint.key === unreachableTaint),
  );
}
