import { ApiError } from "../../api/meta/index.ts";
import type { Clock } from "../../host/index.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { AdmissionConfigError } from "./config-error.ts";

interface Limit {
  readonly type: string;
  readonly qps: number;
  readonly burst: number;
  readonly cacheSize?: number;
}

const cacheSizeDefault = 4096;

/** Events are refused with 429 when too many come: of all, of a namespace, of a user, or about one object. */
export function eventRateLimit(clock: Clock, configuration: unknown): AdmissionPlugin {
  const limits = readLimits(configuration).map((limit) => new LimitEnforcer(limit, clock));
  return {
    name: "EventRateLimit",
    handles: ({ kind, operation }) => kind.kind === "Event" && (operation === "CREATE" || operation === "UPDATE"),
    validate(attributes) {
      let refusal: string | undefined;
      for (const limit of limits) refusal = limit.refusal(attributes) ?? refusal; // each counts, the last one speaks
      if (refusal !== undefined) throw tooMany(refusal);
    },
  };
}

function readLimits(configuration: unknown): readonly Limit[] {
  const { limits } = (configuration ?? {}) as { limits?: Limit[] };
  if (!Array.isArray(limits) || limits.length === 0) {
    throw new AdmissionConfigError(
      "EventRateLimit needs a configuration with limits, see --admission-control-config-file",
    );
  }
  for (const { type, qps, burst } of limits) {
    if (keyOf[type] === undefined) {
      const known = Object.keys(keyOf).join(", ");
      throw new AdmissionConfigError(
        `EventRateLimit: type ${JSON.stringify(type)} is not supported; there are: ${known}`,
      );
    }
    if (!(qps > 0 && burst > 0)) throw new AdmissionConfigError("EventRateLimit: qps and burst must be positive");
  }
  return limits;
}

const keyOf: Readonly<Record<string, (attributes: Attributes) => string>> = {
  Server: () => "",
  Namespace: ({ namespace }) => namespace,
  User: ({ user }) => user.name,
  SourceAndObject: sourceAndObject,
};

function sourceAndObject({ object }: Attributes): string {
  const {
    source = {},
    involvedObject,
    regarding,
  } = (object ?? {}) as {
    source?: Record<string, string>;
    involvedObject?: Record<string, string>;
    regarding?: Record<string, string>;
  };
  const about = involvedObject ?? regarding ?? {};
  return [source.component, source.host, about.kind, about.namespace, about.name, about.uid, about.apiVersion].join("");
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Token buckets by key; the longest unused is forgotten when there are too many. */
class LimitEnforcer {
  readonly #limit: Limit;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: Limit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Why the event is refused; undefined when it may pass. */
  refusal(attributes: Attributes): string | undefined {
    const { type, burst } = this.#limit;
    const key = keyOf[type]?.(attributes) ?? "";
    const now = this.#clock.now();
    const known = this.#buckets.get(key);
    const tokens = known === undefined ? burst : this.#refilled(known, now);
    this.#buckets.delete(key);
    this.#forgetOldest();
    const passes = tokens >= 1;
    this.#buckets.set(key, { tokens: passes ? tokens - 1 : tokens, atMs: now });
    return passes ? undefined : `limit reached on type ${type} for key ${key}`;
  }

  #refilled({ tokens, atMs }: Bucket, now: number): number {
    return Math.min(this.#limit.burst, tokens + ((now - atMs) / 1000) * this.#limit.qps);
  }

  #forgetOldest(): void {
    const max = this.#limit.cacheSize || cacheSizeDefault;
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size < max) return;
      this.#buckets.delete(key);
    }
  }
}

function tooMany(why: string): ApiError {
  return new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `Too many requests: ${why}`,
    reason: "TooManyRequests",
    code: 429,
  });
}
