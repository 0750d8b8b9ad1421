import type { ResourceKind } from "../../api/kinds/index.ts";
import { errors, formatApiVersion, type KubeObject, type Status, statusOf } from "../../api/meta/index.ts";
import type { Timer } from "../../host/index.ts";
import {
  CompactedError,
  type Entry,
  type Revision,
  type StoreEvent,
  type Subscription,
  type WatchSink,
} from "../../store/index.ts";
import type { WatchEvent, WatchEventSink, Watching } from "../request.ts";
import type { Call, HandlerContext } from "./context.ts";
import { candidates } from "./field-index.ts";
import { collectionPrefix } from "./keys.ts";
import { checkListOptions } from "./options.ts";
import { parseRevision, requireRevision } from "./revisions.ts";
import { routedWatches } from "./routed-watches.ts";
import { fieldValue, type Selection, selectionOf } from "./selection.ts";
import { answered } from "./versions.ts";

/** A watcher whose sink holds back more than this (bytes or events, as the sink counts) is cut off. */
export const watchBacklogMax = 32 * 1024 * 1024;
/** While a sink holds back more than this, the initial state waits. */
const initialBacklogMax = 1024 * 1024;
const initialBatchEventsMax = 1000;
const initialPauseMs = 5;
/** A watcher that does not take the initial state for so long is cut off. */
const initialStallMsMax = 60_000;
const bookmarkIntervalMs = 60_000;
/** A last bookmark goes out shortly before the end, so that the next watch starts close to it. */
const lastBookmarkBeforeEndMs = 2000;
const defaultTimeoutSecondsMin = 1800;

/** Watches a collection (or one object, by name). Errors about the past come as an ERROR event, as the original's. */
export async function watch(ctx: HandlerContext, call: Call, sink: WatchEventSink): Promise<Watching> {
  const { request, kind } = call;
  checkListOptions(request.options, true);
  const selection = selectionOf(kind, request);
  const wanted = parseRevision(request.options.resourceVersion);
  const run = new WatchRun(ctx, call, selection, sink);
  request.signal?.throwIfAborted();
  run.start(wanted);
  return run;
}

class WatchRun implements Watching {
  readonly #ctx: HandlerContext;
  readonly #call: Call;
  readonly #kind: ResourceKind;
  readonly #selection: Selection;
  readonly #sink: WatchEventSink;
  readonly #prefix: string;
  readonly #timers = new Set<Timer>();
  #subscription: Subscription | undefined;
  #delivered: Revision = 0;
  #isLive = false;
  #ended = false;
  readonly #onAbort = () => this.stop();

  constructor(ctx: HandlerContext, call: Call, selection: Selection, sink: WatchEventSink) {
    this.#ctx = ctx;
    this.#call = call;
    this.#kind = call.kind;
    this.#selection = selection;
    this.#sink = sink;
    this.#prefix = this.#watchedPrefix();
  }

  start(wanted: Revision | undefined): void {
    const { request } = this.#call;
    request.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#setTimeouts();
    const wantsState = request.options.sendInitialEvents ?? (wanted === undefined || wanted === 0);
    if (wantsState) void this.#begin(wanted);
    else this.#follow(wanted === undefined || wanted === 0 ? this.#ctx.store.revision : wanted);
  }

  stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#subscription?.cancel();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#call.request.signal?.removeEventListener("abort", this.#onAbort);
  }

  #end(): void {
    if (this.#ended) return;
    this.stop();
    this.#sink.end();
  }

  #fail(status: Status): void {
    if (this.#ended) return;
    this.#sink.events([{ type: "ERROR", status }]);
    this.#end();
  }

  /** One object's watch does not wake up for others of its collection. */
  #watchedPrefix(): string {
    const { request } = this.#call;
    const { name, namespace } = this.#selection;
    const prefix = collectionPrefix(this.#kind, request.namespace || namespace);
    const isOneCollection = !this.#kind.namespaced || Boolean(request.namespace || namespace);
    return name && isOneCollection ? `${prefix}${name}` : prefix;
  }

  async #begin(wanted: Revision | undefined): Promise<void> {
    const { store } = this.#ctx;
    try {
      await requireRevision(store, wanted);
      const found = await candidates(this.#ctx, this.#kind, this.#selection, this.#prefix);
      // With a resourceVersion any state from there on will do, as for a list.
      const at = wanted === undefined ? undefined : store.revision;
      const snapshot = found?.snapshot ?? (await store.list(this.#prefix, at));
      if (!(await this.#sendState(found?.entries ?? snapshot.entries()))) return;
      this.#delivered = snapshot.revision;
      if (this.#call.request.options.sendInitialEvents && this.#call.request.options.allowWatchBookmarks) {
        this.#sink.events([this.#bookmark(snapshot.revision, true)]);
      }
      this.#follow(snapshot.revision);
    } catch (err) {
      this.#fail(statusOf(err));
    }
  }

  /** False when the watch has ended meanwhile. */
  async #sendState(entries: Iterable<Entry>): Promise<boolean> {
    let batch: WatchEvent[] = [];
    for (const entry of entries) {
      const { object, entry: shared } = answered(this.#kind, entry);
      if (!this.#matches(object)) continue;
      batch.push({ type: "ADDED", object, entry: shared });
      if (batch.length < initialBatchEventsMax) continue;
      if (!(await this.#sendPaced(batch))) return false;
      batch = [];
    }
    return this.#sendPaced(batch);
  }

  async #sendPaced(batch: readonly WatchEvent[]): Promise<boolean> {
    if (this.#ended) return false;
    if (batch.length > 0) this.#sink.events(batch);
    const { clock } = this.#ctx.host;
    const stalledAt = clock.now() + initialStallMsMax;
    while (!this.#ended && (this.#sink.backlog?.() ?? 0) > initialBacklogMax) {
      if (clock.now() > stalledAt) {
        this.#end();
        return false;
      }
      await new Promise<void>((resolve) => clock.setTimer(initialPauseMs, resolve));
    }
    return !this.#ended;
  }

  #follow(after: Revision): void {
    if (this.#ended) return;
    this.#delivered = after;
    this.#isLive = true;
    try {
      const subscription = this.#subscribe(after, {
        events: (batch) => this.#forward(batch),
        closed: (why) => this.#closed(why),
      });
      if (this.#ended) subscription.cancel();
      else this.#subscription = subscription;
    } catch (err) {
      this.#fail(this.#expired(err, after));
    }
  }

  #subscribe(after: Revision, sink: WatchSink): Subscription {
    const { store } = this.#ctx;
    const { route } = this.#selection;
    if (route === undefined || after > store.revision) return store.watch(this.#prefix, after, sink);
    const readField = (object: KubeObject) => fieldValue(this.#kind, object, route.field);
    return routedWatches(store).watch({ ...route, prefix: this.#prefix, valueOf: readField }, after, sink);
  }

  #expired(err: unknown, after: Revision): Status {
    if (!(err instanceof CompactedError)) return statusOf(err);
    return errors.resourceExpired(`too old resource version: ${after} (${err.compacted})`).status;
  }

  #closed(why: Error): void {
    if (why instanceof CompactedError) this.#fail(this.#expired(why, this.#delivered));
    else this.#end();
  }

  #forward(batch: readonly StoreEvent[]): void {
    if (this.#ended) return;
    const events = this.#translateAll(batch);
    if (events.length === 0) return;
    this.#sink.events(events);
    if ((this.#sink.backlog?.() ?? 0) > watchBacklogMax) {
      this.#ctx.host.log.warn("cut off a slow watcher", { resource: this.#kind.resource });
      this.#end();
    }
  }

  #translateAll(batch: readonly StoreEvent[]): readonly WatchEvent[] {
    const known = this.#delivered; // a routed watch may be told twice
    const first = batch[0];
    if (this.#selection.isEmpty && first !== undefined && first.revision > known) {
      this.#delivered = batch[batch.length - 1]?.revision ?? known;
      return translateForAll(this.#kind, batch);
    }
    const events: WatchEvent[] = [];
    for (const event of batch) {
      if (event.revision <= known) continue;
      const translated = this.#translate(event);
      if (translated !== undefined) events.push(translated);
      this.#delivered = event.revision;
    }
    return events;
  }

  /** What an event is to a watcher that only sees what its selectors match. */
  #translate(event: StoreEvent): WatchEvent | undefined {
    if (this.#selection.isEmpty) return translatePlainly(this.#kind, event);
    const { object, entry } = answered(this.#kind, event.entry);
    const matches = this.#matches(object);
    if (event.type === "delete") return matches ? { type: "DELETED", object, entry } : undefined;
    if (event.previous === undefined) return matches ? { type: "ADDED", object, entry } : undefined;
    const matched = this.#matches(answered(this.#kind, event.previous).object);
    if (matches) return { type: matched ? "MODIFIED" : "ADDED", object, entry };
    return matched ? { type: "DELETED", object: departed(this.#kind, event, event.previous) } : undefined;
  }

  #matches(object: KubeObject): boolean {
    return this.#selection.isEmpty || this.#selection.matches(object);
  }

  #bookmark(revision: Revision, isInitialEnd: boolean): WatchEvent {
    const metadata: KubeObject["metadata"] = { resourceVersion: String(revision) };
    if (isInitialEnd) metadata.annotations = { "k8s.io/initial-events-end": "true" };
    return {
      type: "BOOKMARK",
      object: { kind: this.#kind.kind, apiVersion: formatApiVersion(this.#kind), metadata },
    };
  }

  #setTimeouts(): void {
    const { options } = this.#call.request;
    const requested = options.timeoutSeconds ?? 0;
    const seconds = requested > 0 ? requested : defaultTimeoutSecondsMin * (1 + this.#ctx.host.random.next());
    const timeoutMs = seconds * 1000;
    this.#after(timeoutMs, () => this.#end());
    if (!options.allowWatchBookmarks) return;
    this.#bookmarkEvery(bookmarkIntervalMs);
    const lastMs = timeoutMs - lastBookmarkBeforeEndMs;
    if (lastMs > 0) this.#after(lastMs, () => this.#sendBookmark());
  }

  #bookmarkEvery(ms: number): void {
    this.#after(ms, () => {
      this.#sendBookmark();
      this.#bookmarkEvery(ms);
    });
  }

  /** Everything up to the store's revision has been delivered: a commit is shown to watchers when it becomes visible. */
  #sendBookmark(): void {
    if (this.#isLive) this.#sink.events([this.#bookmark(Math.max(this.#delivered, this.#ctx.store.revision), false)]);
  }

  #after(ms: number, run: () => void): void {
    const timer = this.#ctx.host.clock.setTimer(ms, () => {
      this.#timers.delete(timer);
      if (!this.#ended) run();
    });
    this.#timers.add(timer);
  }
}

/** What an event is to a watcher that sees all of the collection. */
function translatePlainly(kind: ResourceKind, event: StoreEvent): WatchEvent {
  const { object, entry } = answered(kind, event.entry);
  if (event.type === "delete") return { type: "DELETED", object, entry };
  return { type: event.previous === undefined ? "ADDED" : "MODIFIED", object, entry };
}

/** The last batch and what it was made: the store hands the same one to all watchers of a collection, one after the other. */
let lastTranslated:
  | { readonly kind: ResourceKind; readonly batch: readonly StoreEvent[]; readonly events: readonly WatchEvent[] }
  | undefined;

function translateForAll(kind: ResourceKind, batch: readonly StoreEvent[]): readonly WatchEvent[] {
  if (lastTranslated?.batch === batch && lastTranslated.kind === kind) return lastTranslated.events;
  const events = batch.map((event) => translatePlainly(kind, event));
  lastTranslated = { kind, batch, events };
  return events;
}

/** Objects that left selectors, by the event: shared by all watchers that see the same departure. */
const departures = new WeakMap<StoreEvent, Map<ResourceKind, KubeObject>>();

/** An object that no longer matches is reported deleted: as it last matched, with the revision of the change. */
function departed(kind: ResourceKind, event: StoreEvent, previous: Entry): KubeObject {
  let byKind = departures.get(event);
  if (byKind === undefined) {
    byKind = new Map();
    departures.set(event, byKind);
  }
  let object = byKind.get(kind);
  if (object === undefined) {
    const before = answered(kind, previous).object;
    object = { ...before, metadata: { ...before.metadata, resourceVersion: String(event.revision) } };
    byKind.set(kind, object);
  }
  return object;
}
