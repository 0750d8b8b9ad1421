import type { KubeObject } from "../../api/meta/index.ts";
import type { EncodedBytes } from "../encoded-bytes.ts";
import type { ValueTransformer } from "../encryption/index.ts";
import { StoredEntry, type StoredEvent } from "../entry.ts";
import type { Revision } from "../store.ts";
import type { KeySpace } from "./key-space.ts";
import type { KeyValue, WatchAnswer } from "./messages.ts";
import { decodeValue, encodeValue, type StorageMediaType } from "./value-codec.ts";

/** Objects to what etcd keeps under a key, and back. */
export class Values {
  readonly keys: KeySpace;
  readonly #mediaType: StorageMediaType;
  readonly #transformer: ValueTransformer | undefined;

  constructor(keys: KeySpace, mediaType: StorageMediaType, transformer?: ValueTransformer) {
    this.keys = keys;
    this.#mediaType = mediaType;
    this.#transformer = transformer;
  }

  /** @throws StoreError */
  encode(key: string, object: KubeObject): Buffer {
    const value = encodeValue(object, this.#mediaType);
    return this.#transformer?.toStorage(key, value, this.keys.toEtcd(key).toString()).bytes ?? value;
  }

  /** The value is decoded when the object is first asked for: one that cannot be read harms only those who want it. */
  entryOf(key: string, kv: KeyValue, encoded: EncodedBytes): StoredEntry {
    const { modRevision: revision, createRevision, value } = kv;
    const facts = { key, revision, createRevision, expiresAtMs: 0 };
    const entry = StoredEntry.ofValue(facts, encoded, () => {
      if (this.#transformer === undefined) return decodeValue(key, value, revision);
      const read = this.#transformer.fromStorage(key, value, kv.key.toString());
      entry.form = read.form;
      return decodeValue(key, read.value, revision);
    });
    return entry;
  }

  /** @param newest what the key held before */
  eventOf(
    { type, kv }: WatchAnswer["events"][number],
    newest: (key: string) => StoredEntry | undefined,
    encoded: EncodedBytes,
  ): StoredEvent | undefined {
    const key = this.keys.fromEtcd(kv.key);
    if (key === undefined) return undefined;
    const revision = kv.modRevision;
    const previous = newest(key);
    if (type === "PUT") {
      return { type: "put", key, revision, entry: this.entryOf(key, kv, encoded), ...(previous && { previous }) };
    }
    if (previous === undefined) throw new Error(`revision ${revision} deletes ${key}, which was not there`);
    return { type: "delete", key, revision, entry: lastVersion(previous, revision, encoded), previous };
  }
}

/** A deleted entry as watchers see it: as it was, with the revision of the deletion. */
function lastVersion(previous: StoredEntry, revision: Revision, encoded: EncodedBytes): StoredEntry {
  const facts = { key: previous.key, revision, createRevision: previous.createRevision, expiresAtMs: 0 };
  return StoredEntry.ofValue(facts, encoded, () => {
    const last = previous.object;
    return { ...last, metadata: { ...last.metadata, resourceVersion: String(revision) } };
  });
}
