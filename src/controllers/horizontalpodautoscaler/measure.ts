import type { Host } from "../../host/index.ts";
import { messageOf } from "../pods/index.ts";

interface Reconciled {
  readonly action: "up" | "down" | "none";
  readonly error?: string;
}

/** The autoscaler's own metrics, under the original names. */
export interface AutoscalerMetrics {
  /** Counts and times one look at an autoscaler; gives what went wrong instead of throwing it. */
  reconciling(work: () => Promise<Reconciled>): Promise<string | undefined>;
  /** Counts and times the computation for one metric. */
  computing<T>(metricType: string, work: () => Promise<T>): Promise<T>;
}

const prefix = "horizontal_pod_autoscaler_controller";
const secondsBuckets = [
  0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384,
];
const actions = { up: "scale_up", down: "scale_down", none: "none" };

export function autoscalerMetrics({ metrics, clock }: Host): AutoscalerMetrics {
  const reconciled = { labels: ["action", "error"], help: "Looks at autoscalers, by what was done and who erred." };
  const computed = { labels: ["action", "error", "metric_type"], help: "Computations of metrics." };
  const reconciliations = metrics.counter({ name: `${prefix}_reconciliations_total`, ...reconciled });
  const reconciliationSeconds = metrics.histogram({
    name: `${prefix}_reconciliation_duration_seconds`,
    ...reconciled,
    buckets: secondsBuckets,
  });
  const computations = metrics.counter({ name: `${prefix}_metric_computation_total`, ...computed });
  const computationSeconds = metrics.histogram({
    name: `${prefix}_metric_computation_duration_seconds`,
    ...computed,
    buckets: secondsBuckets,
  });
  return {
    reconciling: async (work) => {
      const since = clock.now();
      const result = await work().catch((error): Reconciled => ({ action: "none", error: messageOf(error) }));
      const labels = { action: actions[result.action], error: result.error === undefined ? "none" : "internal" };
      reconciliations.inc(labels);
      reconciliationSeconds.observe(labels, (clock.now() - since) / 1000);
      return result.error;
    },
    computing: async (metricType, work) => {
      const since = clock.now();
      const count = (error: string) => {
        const labels = { action: "none", error, metric_type: metricType };
        computations.inc(labels);
        computationSeconds.observe(labels, (clock.now() - since) / 1000);
      };
      try {
        const result = await work();
        count("none");
        return result;
      } catch (error) {
        count("internal");
        throw error;
      }
    },
  };
}
