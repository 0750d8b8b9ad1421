import type { Host } from "../../../host/index.ts";

const buckets = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i);

/** The original's metrics of conversion webhooks. */
export class ConversionMetrics {
  readonly #durations;
  readonly #byDefinition;

  constructor({ metrics }: Host) {
    this.#durations = metrics.histogram({
      name: "apiserver_crd_conversion_webhook_duration_seconds",
      help: "Time that calls of conversion webhooks took.",
      labels: ["failure_type", "result"],
      buckets,
    });
    this.#byDefinition = metrics.histogram({
      name: "apiserver_crd_webhook_conversion_duration_seconds",
      help: "Time that conversions by webhook took, by definition and versions.",
      labels: ["crd_name", "from_version", "to_version", "succeeded"],
      buckets,
    });
  }

  observe(of: { name: string; from: string; to: string; seconds: number; failure: string | undefined }): void {
    const { name, from, to, seconds, failure } = of;
    this.#durations.labels(failure ?? "", failure === undefined ? "success" : "failure").observe(seconds);
    this.#byDefinition.labels(name, from, to, String(failure === undefined)).observe(seconds);
  }
}
