import { status } from "@grpc/grpc-js";
import type { KubeObject } from "../../api/meta/index.ts";
import type { Host } from "../../host/index.ts";
import type { Compare, Entry, Operation, Revision, Store, StoreEvent, Subscription } from "../store.ts";
import { Refusal, refusals } from "./refusal.ts";

type LeaseRecord = KubeObject & { readonly ttlSeconds: number };
type AttachmentRecord = KubeObject & { readonly lease: string; readonly attached: string };

const leasesPrefix = "/sampan.dev/etcd/leases/";
const attachmentsPrefix = "/sampan.dev/etcd/attached/";
/** etcd's bounds. */
const ttlSecondsMax = 9_000_000_000;
const deletionsMax = 500;
const retryMs = 1_000;

/**
 * etcd's leases on the store: a lease is an entry with a time to live, and every key attached to it has an entry that says
 * so, written in the key's transaction: one that was written anew by somebody else has another revision and is no longer
 * attached. When the lease's entry ends, its keys are deleted. All outlive a restart.
 */
export class Leases {
  readonly #host: Host;
  readonly #store: Store;
  readonly #keys = new Map<string, Set<string>>();
  readonly #attachments = new Map<string, { readonly lease: string; readonly revision: Revision }>();
  readonly #ttls = new Map<string, { readonly seconds: number; readonly untilMs: number }>();
  #subscriptions: Subscription[] = [];
  #closed = false;

  private constructor(host: Host, store: Store) {
    this.#host = host;
    this.#store = store;
  }

  static async open(host: Host, store: Store): Promise<Leases> {
    const leases = new Leases(host, store);
    await leases.#load();
    return leases;
  }

  close(): void {
    this.#closed = true;
    for (const subscription of this.#subscriptions.splice(0)) subscription.cancel();
  }

  leaseOf({ key, revision }: Entry): string | undefined {
    const attachment = this.#attachments.get(key);
    return attachment?.revision === revision ? attachment.lease : undefined;
  }

  get all(): string[] {
    return [...this.#ttls.keys()];
  }

  /** @throws Refusal */
  async grant(id: string, seconds: number): Promise<{ id: string; seconds: number }> {
    if (seconds > ttlSecondsMax) throw refusals.leaseTooLong();
    const chosen = id === "0" ? this.#newId() : id;
    const ttl = Math.max(1, seconds);
    const result = await this.#store.commit({
      compare: [{ key: leasesPrefix + chosen, revision: 0 }],
      operations: [this.#leaseOperation(chosen, ttl)],
    });
    if (!result.committed) throw refusals.leaseExists();
    return { id: chosen, seconds: ttl };
  }

  /** The new time to live; 0 for a lease that is no more. */
  async keepAlive(id: string): Promise<number> {
    const entry = await this.#store.get(leasesPrefix + id);
    if (entry === undefined) return 0;
    const { ttlSeconds } = entry.object as LeaseRecord;
    const result = await this.#store.commit({
      compare: [{ key: entry.key, revision: entry.revision }],
      operations: [this.#leaseOperation(id, ttlSeconds)],
    });
    if (result.committed) return ttlSeconds;
    return result.current[0] === undefined ? 0 : ttlSeconds; // another keep-alive was faster
  }

  /** @throws Refusal */
  async revoke(id: string): Promise<void> {
    const result = await this.#store.commit({
      compare: [],
      operations: [{ type: "delete", key: leasesPrefix + id }],
    });
    if (!result.committed) throw refusals.leaseNotFound();
    await this.#deleteKeys(id);
  }

  timeToLive(id: string): { seconds: number; granted: number; keys: string[] } | undefined {
    const ttl = this.#ttls.get(id);
    if (ttl === undefined) return undefined;
    const seconds = Math.max(0, Math.ceil((ttl.untilMs - this.#host.clock.now()) / 1000));
    return { seconds, granted: ttl.seconds, keys: [...(this.#keys.get(id) ?? [])].sort() };
  }

  /** What is written beside a put or a delete of a key, so that it belongs to this lease (undefined: to none). @throws Refusal */
  async beside(key: string, lease: string | undefined): Promise<{ compare: Compare[]; operations: Operation[] }> {
    const recordKey = attachmentsPrefix + key.replace(/^\//, "");
    if (lease === undefined) {
      if (!this.#attachments.has(key)) return { compare: [], operations: [] };
      return { compare: [], operations: [{ type: "delete", key: recordKey }] };
    }
    const leaseEntry = await this.#store.get(leasesPrefix + lease);
    if (leaseEntry === undefined) throw refusals.leaseNotFound();
    const object: AttachmentRecord = {
      apiVersion: "sampan.dev/v1",
      kind: "EtcdAttachment",
      metadata: {},
      lease,
      attached: key,
    };
    return {
      compare: [{ key: leaseEntry.key, revision: leaseEntry.revision }],
      operations: [{ type: "put", key: recordKey, object }],
    };
  }

  #leaseOperation(id: string, ttlSeconds: number): Operation {
    const object: LeaseRecord = { apiVersion: "sampan.dev/v1", kind: "EtcdLease", metadata: { name: id }, ttlSeconds };
    return { type: "put", key: leasesPrefix + id, object, ttlSeconds };
  }

  #newId(): string {
    const bytes = Buffer.from(this.#host.random.bytes(8));
    return String((bytes.readBigUInt64BE(0) >> 1n) | 1n);
  }

  async #load(): Promise<void> {
    const snapshot = await this.#store.list("/sampan.dev/etcd/");
    for (const entry of snapshot.entries()) this.#put(entry);
    this.#subscriptions.push(
      this.#store.watch("/sampan.dev/etcd/", snapshot.revision, {
        events: (batch) => batch.forEach(this.#follow),
        closed: () => {},
      }),
    );
    // Leases that ended while nobody looked.
    for (const id of this.#keys.keys()) if (!this.#ttls.has(id)) await this.#deleteKeys(id);
  }

  readonly #follow = ({ type, key, entry }: StoreEvent): void => {
    if (type === "put") this.#put(entry);
    else if (key.startsWith(leasesPrefix)) {
      const id = key.slice(leasesPrefix.length);
      this.#ttls.delete(id);
      this.#expire(id);
    } else this.#detach((entry.object as AttachmentRecord).attached);
  };

  #put(entry: Entry): void {
    if (entry.key.startsWith(leasesPrefix)) {
      const { ttlSeconds: seconds } = entry.object as LeaseRecord;
      const untilMs = this.#host.clock.now() + seconds * 1000;
      this.#ttls.set(entry.key.slice(leasesPrefix.length), { seconds, untilMs });
      return;
    }
    const { lease, attached } = entry.object as AttachmentRecord;
    this.#detach(attached);
    this.#attachments.set(attached, { lease, revision: entry.revision });
    const keys = this.#keys.get(lease) ?? new Set();
    this.#keys.set(lease, keys.add(attached));
  }

  #detach(key: string): void {
    const attachment = this.#attachments.get(key);
    if (attachment === undefined) return;
    this.#attachments.delete(key);
    const keys = this.#keys.get(attachment.lease);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(attachment.lease);
  }

  #expire(id: string): void {
    this.#deleteKeys(id).catch((error: unknown) => {
      if (this.#closed) return;
      this.#host.log.error("keys of a lease that ended cannot be deleted", { lease: id, error: String(error) });
      this.#host.clock.setTimer(retryMs, () => this.#expire(id));
    });
  }

  /** Those that are still attached; each is looked at again when it changes meanwhile. */
  async #deleteKeys(id: string): Promise<void> {
    while (!this.#closed) {
      const keys = [...(this.#keys.get(id) ?? [])].slice(0, deletionsMax);
      if (keys.length === 0) return;
      const entries = await Promise.all(keys.map((key) => this.#store.get(key)));
      const compare = keys.map((key, i) => ({ key, revision: entries[i]?.revision ?? 0 }));
      const operations = keys.flatMap((key, i): Operation[] => {
        const entry = entries[i];
        const isAttached = entry !== undefined && this.leaseOf(entry) === id;
        const record = { type: "delete", key: attachmentsPrefix + key.replace(/^\//, "") } as const;
        return isAttached ? [record, { type: "delete", key }] : [record];
      });
      await this.#store.commit({ compare, operations });
    }
  }
}

/** @throws Refusal for an id that is none. */
export function leaseId(text: string): string {
  if (/^-?\d+$/.test(text)) return text;
  throw new Refusal(status.INVALID_ARGUMENT, `etcdserver: ${text} is no lease`);
}
