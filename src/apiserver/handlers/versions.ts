import type { ResourceKind } from "../../api/kinds/index.ts";
import { type GroupKind, type KubeObject, parseApiVersion } from "../../api/meta/index.ts";
import type { Entry } from "../../store/index.ts";

/** Stored objects in the other versions that asked for them; as immutable as their originals. */
const served = new WeakMap<KubeObject, Map<ResourceKind, KubeObject>>();

/** The stored object in the version of `kind`: itself where that is the stored version. */
export function fromStorage(kind: ResourceKind, stored: KubeObject): KubeObject {
  if (kind.conversion === undefined) return stored;
  let versions = served.get(stored);
  if (versions === undefined) {
    versions = new Map();
    served.set(stored, versions);
  }
  let object = versions.get(kind);
  if (object === undefined) {
    object = kind.conversion.fromStorage(stored);
    versions.set(kind, object);
  }
  return object;
}

/** The draft as it is stored. The draft must not be used afterwards. */
export function toStorage(kind: ResourceKind, draft: KubeObject): KubeObject {
  return kind.conversion === undefined ? draft : kind.conversion.toStorage(draft);
}

/** The kind that messages about an invalid object name: of the group that owns it, whichever group it was sent to. */
export function ownKind(kind: ResourceKind): GroupKind {
  const { group } = kind.storageApiVersion === undefined ? kind : parseApiVersion(kind.storageApiVersion);
  return { group, kind: kind.kind };
}

/** A stored version as it is answered: with its entry when the bytes can be shared. */
export function answered(kind: ResourceKind, entry: Entry): { object: KubeObject; entry?: Entry } {
  const stored = entry.object;
  if (kind.conversion?.isKept?.(entry.revision)) return { object: stored, entry };
  const object = fromStorage(kind, stored);
  return object === stored ? { object, entry } : { object };
}

/** As `answered`, for many: what is only sent as its stored bytes is not parsed. */
export function listed(kind: ResourceKind, entry: Entry): { readonly object: KubeObject; readonly entry?: Entry } {
  const { conversion } = kind;
  const isShared = conversion === undefined || conversion.isKept?.(entry.revision);
  return isShared ? new StoredItem(entry) : answered(kind, entry);
}

class StoredItem {
  readonly entry: Entry;
  constructor(entry: Entry) {
    this.entry = entry;
  }
  get object(): KubeObject {
    return this.entry.object;
  }
}
