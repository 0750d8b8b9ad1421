import type { CounterChild, Gauge, Host } from "../../host/index.ts";
import type { FlowController } from "./flow-controller.ts";

const waitBuckets = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

/** Of one flow schema in its level. */
export interface FlowCounters {
  readonly dispatched: CounterChild;
  rejected(reason: string): void;
  waited(seconds: number, executes: boolean): void;
}

/** The original's metrics; what can be read from the levels is read when somebody looks. */
export class FlowMetrics {
  readonly #dispatched;
  readonly #rejected;
  readonly #waits;

  constructor({ metrics }: Host, controller: Pick<FlowController, "levels" | "flows">) {
    const labels = ["priority_level", "flow_schema"];
    this.#dispatched = metrics.counter({
      name: "apiserver_flowcontrol_dispatched_requests_total",
      help: "Requests that were begun.",
      labels,
    });
    this.#rejected = metrics.counter({
      name: "apiserver_flowcontrol_rejected_requests_total",
      help: "Requests that got no seat.",
      labels: [...labels, "reason"],
    });
    this.#waits = metrics.histogram({
      name: "apiserver_flowcontrol_request_wait_duration_seconds",
      help: "Time that requests waited in queues.",
      labels: [...labels, "execute"],
      buckets: waitBuckets,
    });
    const gauge = (name: string, help: string, of: readonly string[]): Gauge =>
      metrics.gauge({ name: `apiserver_flowcontrol_${name}`, help, labels: of });
    const waiting = gauge("current_inqueue_requests", "Requests that wait in queues.", labels);
    const executing = gauge("current_executing_requests", "Requests that are worked on.", labels);
    const seats = gauge("current_executing_seats", "Seats of the requests that are worked on.", labels);
    const level = ["priority_level"];
    const nominal = gauge("nominal_limit_seats", "Seats by the level's shares.", level);
    const lower = gauge("lower_limit_seats", "Seats that the level never lends.", level);
    const upper = gauge("upper_limit_seats", "The most seats that the level may have.", level);
    const current = gauge("current_limit_seats", "Seats that the level has now.", level);
    metrics.beforeRender(() => {
      for (const { name, level: of, counts } of controller.flows) {
        waiting.labels(of.name, name).set(counts.waiting);
        executing.labels(of.name, name).set(counts.executing);
        seats.labels(of.name, name).set(counts.seats);
      }
      for (const { name, limits, seats: now } of controller.levels.values()) {
        nominal.labels(name).set(limits.nominal);
        lower.labels(name).set(limits.min);
        upper.labels(name).set(limits.max);
        current.labels(name).set(now);
      }
    });
  }

  of(level: string, schema: string): FlowCounters {
    return {
      dispatched: this.#dispatched.labels(level, schema),
      rejected: (reason) => this.#rejected.labels(level, schema, reason).inc(),
      waited: (seconds, executes) => this.#waits.labels(level, schema, String(executes)).observe(seconds),
    };
  }
}
