import type { ResourceKind } from "../../api/kinds/index.ts";
import type { Clock } from "../../host/index.ts";
import type { Entry, Revision, Snapshot, Store, StoreEvent } from "../../store/index.ts";
import type { HandlerContext } from "./context.ts";
import { collectionPrefix } from "./keys.ts";
import { fieldValue, type Selection } from "./selection.ts";

/** While an index is made, others get a turn after so many objects. */
const builtAtOnce = 200;
/** How often an index and a snapshot are tried to be had of one revision; after that all objects are looked at. */
const attemptsMax = 3;

/** What of a collection can match, and the state it is of. */
export interface Candidates {
  readonly snapshot: Snapshot;
  /** In key order. */
  readonly entries: readonly Entry[];
}

/**
 * The objects that have the one value of a hot field that the selection demands (pods of a node), without a look at the
 * others: thousands of kubelets each ask for their own among 150,000. Undefined when the selection has no such field, or is
 * about one namespace only.
 */
export async function candidates(
  ctx: HandlerContext,
  kind: ResourceKind,
  selection: Selection,
  prefix: string,
): Promise<Candidates | undefined> {
  const { route } = selection;
  if (route === undefined || prefix !== collectionPrefix(kind, undefined)) return undefined;
  const index = indexOf(ctx.store, kind, route.field, prefix, ctx.host.clock);
  await index.ready;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const snapshot = await ctx.store.list(prefix);
    if (index.revision > snapshot.revision) continue;
    const entries = index.keysOf(route.value).flatMap((key) => entryAt(snapshot, key) ?? []);
    return { snapshot, entries };
  }
  return undefined;
}

/** The entry of exactly this key. */
export function entryAt(snapshot: Snapshot, key: string): Entry | undefined {
  for (const entry of snapshot.entries(justBefore(key))) return entry.key === key ? entry : undefined;
  return undefined;
}

/** A key right before the given one: no key that names an object lies between them. */
function justBefore(key: string): string {
  const last = key.length - 1;
  return `${key.slice(0, last)}${String.fromCharCode(key.charCodeAt(last) - 1)}\uffff`;
}

/** Keys of a collection by the value of one field, made when first asked for and kept up to date from then on. */
class FieldIndex {
  readonly ready: Promise<void>;
  /** The newest change that it knows; the collection itself may not have changed since. */
  revision: Revision = 0;
  readonly #keys = new Map<string, Set<string>>();
  readonly #readValue: (entry: Entry) => string;
  /** Changes that came while it was made. */
  #waiting: StoreEvent[] | undefined = [];

  constructor(store: Store, prefix: string, readValue: (entry: Entry) => string, clock: Clock, onEnd: () => void) {
    this.#readValue = readValue;
    this.ready = this.#build(store, prefix, clock, onEnd);
    this.ready.catch(onEnd); // whoever waits for it is told
  }

  keysOf(value: string): string[] {
    return [...(this.#keys.get(value) ?? [])].sort();
  }

  async #build(store: Store, prefix: string, clock: Clock, onEnd: () => void): Promise<void> {
    const snapshot = await store.list(prefix);
    store.watch(prefix, snapshot.revision, { events: (batch) => this.#take(batch), closed: onEnd });
    this.revision = Math.max(this.revision, snapshot.revision);
    let built = 0;
    for (const entry of snapshot.entries()) {
      this.#add(entry);
      if (++built % builtAtOnce === 0) await new Promise<void>((resolve) => clock.setTimer(0, resolve));
    }
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const event of waiting) this.#apply(event);
  }

  #take(batch: readonly StoreEvent[]): void {
    this.revision = batch.at(-1)?.revision ?? this.revision;
    for (const event of batch) {
      if (this.#waiting === undefined) this.#apply(event);
      else this.#waiting.push(event);
    }
  }

  #apply({ type, entry, previous }: StoreEvent): void {
    if (previous !== undefined) this.#remove(previous);
    if (type === "put") this.#add(entry);
  }

  #add(entry: Entry): void {
    const value = this.#readValue(entry);
    const keys = this.#keys.get(value);
    if (keys === undefined) this.#keys.set(value, new Set([entry.key]));
    else keys.add(entry.key);
  }

  #remove(entry: Entry): void {
    const value = this.#readValue(entry);
    const keys = this.#keys.get(value);
    keys?.delete(entry.key);
    if (keys?.size === 0) this.#keys.delete(value);
  }
}

const indexes = new WeakMap<Store, Map<string, FieldIndex>>();

function indexOf(store: Store, kind: ResourceKind, field: string, prefix: string, clock: Clock): FieldIndex {
  let ofStore = indexes.get(store);
  if (ofStore === undefined) {
    ofStore = new Map();
    indexes.set(store, ofStore);
  }
  const name = `${prefix} ${field}`;
  let index = ofStore.get(name);
  if (index === undefined) {
    const readValue = (entry: Entry) => fieldValue(kind, entry.object, field);
    const made = new FieldIndex(store, prefix, readValue, clock, () => {
      if (ofStore.get(name) === made) ofStore.delete(name);
    });
    index = made;
    ofStore.set(name, index);
  }
  return index;
}
