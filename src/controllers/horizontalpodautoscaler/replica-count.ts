import type { Pod } from "../../api/types/index.ts";
import { isReady } from "../pods/index.ts";
import { groupPods, type PodMetric, type PodMetrics, podRequests, type ReadinessDelays } from "./pod-metrics.ts";

/** By how much the ratio of use to target may be off 1 before anything is scaled. */
export interface Tolerances {
  readonly up: number;
  readonly down: number;
}

/** What all calculations look at. Amounts are in thousandths. */
export interface Scope {
  readonly pods: readonly Pod[];
  /** Replicas that the target's spec asks for. */
  readonly specReplicas: number;
  /** Replicas that the target's status tells of. */
  readonly statusReplicas: number;
  readonly tolerances: Tolerances;
  readonly delays: ReadinessDelays;
  readonly nowMs: number;
}

export interface Usage {
  readonly replicas: number;
  /** Average or total, in thousandths. */
  readonly value: number;
  /** Percent of what is asked for. */
  readonly utilization?: number;
}

interface Ratio {
  readonly ratio: number;
  readonly value: number;
  readonly utilization?: number;
}

/** Replicas for a share of the pods' requests. @throws Error that tells why nothing can be told. */
export function replicasForUtilization(
  scope: Scope,
  metrics: PodMetrics,
  resource: string,
  targetPercent: number,
  container?: string,
): Usage {
  requirePods(scope);
  let requests: ReadonlyMap<string, number> | undefined;
  const requestsOnce = () => {
    requests ??= podRequests(scope.pods, resource, container);
    return requests;
  };
  return replicasByPods(scope, metrics, resource, {
    measure: (values) => utilizationOf(values, requestsOnce(), targetPercent),
    // Above the target, what has no metric is taken to use at least as much as it asks for.
    assumedWhenShrinking: (name) => Math.trunc(((requestsOnce().get(name) ?? 0) * Math.max(100, targetPercent)) / 100),
    requests: requestsOnce,
  });
}

/** Replicas for an average amount a pod. @throws Error that tells why nothing can be told. */
export function replicasForAverage(scope: Scope, metrics: PodMetrics, target: number, resource = ""): Usage {
  requirePods(scope);
  return replicasByPods(scope, metrics, resource, {
    measure: (values) => averageOf(values, target),
    assumedWhenShrinking: () => target,
  });
}

/** Replicas for one value that all ready pods share. @throws Error when there are no pods. */
export function replicasForValue(scope: Scope, value: number, target: number): Usage {
  const ratio = value / target;
  if (scope.specReplicas === 0) return { replicas: Math.ceil(ratio), value };
  if (isWithin(ratio, scope.tolerances)) return { replicas: scope.specReplicas, value };
  if (scope.pods.length === 0) {
    throw new Error("unable to calculate ready pods: no pods returned by selector while calculating replica count");
  }
  const ready = scope.pods.filter((pod) => pod.status?.phase === "Running" && isReady(pod)).length;
  return { replicas: Math.ceil(ratio * ready), value };
}

/** Replicas for one value that is shared out among all of them; `value` becomes the share of each. */
export function replicasForShare({ statusReplicas, tolerances }: Scope, value: number, target: number): Usage {
  const within = isWithin(value / (target * statusReplicas), tolerances);
  return {
    replicas: within ? statusReplicas : Math.ceil(value / target),
    value: statusReplicas === 0 ? 0 : Math.ceil(value / statusReplicas),
  };
}

interface Measuring {
  readonly measure: (values: PodMetrics) => Ratio;
  readonly assumedWhenShrinking: (name: string) => number;
  readonly requests?: () => unknown;
}

/**
 * Pods without a value are assumed to stand against the change: to use nothing when growing, all when shrinking. What is
 * not ready is left out, and when growing assumed to use nothing. A change that this turns round does not happen.
 */
function replicasByPods(scope: Scope, metrics: PodMetrics, resource: string, measuring: Measuring): Usage {
  const { specReplicas, tolerances } = scope;
  const { readyCount, unready, missing, ignored } = groupPods(scope.pods, metrics, resource, scope.delays, scope.nowMs);
  const counted = new Map([...metrics].filter(([name]) => !unready.has(name) && !ignored.has(name)));
  // Told before anything else, as the original: a pod without a request makes the whole metric useless.
  measuring.requests?.();
  if (counted.size === 0) throw new Error("did not receive metrics for any ready pods");
  const { ratio, value, utilization } = measuring.measure(counted);
  const unchanged = { replicas: specReplicas, value, utilization };
  const growsWithUnready = unready.size > 0 && ratio > 1;
  if (!growsWithUnready && missing.size === 0) {
    return isWithin(ratio, tolerances) ? unchanged : { ...unchanged, replicas: Math.ceil(ratio * readyCount) };
  }
  const assume = (name: string, assumed: number) => counted.set(name, { value: assumed, timestampMs: 0, windowMs: 0 });
  if (ratio !== 1) for (const name of missing) assume(name, ratio < 1 ? measuring.assumedWhenShrinking(name) : 0);
  if (growsWithUnready) for (const name of unready) assume(name, 0);
  const again = measuring.measure(counted).ratio;
  const turned = (ratio < 1 && again > 1) || (ratio > 1 && again < 1);
  if (isWithin(again, tolerances) || turned) return unchanged;
  const replicas = Math.ceil(again * counted.size);
  const backwards = (again < 1 && replicas > specReplicas) || (again > 1 && replicas < specReplicas);
  return backwards ? unchanged : { ...unchanged, replicas };
}

function requirePods({ pods }: Scope): void {
  if (pods.length === 0) throw new Error("no pods returned by selector while calculating replica count");
}

function isWithin(ratio: number, { up, down }: Tolerances): boolean {
  return ratio >= 1 - down && ratio <= 1 + up;
}

function utilizationOf(values: PodMetrics, requests: ReadonlyMap<string, number>, targetPercent: number): Ratio {
  let used = 0;
  let asked = 0;
  let count = 0;
  for (const [name, { value }] of values) {
    const request = requests.get(name);
    if (request === undefined) continue;
    used += value;
    asked += request;
    count++;
  }
  if (asked === 0) throw new Error("no metrics returned matched known pods");
  const utilization = Math.trunc((used * 100) / asked);
  return { ratio: utilization / targetPercent, utilization, value: Math.trunc(used / count) };
}

function averageOf(values: ReadonlyMap<string, PodMetric>, target: number): Ratio {
  let total = 0;
  for (const { value } of values.values()) total += value;
  const value = Math.trunc(total / values.size);
  return { ratio: value / target, value };
}
