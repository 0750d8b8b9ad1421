import type { GaugeChild, Host } from "../../host/index.ts";
import type { UserInfo } from "../request.ts";

export interface InFlightLimits {
  /** Requests that only read; 0 means no bound. */
  readonly maxRequestsInFlight: number;
  /** Requests that may change something; 0 means no bound. */
  readonly maxMutatingRequestsInFlight: number;
}

/** The original's bounds. */
export const defaultInFlightLimits: InFlightLimits = { maxRequestsInFlight: 400, maxMutatingRequestsInFlight: 200 };

/** Who runs the cluster must be able to act when it is overloaded. */
const exemptGroup = "system:masters";
const readVerbs: ReadonlySet<string> = new Set(["get", "list", "watch"]);

/** One side of the limiter: a number of places. */
export class Places {
  readonly #max: number;
  readonly #gauge: GaugeChild;
  #taken = 0;

  constructor(max: number, gauge: GaugeChild) {
    this.#max = max;
    this.#gauge = gauge;
  }

  tryTake(user: UserInfo): boolean {
    if (this.#max > 0 && this.#taken >= this.#max && !user.groups.includes(exemptGroup)) return false;
    this.#gauge.set(++this.#taken);
    return true;
  }

  give(): void {
    this.#gauge.set(--this.#taken);
  }
}

/**
 * Bounds the requests in flight, reads and writes apart, so that a flood of the one does not starve the other. Who takes
 * a place gives it back when the request is answered; long-running requests do not take one.
 */
export class InFlightLimiter {
  readonly #reads: Places;
  readonly #writes: Places;

  constructor(host: Host, limits: Partial<InFlightLimits> = {}) {
    const { maxRequestsInFlight, maxMutatingRequestsInFlight } = { ...defaultInFlightLimits, ...limits };
    const gauge = host.metrics.gauge({
      name: "apiserver_current_inflight_requests",
      help: "Requests in flight at the moment, by kind",
      labels: ["request_kind"],
    });
    this.#reads = new Places(maxRequestsInFlight, gauge.labels("readOnly"));
    this.#writes = new Places(maxMutatingRequestsInFlight, gauge.labels("mutating"));
  }

  /** A place for the request, to be given back; undefined when there is none. */
  tryTake(verb: string, user: UserInfo): Places | undefined {
    const places = readVerbs.has(verb) ? this.#reads : this.#writes;
    return places.tryTake(user) ? places : undefined;
  }
}
