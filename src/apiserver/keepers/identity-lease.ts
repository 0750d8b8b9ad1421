import { createHash } from "node:crypto";
import { formatMicroTime, isReason, type JsonObject, parseTime } from "../../api/meta/index.ts";
import type { Lease } from "../../api/types/index.ts";
import type { Timer } from "../../host/index.ts";
import type { ApiRequest } from "../request.ts";
import { itself, type Keeper, type KeeperOptions } from "./keeper.ts";

/** The original's: how long a server counts as there after its last word, how often it gives one, and looks at the others. */
const leaseSeconds = 3600;
const renewMs = 10_000;
const collectMs = 3_600_000;
const identityLabel = "apiserver.kubernetes.io/identity";
const identity = "kube-apiserver";
const target = {
  group: "coordination.k8s.io",
  version: "v1",
  resource: "leases",
  namespace: "kube-system",
  options: {},
  user: itself,
  userAgent: "kube-apiserver/v1.36.2",
} as const;

/** The name that an API server on this machine has: the same after a restart. */
export function apiServerId(hostname: string): string {
  const hash = createHash("sha256").update(hostname).digest().subarray(0, 16);
  return `apiserver-${base32(hash)}`;
}

/** Keeps a lease that says that this API server is there, and takes away those of servers that are not. */
export function keepIdentityLease(options: KeeperOptions, hostname: string): Keeper {
  const { host, handler } = options;
  const name = apiServerId(hostname);
  const holderIdentity = `${name}_${host.random.uuid()}`;
  const timers = new Map<string, Timer>();
  let working: Promise<unknown> = Promise.resolve();
  let closed = false;

  async function renew(): Promise<void> {
    const renewTime = formatMicroTime(host.clock.now());
    const spec: JsonObject = { holderIdentity, leaseDurationSeconds: leaseSeconds, renewTime };
    const labels = { [identityLabel]: identity, "kubernetes.io/hostname": hostname };
    try {
      const patchType = "application/merge-patch+json";
      await handler.handle({ ...target, verb: "patch", name, patchType, body: { metadata: { labels }, spec } });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
      await handler.handle({
        ...target,
        verb: "create",
        body: { metadata: { name, namespace: "kube-system", labels }, spec },
      });
    }
  }

  async function collect(): Promise<void> {
    const labelSelector = `${identityLabel}=${identity}`;
    const answer = await handler.handle({ ...target, verb: "list", options: { labelSelector } });
    const leases = answer.kind === "list" ? answer.items.map(({ object }) => object as Lease) : [];
    for (const lease of leases) {
      if (!hasEnded(lease, host.clock.now())) continue;
      const { uid, resourceVersion } = lease.metadata;
      const request: ApiRequest = { ...target, verb: "delete", name: lease.metadata.name };
      await handler.handle({ ...request, options: { preconditions: { uid, resourceVersion } } }).catch((error) => {
        // Gone, or its server is back.
        if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
      });
    }
  }

  /** One after the other; what fails is tried again when its time comes. */
  function every(ms: number, what: string, work: () => Promise<void>): void {
    timers.set(
      what,
      host.clock.setTimer(ms, () => {
        every(ms, what, work);
        working = working.then(work).catch((error: unknown) => {
          if (!closed) host.log.warn(what, { error: String(error) });
        });
      }),
    );
  }

  working = renew().catch((error: unknown) =>
    host.log.warn("the lease of this API server cannot be written", { error: String(error) }),
  );
  every(renewMs, "the lease of this API server cannot be renewed", renew);
  every(collectMs, "leases of API servers that are gone cannot be taken away", collect);
  return {
    async close() {
      closed = true;
      for (const timer of timers.values()) timer.cancel();
      await working;
    },
  };
}

function hasEnded({ spec }: Lease, nowMs: number): boolean {
  if (!spec?.renewTime || spec.leaseDurationSeconds === undefined) return true;
  return nowMs > parseTime(spec.renewTime) + spec.leaseDurationSeconds * 1000;
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(value >>> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(value << (5 - bits)) & 31];
}
