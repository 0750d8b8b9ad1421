import type { KubeObject } from "../api/meta/index.ts";
import type { EncodedBytes, EntryList } from "./encoded-bytes.ts";
import type { StoredForm } from "./encryption/index.ts";
import { type Entry, type Revision, StoreError, type StoreEvent } from "./store.ts";

/** What an entry is made of beside its content. */
export interface EntryFacts {
  readonly key: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
  /** When the store deletes it, by the host's clock; 0 means never. */
  readonly expiresAtMs: number;
}

/**
 * The entry of the embedded stores. It has the object, its bytes, or both: one loaded from disk is parsed at first
 * access, and one of the two may go and come back (see EncodedBytes). An object that goes is still found, and shared, as long
 * as somebody has it who was given it.
 */
export class StoredEntry implements Entry, EntryFacts {
  readonly key: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
  readonly expiresAtMs: number;
  /** Neighbours in EncodedBytes, which alone touches them. */
  older: StoredEntry | undefined = undefined;
  newer: StoredEntry | undefined = undefined;
  /** Where EncodedBytes counts it, and what for; undefined when it is not counted. */
  countedIn: EntryList | undefined = undefined;
  countedBytes = 0;
  /** How it lies on disk; undefined in memory. */
  form: StoredForm | undefined = undefined;
  readonly #encoded: EncodedBytes;
  #object: KubeObject | WeakRef<KubeObject> | undefined;
  #bytes: Buffer | undefined;
  #decode: (() => KubeObject) | undefined;
  /** Whether somebody was given the object, and may have it still. */
  #isSeen = false;

  private constructor(
    facts: EntryFacts,
    encoded: EncodedBytes,
    object: KubeObject | undefined,
    bytes: Buffer | undefined,
  ) {
    this.key = facts.key;
    this.revision = facts.revision;
    this.createRevision = facts.createRevision;
    this.expiresAtMs = facts.expiresAtMs;
    this.#encoded = encoded;
    this.#object = object;
    this.#bytes = bytes;
  }

  static ofObject(facts: EntryFacts, encoded: EncodedBytes, object: KubeObject): StoredEntry {
    return new StoredEntry(facts, encoded, object, undefined);
  }

  /** Keeps the bytes, uncounted, until the object is needed. */
  static ofBytes(facts: EntryFacts, encoded: EncodedBytes, bytes: Buffer): StoredEntry {
    return new StoredEntry(facts, encoded, undefined, bytes);
  }

  /** Keeps what another store's value is until the object is needed. @param decode may throw StoreError, again each time */
  static ofValue(facts: EntryFacts, encoded: EncodedBytes, decode: () => KubeObject): StoredEntry {
    const entry = new StoredEntry(facts, encoded, undefined, undefined);
    entry.#decode = decode;
    return entry;
  }

  get isStale(): boolean {
    return this.form !== undefined && !this.form.isCurrent(this.key);
  }

  get object(): KubeObject {
    this.#isSeen = true;
    return this.#find();
  }

  #find(): KubeObject {
    const known = this.#object instanceof WeakRef ? this.#object.deref() : this.#object;
    if (known !== undefined) return known;
    if (this.#decode !== undefined) {
      const decoded = this.#decode();
      this.#object = decoded;
      this.#decode = undefined;
      return decoded;
    }
    const bytes = this.#bytes;
    if (bytes === undefined) throw new Error(`entry ${this.key} has neither object nor bytes`);
    const object = parse(this.key, bytes);
    this.#object = object;
    this.#encoded.admit(this, bytes.length, "read");
    return object;
  }

  json(): Buffer {
    return this.#bytes ?? this.#keep(Buffer.from(JSON.stringify(this.#find())));
  }

  /** The same as `json()`, inside a larger buffer with `headerBytes` of uninitialized room before it: what a disk writes. */
  encodeWithHeader(headerBytes: number): Buffer {
    const text = JSON.stringify(this.#find());
    // Not from Node's pool, whose pieces would keep each other alive as long as one of their objects lives.
    const record = Buffer.allocUnsafeSlow(headerBytes + Buffer.byteLength(text));
    record.write(text, headerBytes);
    this.#bytes ??= record.subarray(headerBytes);
    return record;
  }

  /** It was written, and whoever was told has taken its object: from now on it counts. */
  settle(): void {
    if (this.#bytes !== undefined && this.#object !== undefined)
      this.#encoded.admit(this, this.#bytes.length, "written");
  }

  /** For EncodedBytes, which has stopped counting it. */
  giveUpOneForm(): void {
    if (this.#bytes === undefined || this.#object === undefined) return;
    if (this.#encoded.keeps === "objects") this.#bytes = undefined;
    else if (!this.#isSeen) this.#object = undefined;
    // V8 clears a weak reference only when it collects everything: what has one outlives its youth.
    else if (!(this.#object instanceof WeakRef)) this.#object = new WeakRef(this.#object);
  }

  /** It is of the past: whoever still has it may use it, but it does not count. */
  retire(): void {
    this.#encoded.remove(this);
  }

  #keep(bytes: Buffer): Buffer {
    this.#bytes = bytes;
    this.#encoded.admit(this, bytes.length, "read");
    return bytes;
  }
}

function parse(key: string, bytes: Buffer): KubeObject {
  try {
    return JSON.parse(bytes.toString()) as KubeObject;
  } catch (error) {
    throw new StoreError(`the record of ${key} is damaged`, { cause: error });
  }
}

export interface StoredEvent extends StoreEvent {
  readonly entry: StoredEntry;
  readonly previous?: StoredEntry;
}

/** The changes of one transaction that holds, with the revision it takes. Never empty. */
export interface Commit {
  readonly revision: Revision;
  readonly events: readonly StoredEvent[];
}
