import type { GaugeChild, Host } from "../../host/index.ts";
import type { UserInfo } from "../request.ts";
import type { Flow, LimitedRequest, Limiter, Seat } from "./limiter.ts";

export interface InFlightLimits {
  /** Requests that only read; 0 means no bound. */
  readonly maxRequestsInFlight: number;
  /** Requests that may change something; 0 means no bound. */
  readonly maxMutatingRequestsInFlight: number;
}

const defaults: InFlightLimits = { maxRequestsInFlight: 400, maxMutatingRequestsInFlight: 200 };

/** With the original's bounds for those that are not given. */
export function inFlightLimits(given: Partial<InFlightLimits>): InFlightLimits {
  return {
    maxRequestsInFlight: given.maxRequestsInFlight ?? defaults.maxRequestsInFlight,
    maxMutatingRequestsInFlight: given.maxMutatingRequestsInFlight ?? defaults.maxMutatingRequestsInFlight,
  };
}

/** Who runs the cluster must be able to act when it is overloaded. */
const exemptGroup = "system:masters";
const readVerbs: ReadonlySet<string> = new Set(["get", "list", "watch"]);

/** One side of the limiter: a number of places. */
export class Places implements Flow, Seat {
  readonly headers = undefined;
  readonly retryAfterSeconds = 1;
  readonly #max: number;
  readonly #gauge: GaugeChild;
  #taken = 0;

  constructor(max: number, gauge: GaugeChild) {
    this.#max = max;
    this.#gauge = gauge;
  }

  take(user: UserInfo): Seat | undefined {
    if (this.#max > 0 && this.#taken >= this.#max && !user.groups.includes(exemptGroup)) return undefined;
    this.#gauge.set(++this.#taken);
    return this;
  }

  give(): void {
    this.#gauge.set(--this.#taken);
  }
}

/**
 * Bounds the requests in flight, reads and writes apart, so that a flood of the one does not starve the other: what is done
 * without priority and fairness.
 */
export class InFlightLimiter implements Limiter {
  readonly #reads: Places;
  readonly #writes: Places;

  constructor(host: Host, limits: Partial<InFlightLimits> = {}) {
    const { maxRequestsInFlight, maxMutatingRequestsInFlight } = inFlightLimits(limits);
    const gauge = host.metrics.gauge({
      name: "apiserver_current_inflight_requests",
      help: "Requests in flight at the moment, by kind",
      labels: ["request_kind"],
    });
    this.#reads = new Places(maxRequestsInFlight, gauge.labels("readOnly"));
    this.#writes = new Places(maxMutatingRequestsInFlight, gauge.labels("mutating"));
  }

  flowOf(_user: UserInfo, { verb }: Pick<LimitedRequest, "verb">): Places {
    return readVerbs.has(verb) ? this.#reads : this.#writes;
  }
}
