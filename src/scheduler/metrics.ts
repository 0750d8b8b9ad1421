import type { Host } from "../host/index.ts";

export interface SchedulerMetrics {
  /** One attempt ended; `queuedAt` (ms) of a pod that got its node. */
  attempts(result: "scheduled" | "unschedulable" | "error", queuedAt?: number): void;
  preempted(victims: number): void;
}

const secondsBuckets = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 4, 8, 16, 32];

/** The scheduler's metrics under the original names. */
export function createSchedulerMetrics(
  host: Host,
  profile: string,
  sizes: () => { active: number; backoff: number; unschedulable: number },
): SchedulerMetrics {
  const { metrics, clock } = host;
  const attempts = metrics.counter({
    name: "scheduler_schedule_attempts_total",
    help: "Attempts to schedule pods, by result.",
    labels: ["result", "profile"],
  });
  const duration = metrics.histogram({
    name: "scheduler_pod_scheduling_sli_duration_seconds",
    help: "Seconds from a pod's entry into the queue to its binding.",
    labels: ["attempts"],
    buckets: secondsBuckets,
  });
  const victims = metrics.histogram({
    name: "scheduler_preemption_victims",
    help: "Pods removed by one preemption.",
    buckets: [1, 2, 4, 8, 16, 32, 64],
  });
  const pending = metrics.gauge({
    name: "scheduler_pending_pods",
    help: "Pods that wait, by queue.",
    labels: ["queue"],
  });
  metrics.beforeRender(() => {
    const now = sizes();
    pending.set({ queue: "active" }, now.active);
    pending.set({ queue: "backoff" }, now.backoff);
    pending.set({ queue: "unschedulable" }, now.unschedulable);
  });
  const children = {
    scheduled: attempts.labels("scheduled", profile),
    unschedulable: attempts.labels("unschedulable", profile),
    error: attempts.labels("error", profile),
  };
  const scheduledSeconds = duration.labels("1");
  return {
    attempts: (result, queuedAt) => {
      children[result].inc();
      if (queuedAt !== undefined) scheduledSeconds.observe((clock.now() - queuedAt) / 1000);
    },
    preempted: (count) => victims.observe(count),
  };
}
