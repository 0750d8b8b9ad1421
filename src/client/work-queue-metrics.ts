import type { CounterChild, GaugeChild, HistogramChild, Host } from "../host/index.ts";

export interface QueueMetrics {
  readonly depth: GaugeChild;
  readonly adds: CounterChild;
  readonly retries: CounterChild;
  readonly queueSeconds: HistogramChild;
  readonly workSeconds: HistogramChild;
}

const labels = ["name"];
const secondsBuckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10];

/** The metrics of one queue, under the original names; `workingSince` gives when each unfinished work began. */
export function queueMetrics(host: Host, name: string, workingSince: () => Iterable<number>): QueueMetrics {
  const { metrics, clock } = host;
  const gauge = (metric: string, help: string) => metrics.gauge({ name: metric, help, labels }).labels(name);
  const counter = (metric: string, help: string) => metrics.counter({ name: metric, help, labels }).labels(name);
  const histogram = (metric: string, help: string) =>
    metrics.histogram({ name: metric, help, labels, buckets: secondsBuckets }).labels(name);
  const unfinished = gauge("workqueue_unfinished_work_seconds", "Seconds of work begun and not yet observed.");
  const longest = gauge("workqueue_longest_running_processor_seconds", "Seconds the longest unfinished work has run.");
  metrics.beforeRender(() => {
    const ages = [...workingSince()].map((since) => (clock.now() - since) / 1000);
    unfinished.set(ages.reduce((sum, age) => sum + age, 0));
    longest.set(ages.reduce((most, age) => Math.max(most, age), 0));
  });
  return {
    depth: gauge("workqueue_depth", "Keys that wait in the queue."),
    adds: counter("workqueue_adds_total", "Keys added to the queue."),
    retries: counter("workqueue_retries_total", "Keys added again after a failure."),
    queueSeconds: histogram("workqueue_queue_duration_seconds", "Seconds a key waited."),
    workSeconds: histogram("workqueue_work_duration_seconds", "Seconds the work on a key took."),
  };
}
