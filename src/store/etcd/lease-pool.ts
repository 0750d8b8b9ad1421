import type { Host } from "../../host/index.ts";
import type { EtcdConnection } from "./connection.ts";
import { EtcdCallError } from "./errors.ts";

/** The original's: a lease takes further keys for so long, so that a flood of events needs few leases. */
const reuseSecondsMax = 60;
/** A lease lives this part longer than asked for, at most, so that it can be reused. */
const reuseShare = 0.05;
const keysMax = 1000;
const idBytes = 6;

interface Pooled {
  readonly id: Promise<number>;
  readonly expiresAtMs: number;
  keys: number;
}

/** Leases for keys with a time to live, shared by keys that are written within a short time. */
export class LeasePool {
  readonly #host: Host;
  readonly #etcd: EtcdConnection;
  /** The newest lease by the time to live that was asked for. */
  readonly #newest = new Map<number, Pooled>();

  constructor(host: Host, etcd: EtcdConnection) {
    this.#host = host;
    this.#etcd = etcd;
  }

  /** A lease that lives at least that long from now, and at most 5 % longer. @throws EtcdCallError */
  async leaseFor(ttlSeconds: number): Promise<number> {
    const nowMs = this.#host.clock.now();
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

  /** When etcd no longer knows a lease: somebody has revoked it. */
  forget(): void {
    this.#newest.clear();
  }

  async #grant(seconds: number): Promise<number> {
    // Etcd's own choice would not fit into a JavaScript number. A second try finds the lease of the first.
    const ID = Buffer.from(this.#host.random.bytes(idBytes)).readUIntBE(0, idBytes) || 1;
    try {
      await this.#etcd.call("Lease", "LeaseGrant", { TTL: seconds, ID }, "read");
    } catch (error) {
      const isGranted = error instanceof EtcdCallError && error.details.includes("lease already exists");
      if (!isGranted) throw error;
    }
    return ID;
  }
}
