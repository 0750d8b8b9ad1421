import { parseTime } from "../../api/meta/index.ts";
import type { ContainerStatus, Pod } from "../../api/types/index.ts";
import { compareText } from "../owners.ts";
import { isReady, readySinceMs } from "./pod-state.ts";

const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

/**
 * The order in which an owner gives up pods: those that do least go first (not assigned, pending, not ready, cheap,
 * crowded on their node, ready for a short time, often restarted, young). Times are compared on a logarithmic scale, so
 * that pods of about the same age go in an order that ages do not tell.
 */
export function deletionOrder(pods: readonly Pod[], crowdOnNode: (pod: Pod) => number, nowMs: number): Pod[] {
  return pods
    .map((pod) => ({ pod, standing: standingOf(pod, crowdOnNode(pod), nowMs) }))
    .sort(
      (a, b) =>
        compareStandings(a.standing, b.standing) || compareText(a.pod.metadata.uid ?? "", b.pod.metadata.uid ?? ""),
    )
    .map(({ pod }) => pod);
}

/** The same without costs and crowds, and with ages to the millisecond: the order in which jobs give up pods. */
export function leastActiveFirst(pods: readonly Pod[], nowMs: number): Pod[] {
  const exact = (ms: number) => Math.max(0, ms);
  return pods
    .map((pod) => ({ pod, standing: standingOf(pod, undefined, nowMs, exact) }))
    .sort((a, b) => compareStandings(a.standing, b.standing))
    .map(({ pod }) => pod);
}

/** Smaller goes first, member by member. */
type Standing = readonly number[];

function standingOf(pod: Pod, crowd: number | undefined, nowMs: number, scale = logarithm): Standing {
  const ready = isReady(pod);
  const created = pod.metadata.creationTimestamp ? parseTime(pod.metadata.creationTimestamp) : nowMs;
  return [
    pod.spec.nodeName ? 1 : 0,
    phaseRank(pod.status?.phase),
    ready ? 1 : 0,
    ...(crowd === undefined ? [] : [deletionCost(pod), -crowd]),
    ready ? scale(nowMs - (readySinceMs(pod) ?? nowMs)) : 0,
    -mostRestarts(pod.status?.containerStatuses),
    -mostRestarts(pod.status?.initContainerStatuses),
    scale(nowMs - created),
  ];
}

function compareStandings(a: Standing, b: Standing): number {
  for (let index = 0; index < a.length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function phaseRank(phase: string | undefined): number {
  return phase === "Running" ? 2 : phase === "Unknown" ? 1 : 0;
}

function deletionCost(pod: Pod): number {
  const cost = Number(pod.metadata.annotations?.[deletionCostAnnotation] ?? 0);
  return Number.isInteger(cost) ? cost : 0;
}

function mostRestarts(statuses: readonly ContainerStatus[] | undefined): number {
  return (statuses ?? []).reduce((most, status) => Math.max(most, status.restartCount), 0);
}

function logarithm(ms: number): number {
  return ms <= 0 ? -1 : Math.floor(Math.log2(ms * 1e6));
}
