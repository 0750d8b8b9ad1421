import { builtinKinds } from "../../api/kinds/index.ts";
import type { KubeObject } from "../../api/meta/index.ts";
import { decodeOwnVersion, encodeValue, isProtobuf, type StorageMediaType } from "../etcd/index.ts";
import type { Entry, Store, StoreEvent, Subscription } from "../store.ts";
import type { KeyValue } from "./messages.ts";
import { refusals } from "./refusal.ts";

/** A value that is no object of Kubernetes, kept byte for byte. */
type RawValue = KubeObject & { readonly value: string };

const rawKind = { apiVersion: "sampan.dev/v1", kind: "EtcdValue" } as const;
const noLease = "0";
const recentValuesMax = 256;

/**
 * How the store's entries look to clients of etcd. Objects have the bytes that kube-apiserver would have written. Other
 * values are kept in an object of the kind EtcdValue. The store does not count how often a key was written: versions are
 * counted from the start of the process on, beginning with 1 for a key that is as it was created and 2 for one that is not.
 */
export class KeyValues {
  readonly #mediaType: StorageMediaType;
  readonly #versions = new WeakMap<Entry, number>();
  /** Encoded a moment ago: one event goes to many watchers. The oldest come first. */
  readonly #recent = new Map<Entry, Buffer>();
  readonly #leases: { leaseOf(entry: Entry): string | undefined };
  readonly #subscription: Subscription;
  #builtinPrefixes: readonly string[] | undefined;

  constructor(store: Store, mediaType: StorageMediaType, leases: { leaseOf(entry: Entry): string | undefined }) {
    this.#mediaType = mediaType;
    this.#leases = leases;
    // Before all other watches of everything, so that versions are known when those are told.
    this.#subscription = store.watch("", store.revision, {
      events: (batch) => batch.forEach(this.#count),
      closed: () => {},
    });
  }

  close(): void {
    this.#subscription.cancel();
  }

  versionOf(entry: Entry): number {
    return this.#versions.get(entry) ?? (entry.revision === entry.createRevision ? 1 : 2);
  }

  valueOf(entry: Entry): Buffer {
    const known = this.#recent.get(entry);
    if (known !== undefined) return known;
    const { object } = entry;
    const bytes = isRaw(object) ? Buffer.from(object.value, "base64") : encodeValue(object, this.#mediaType);
    this.#recent.set(entry, bytes);
    if (this.#recent.size > recentValuesMax) {
      for (const oldest of this.#recent.keys()) {
        this.#recent.delete(oldest);
        break;
      }
    }
    return bytes;
  }

  leaseOf(entry: Entry): string {
    return this.#leases.leaseOf(entry) ?? noLease;
  }

  of(entry: Entry, keysOnly = false): KeyValue {
    return {
      key: Buffer.from(entry.key),
      value: keysOnly ? Buffer.alloc(0) : this.valueOf(entry),
      createRevision: entry.createRevision,
      modRevision: entry.revision,
      version: this.versionOf(entry),
      lease: this.leaseOf(entry),
    };
  }

  /** What the store keeps for a value that a client puts. @throws Refusal for junk where objects of Kubernetes are kept */
  toObject(key: string, value: Buffer): KubeObject {
    if (key.startsWith("/registry/")) {
      try {
        if (isProtobuf(value) || value[0] === openingBrace) return withoutRevision(decodeOwnVersion(key, value, 0));
        if (this.#isBuiltin(key)) throw new Error("it begins with neither k8s\\0 nor {");
      } catch (error) {
        if (this.#isBuiltin(key))
          throw refusals.notAnObject(key, error instanceof Error ? error.message : String(error));
      }
    }
    const raw: RawValue = { ...rawKind, metadata: {}, value: value.toString("base64") };
    return raw;
  }

  readonly #count = ({ type, entry, previous }: StoreEvent): void => {
    if (type === "put") this.#versions.set(entry, previous === undefined ? 1 : this.versionOf(previous) + 1);
  };

  #isBuiltin(key: string): boolean {
    this.#builtinPrefixes ??= builtinKinds().map(({ storagePrefix }) => `${storagePrefix}/`);
    return this.#builtinPrefixes.some((prefix) => key.startsWith(prefix));
  }
}

const openingBrace = "{".charCodeAt(0);

function isRaw(object: KubeObject): object is RawValue {
  return object.kind === rawKind.kind && object.apiVersion === rawKind.apiVersion;
}

function withoutRevision(object: KubeObject): KubeObject {
  delete object.metadata.resourceVersion;
  return object;
}
