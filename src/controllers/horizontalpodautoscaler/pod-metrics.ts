import { findCondition, parseTime, quantityToMilli } from "../../api/meta/index.ts";
import type { Container, Pod } from "../../api/types/index.ts";

/** One pod's value, in thousandths of the metric's unit, measured over `windowMs` up to `timestampMs`. */
export interface PodMetric {
  readonly value: number;
  readonly timestampMs: number;
  readonly windowMs: number;
}

/** By pod name. */
export type PodMetrics = ReadonlyMap<string, PodMetric>;

/** How much of the time after a pod's start its CPU use tells nothing. */
export interface ReadinessDelays {
  readonly cpuInitializationPeriodMs: number;
  readonly initialReadinessDelayMs: number;
}

export interface PodGroups {
  readonly readyCount: number;
  readonly unready: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
  readonly ignored: ReadonlySet<string>;
}

/** Which pods count for a metric: ready ones, those that are not (yet), those without a value, and those to leave out. */
export function groupPods(
  pods: readonly Pod[],
  metrics: PodMetrics,
  resource: string,
  delays: ReadinessDelays,
  nowMs: number,
): PodGroups {
  let readyCount = 0;
  const unready = new Set<string>();
  const missing = new Set<string>();
  const ignored = new Set<string>();
  for (const pod of pods) {
    const name = pod.metadata.name ?? "";
    const metric = metrics.get(name);
    if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === "Failed") ignored.add(name);
    else if ((pod.status?.phase ?? "Pending") === "Pending") unready.add(name);
    else if (metric === undefined) missing.add(name);
    else if (resource === "cpu" && isStarting(pod, metric, delays, nowMs)) unready.add(name);
    else readyCount++;
  }
  return { readyCount, unready, missing, ignored };
}

/** What a pod uses while it starts says nothing of what it will need. */
function isStarting(pod: Pod, metric: PodMetric, delays: ReadinessDelays, nowMs: number): boolean {
  const ready = findCondition(pod.status?.conditions, "Ready");
  if (ready === undefined || pod.status?.startTime === undefined) return true;
  const startedMs = parseTime(pod.status.startTime);
  const changedMs = ready.lastTransitionTime ? parseTime(ready.lastTransitionTime) : 0;
  if (startedMs + delays.cpuInitializationPeriodMs > nowMs) {
    return ready.status === "False" || metric.timestampMs < changedMs + metric.windowMs;
  }
  // Later only one that never was ready is left out.
  return ready.status === "False" && startedMs + delays.initialReadinessDelayMs > changedMs;
}

/** What the pods ask for, in thousandths, by name. @throws Error when one asks for nothing. */
export function podRequests(pods: readonly Pod[], resource: string, container?: string): ReadonlyMap<string, number> {
  return new Map(pods.map((pod) => [pod.metadata.name ?? "", requestOf(pod, resource, container)]));
}

function requestOf(pod: Pod, resource: string, container: string | undefined): number {
  const ofPod = pod.spec.resources?.requests?.[resource];
  if (container === undefined && ofPod !== undefined) return quantityToMilli(ofPod);
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  const counted = [...pod.spec.containers, ...sidecars].filter(
    ({ name }) => container === undefined || container === name,
  );
  return counted.reduce((sum, one) => sum + containerRequest(pod, one, resource), 0);
}

function containerRequest(pod: Pod, { name, resources }: Container, resource: string): number {
  const request = resources?.requests?.[resource];
  if (request === undefined)
    throw new Error(`missing request for ${resource} in container ${name} of Pod ${pod.metadata.name}`);
  return quantityToMilli(request);
}
