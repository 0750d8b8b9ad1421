import { formatMicroTime, isReason } from "../api/meta/index.ts";
import type { Lease } from "../api/types/index.ts";
import { type Host, sleep } from "../host/index.ts";
import type { Client, Draft } from "./client.ts";
import { leases } from "./resources.ts";

export interface LeaderElectionOptions {
  readonly client: Pick<Client, "resource">;
  readonly host: Host;
  /** The lease that is fought for: `kube-system`, `kube-scheduler`. */
  readonly namespace: string;
  readonly name: string;
  /** Who we are: unique among the candidates. */
  readonly identity: string;
  readonly leaseDurationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
  /** Aborting it gives the lease back. */
  readonly signal: AbortSignal;
}

const defaultLeaseDurationMs = 15_000;
const defaultRenewDeadlineMs = 10_000;
const defaultRetryPeriodMs = 2_000;
const jitter = 1.2;

/**
 * Waits until we lead, then runs `lead` with a signal that is aborted when we lead no more. Resolves when the lease was
 * given back, or lost: then whoever called should end, since others lead now.
 */
export async function runWhenLeading(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const candidate = new Candidate(options);
  if (!(await candidate.acquire())) return;
  const leading = new AbortController();
  const work = lead(leading.signal);
  await candidate.keep();
  leading.abort(new Error(`${options.identity} leads no more`));
  await work;
  await candidate.giveBack();
}

class Candidate {
  readonly #options: LeaderElectionOptions;
  readonly #leaseDurationMs: number;
  readonly #retryPeriodMs: number;
  /** The lease as we saw it last, and when on our own clock: those of others may be wrong. */
  #seen: { readonly lease: Lease; readonly atMs: number } | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? defaultLeaseDurationMs;
    this.#retryPeriodMs = options.retryPeriodMs ?? defaultRetryPeriodMs;
  }

  /** Gives false when the signal is aborted first. */
  async acquire(): Promise<boolean> {
    const { signal, host } = this.#options;
    while (!signal.aborted) {
      if (await this.#tryHold()) return true;
      await this.#pause(this.#retryPeriodMs * (1 + host.random.next() * jitter));
    }
    return false;
  }

  /** Renews until the signal is aborted, or renewing has failed for too long. */
  async keep(): Promise<void> {
    const { signal, host, renewDeadlineMs = defaultRenewDeadlineMs } = this.#options;
    let renewedAt = host.clock.now();
    while (!signal.aborted && host.clock.now() - renewedAt < renewDeadlineMs) {
      await this.#pause(this.#retryPeriodMs);
      if (!signal.aborted && (await this.#tryHold())) renewedAt = host.clock.now();
    }
  }

  async giveBack(): Promise<void> {
    const lease = this.#seen?.lease;
    if (lease?.spec?.holderIdentity !== this.#options.identity) return;
    const now = formatMicroTime(this.#options.host.clock.now());
    const spec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    try {
      await this.#options.client.resource(leases).update({ ...lease, spec });
    } catch (error) {
      this.#options.host.log.debug("the lease was not given back", { error: (error as Error).message });
    }
  }

  #pause(ms: number): Promise<void> {
    return sleep(this.#options.host.clock, ms, this.#options.signal).catch(() => undefined);
  }

  async #tryHold(): Promise<boolean> {
    const { client, host, namespace, name } = this.#options;
    try {
      const present = await client.resource(leases).find({ namespace, name });
      if (present === undefined) {
        this.#saw(await client.resource(leases).create(this.#record({ metadata: { namespace, name }, spec: {} })));
        return true;
      }
      if (present.metadata.resourceVersion !== this.#seen?.lease.metadata.resourceVersion) this.#saw(present);
      if (!this.#mayTake(present)) return false;
      this.#saw(await client.resource(leases).update(this.#record(present)));
      return true;
    } catch (error) {
      // Somebody else was faster.
      if (!isReason(error, "Conflict") && !isReason(error, "AlreadyExists")) {
        host.log.warn("the lease could not be read or written", { lease: name, error: (error as Error).message });
      }
      return false;
    }
  }

  #saw(lease: Lease): void {
    this.#seen = { lease, atMs: this.#options.host.clock.now() };
  }

  #mayTake({ spec }: Lease): boolean {
    const { identity, host } = this.#options;
    if (!spec?.holderIdentity || spec.holderIdentity === identity) return true;
    const durationMs = (spec.leaseDurationSeconds ?? this.#leaseDurationMs / 1000) * 1000;
    return host.clock.now() - (this.#seen?.atMs ?? 0) >= durationMs;
  }

  #record(lease: Draft<Lease>): Draft<Lease> {
    const { identity, host } = this.#options;
    const now = formatMicroTime(host.clock.now());
    const mine = lease.spec?.holderIdentity === identity;
    const transitions = lease.spec?.leaseTransitions ?? 0;
    const spec = {
      ...lease.spec,
      holderIdentity: identity,
      leaseDurationSeconds: this.#leaseDurationMs / 1000,
      acquireTime: mine ? (lease.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: mine || lease.spec?.holderIdentity === undefined ? transitions : transitions + 1,
    };
    return { ...lease, spec };
  }
}
