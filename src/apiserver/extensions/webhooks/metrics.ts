import type { Host } from "../../../host/index.ts";

const durationBuckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];
/** Higher codes are counted as this one, so that webhooks cannot make up labels. */
const codeMax = 600;

export type RejectionCause = "calling_webhook_error" | "apiserver_internal_error" | "no_error";

/** What became of one call. */
export interface Observation {
  readonly name: string;
  readonly operation: string;
  readonly seconds: number;
  /** Of the webhook's answer; 200 when it allowed. */
  readonly code: number;
  /** Absent when the request was not rejected. */
  readonly rejected?: RejectionCause;
}

/** The original's metrics of one of the two webhook plugins. */
export class WebhookMetrics {
  readonly #type: "admit" | "validating";
  readonly #durations;
  readonly #requests;
  readonly #rejections;
  readonly #failOpen;
  readonly #exclusions;
  readonly #conditionErrors;

  constructor({ metrics }: Host, type: "admit" | "validating") {
    this.#type = type;
    this.#durations = metrics.histogram({
      name: "apiserver_admission_webhook_admission_duration_seconds",
      help: "Time that calls of admission webhooks took.",
      labels: ["name", "type", "operation", "rejected"],
      buckets: durationBuckets,
    });
    this.#requests = metrics.counter({
      name: "apiserver_admission_webhook_request_total",
      help: "Calls of admission webhooks.",
      labels: ["name", "type", "operation", "code", "rejected"],
    });
    this.#rejections = metrics.counter({
      name: "apiserver_admission_webhook_rejection_count",
      help: "Requests rejected by admission webhooks, or because they could not be asked.",
      labels: ["name", "type", "operation", "error_type", "rejection_code"],
    });
    this.#failOpen = metrics.counter({
      name: "apiserver_admission_webhook_fail_open_count",
      help: "Requests that went on although an admission webhook could not be asked.",
      labels: ["name", "type"],
    });
    this.#exclusions = metrics.counter({
      name: "apiserver_admission_match_condition_exclusions_total",
      help: "Calls that match conditions made unnecessary.",
      labels: ["name", "kind", "type", "operation"],
    });
    this.#conditionErrors = metrics.counter({
      name: "apiserver_admission_match_condition_evaluation_errors_total",
      help: "Match conditions that could not be evaluated.",
      labels: ["name", "kind", "type", "operation"],
    });
  }

  called({ name, operation, seconds, code, rejected }: Observation): void {
    const capped = String(Math.min(code, codeMax));
    const isRejected = String(rejected !== undefined);
    this.#durations.labels(name, this.#type, operation, isRejected).observe(seconds);
    this.#requests.labels(name, this.#type, operation, capped, isRejected).inc();
    if (rejected !== undefined) this.#rejections.labels(name, this.#type, operation, rejected, capped).inc();
  }

  failedOpen(name: string): void {
    this.#failOpen.labels(name, this.#type).inc();
  }

  excluded(name: string, operation: string): void {
    this.#exclusions.labels(name, "webhook", this.#type, operation).inc();
  }

  conditionFailed(name: string, operation: string): void {
    this.#conditionErrors.labels(name, "webhook", this.#type, operation).inc();
  }
}
