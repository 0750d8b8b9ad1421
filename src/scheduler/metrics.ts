import type { CounterChild, Host } from "../host/index.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { CycleWatch } from "./cycle.ts";
import type { Incoming, IncomingReason, SchedulingQueue } from "./queue.ts";

export type AttemptResult = "scheduled" | "unschedulable" | "error";
export type MeasuredPoint =
  | "PreFilter"
  | "Filter"
  | "PostFilter"
  | "PreScore"
  | "Score"
  | "Reserve"
  | "Permit"
  | "PreBind"
  | "Bind"
  | "PostBind";

export interface SchedulerMetrics {
  /** One attempt ended, which began at `startedAt` (ms). */
  attempt(result: AttemptResult, profile: string, startedAt: number): void;
  /** A pod that came at `queuedAt` (ms) got its node at this attempt. */
  scheduled(attempts: number, queuedAt: number): void;
  algorithm(startedAt: number): void;
  point(point: MeasuredPoint, status: "Success" | "Unschedulable" | "Error", profile: string, startedAt: number): void;
  permitWait(result: "allowed" | "rejected", startedAt: number): void;
  /** Measures the parts of the cycles of a profile. */
  cycleWatch(profile: string): CycleWatch;
  readonly incoming: Incoming;
}

/** 1 ms doubling; in seconds. */
const secondsBuckets = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i);
const pointBuckets = Array.from({ length: 12 }, (_, i) => 0.0001 * 2 ** i);
const sliBuckets = Array.from({ length: 20 }, (_, i) => 0.01 * 2 ** i);

/** What the original calls the events that bring pods to a queue. */
const eventLabels: Readonly<Record<IncomingReason, string>> = {
  "pod-added": "PodAdd",
  "pod-updated": "PodUpdate",
  "attempt-failed": "ScheduleAttemptFailure",
  "backoff-complete": "BackoffComplete",
  "unschedulable-timeout": "UnschedulableTimeout",
  recheck: "ForceActivate",
  "node/added": "NodeAdd",
  "node/allocatable": "NodeAllocatableChange",
  "node/labels": "NodeLabelChange",
  "node/taints": "NodeTaintChange",
  "assigned-pod/added": "AssignedPodAdd",
  "assigned-pod/labels": "AssignedPodUpdate",
  "assigned-pod/scaled-down": "AssignedPodUpdate",
  "assigned-pod/deleted": "AssignedPodDelete",
  "unscheduled-pod/added": "UnscheduledPodAdd",
  "namespace/changed": "NamespaceUpdate",
  "claim/changed": "PersistentVolumeClaimUpdate",
  "volume/changed": "PersistentVolumeUpdate",
  "resource-claim/changed": "ResourceClaimUpdate",
  "resource-slice/changed": "ResourceSliceUpdate",
  "device-class/changed": "DeviceClassUpdate",
  "pod-group/changed": "PodGroupUpdate",
};

/** The scheduler's metrics under the original names. */
export function createSchedulerMetrics(
  { metrics, clock }: Host,
  queue: () => Pick<SchedulingQueue, "sizes">,
  cluster: Pick<ClusterState, "sizes">,
): SchedulerMetrics {
  const attempts = metrics.counter({
    name: "scheduler_schedule_attempts_total",
    help: "Attempts to schedule pods, by result.",
    labels: ["result", "profile"],
  });
  const attemptSeconds = metrics.histogram({
    name: "scheduler_scheduling_attempt_duration_seconds",
    help: "Seconds of one attempt: the scheduling cycle and the binding.",
    labels: ["result", "profile"],
    buckets: secondsBuckets,
  });
  const algorithmSeconds = metrics.histogram({
    name: "scheduler_scheduling_algorithm_duration_seconds",
    help: "Seconds that the choice of a node took.",
    buckets: secondsBuckets,
  });
  const sliSeconds = metrics.histogram({
    name: "scheduler_pod_scheduling_sli_duration_seconds",
    help: "Seconds from a pod's entry into the queue to its binding.",
    labels: ["attempts"],
    buckets: sliBuckets,
  });
  const attemptCounts = metrics.histogram({
    name: "scheduler_pod_scheduling_attempts",
    help: "Attempts that pods needed until they were bound.",
    buckets: [1, 2, 4, 8, 16],
  });
  const pointSeconds = metrics.histogram({
    name: "scheduler_framework_extension_point_duration_seconds",
    help: "Seconds that all plugins of an extension point took.",
    labels: ["extension_point", "status", "profile"],
    buckets: pointBuckets,
  });
  const permitSeconds = metrics.histogram({
    name: "scheduler_permit_wait_duration_seconds",
    help: "Seconds that pods waited for Permit plugins.",
    labels: ["result"],
    buckets: secondsBuckets,
  });
  const incoming = metrics.counter({
    name: "scheduler_queue_incoming_pods_total",
    help: "Pods that entered a queue, by queue and event.",
    labels: ["queue", "event"],
  });
  const pending = metrics.gauge({
    name: "scheduler_pending_pods",
    help: "Pods that wait, by queue.",
    labels: ["queue"],
  });
  const cacheSize = metrics.gauge({
    name: "scheduler_scheduler_cache_size",
    help: "Nodes, pods, and pods assumed to be on their nodes.",
    labels: ["type"],
  });
  metrics.beforeRender(() => {
    for (const [name, size] of Object.entries(queue().sizes)) pending.set({ queue: name }, size);
    for (const [type, size] of Object.entries(cluster.sizes)) cacheSize.set({ type }, size);
  });
  const secondsSince = (ms: number) => (clock.now() - ms) / 1000;
  const incomingChildren = new Map<string, CounterChild>();
  return {
    attempt: (result, profile, startedAt) => {
      attempts.labels(result, profile).inc();
      attemptSeconds.labels(result, profile).observe(secondsSince(startedAt));
    },
    scheduled: (count, queuedAt) => {
      sliSeconds.labels(String(count)).observe(secondsSince(queuedAt));
      attemptCounts.observe(count);
    },
    algorithm: (startedAt) => algorithmSeconds.observe(secondsSince(startedAt)),
    point: (point, status, profile, startedAt) =>
      pointSeconds.labels(point, status, profile).observe(secondsSince(startedAt)),
    cycleWatch: (profile) => {
      const child = (point: string, status: string) => pointSeconds.labels(point, status, profile);
      const children = {
        PreFilter: [child("PreFilter", "Unschedulable"), child("PreFilter", "Success")],
        Filter: [child("Filter", "Unschedulable"), child("Filter", "Success")],
        Score: [child("Score", "Error"), child("Score", "Success")],
      };
      let lastMs = 0;
      return {
        begins: () => {
          lastMs = clock.now();
        },
        passed: (point, succeeded) => {
          const now = clock.now();
          children[point][succeeded ? 1 : 0]?.observe((now - lastMs) / 1000);
          lastMs = now;
        },
      };
    },
    permitWait: (result, startedAt) => permitSeconds.labels(result).observe(secondsSince(startedAt)),
    incoming: (queueName, why) => {
      const id = `${queueName} ${why}`;
      const child = incomingChildren.get(id) ?? incoming.labels(queueName, eventLabels[why]);
      incomingChildren.set(id, child);
      child.inc();
    },
  };
}
