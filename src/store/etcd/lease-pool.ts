import type { Clock } from "../../host/index.ts";
import type { EtcdConnection } from "./connection.ts";
import type { LeaseAnswer } from "./messages.ts";

/** The original's: a lease takes further keys for so long, so that a flood of events needs few leases. */
const reuseSecondsMax = 60;
/** A lease lives this part longer than asked for, at most, so that it can be reused. */
const reuseShare = 0.05;
const keysMax = 1000;

interface Pooled {
  readonly id: Promise<number>;
  readonly expiresAtMs: number;
  keys: number;
}

/** Leases for keys with a time to live, shared by keys that are written within a short time. */
export class LeasePool {
  readonly #clock: Clock;
  readonly #etcd: EtcdConnection;
  /** The newest lease by the time to live that was asked for. */
  readonly #newest = new Map<number, Pooled>();

  constructor(clock: Clock, etcd: EtcdConnection) {
    this.#clock = clock;
    this.#etcd = etcd;
  }

  /** A lease that lives at least that long from now, and at most 5 % longer. @throws EtcdCallError */
  async leaseFor(ttlSeconds: number): Promise<number> {
    const nowMs = this.#clock.now();
    const reuseMs = Math.min(reuseSecondsMax, Math.floor(ttlSeconds * reuseShare)) * 1000;
    const wantedUntilMs = nowMs + ttlSeconds * 1000;
    const found = this.#newest.get(ttlSeconds);
    if (found && wantedUntilMs <= found.expiresAtMs && found.keys < keysMax) {
      found.keys++;
      return found.id;
    }
    const id = this.#grant(ttlSeconds + reuseMs / 1000);
    const pooled: Pooled = { id, expiresAtMs: wantedUntilMs + reuseMs, keys: 1 };
    this.#newest.set(ttlSeconds, pooled);
    id.catch(() => {
      if (this.#newest.get(ttlSeconds) === pooled) this.#newest.delete(ttlSeconds);
    });
    return id;
  }

  async #grant(seconds: number): Promise<number> {
    // A lease that was granted twice harms nobody: it runs out.
    const { ID } = await this.#etcd.call<LeaseAnswer>("Lease", "LeaseGrant", { TTL: seconds }, "read");
    return ID;
  }
}
