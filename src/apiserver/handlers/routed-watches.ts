import type { KubeObject } from "../../api/meta/index.ts";
import type { Revision, Store, StoreEvent, Subscription, WatchSink } from "../../store/index.ts";

/** How events of a collection find the watchers that demand one value of a field. */
export interface Route {
  readonly prefix: string;
  readonly field: string;
  readonly value: string;
  valueOf(object: KubeObject): string;
}

interface Routed {
  readonly sink: WatchSink;
  active: boolean;
}

/** One subscription to the store, for all watchers of one collection that select by one field. */
interface Hub {
  readonly subscription: Subscription;
  readonly byValue: Map<string, Set<Routed>>;
}

/**
 * Thousands of nodes each watch the pods that are theirs. Each event is looked at once and handed to the few it is for,
 * so that its cost does not grow with the number of nodes.
 */
export class RoutedWatches {
  readonly #store: Store;
  readonly #hubs = new Map<string, Hub>();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * As Store.watch, for the events in which the field has the value before or after the change. An event may come twice
   * when a watch begins inside another's delivery: the sink knows by its revision.
   */
  watch(route: Route, after: Revision, sink: WatchSink): Subscription {
    // The past comes at once and synchronously; from then on the hub tells.
    this.#store.watch(route.prefix, after, sink).cancel();
    const hub = this.#hub(route);
    const routed: Routed = { sink, active: true };
    const members = hub.byValue.get(route.value) ?? new Set();
    hub.byValue.set(route.value, members.add(routed));
    return { cancel: () => this.#leave(route, hub, routed) };
  }

  #hub(route: Route): Hub {
    const key = keyOf(route);
    const known = this.#hubs.get(key);
    if (known !== undefined) return known;
    const byValue = new Map<string, Set<Routed>>();
    const subscription = this.#store.watch(route.prefix, this.#store.revision, {
      events: (batch) => deliver(byValue, route, batch),
      closed: (why) => {
        this.#hubs.delete(key);
        for (const members of byValue.values()) for (const { sink, active } of members) if (active) sink.closed(why);
      },
    });
    const hub = { subscription, byValue };
    this.#hubs.set(key, hub);
    return hub;
  }

  #leave(route: Route, hub: Hub, routed: Routed): void {
    if (!routed.active) return;
    routed.active = false;
    const members = hub.byValue.get(route.value);
    members?.delete(routed);
    if (members?.size === 0) hub.byValue.delete(route.value);
    if (hub.byValue.size > 0) return;
    hub.subscription.cancel();
    if (this.#hubs.get(keyOf(route)) === hub) this.#hubs.delete(keyOf(route));
  }
}

function keyOf({ prefix, field }: Route): string {
  return `${prefix} ${field}`;
}

function deliver(byValue: ReadonlyMap<string, Set<Routed>>, route: Route, batch: readonly StoreEvent[]): void {
  const shares = new Map<Set<Routed>, StoreEvent[]>();
  const give = (value: string, event: StoreEvent) => {
    const members = byValue.get(value);
    if (members === undefined) return;
    const share = shares.get(members);
    if (share === undefined) shares.set(members, [event]);
    else if (share[share.length - 1] !== event) share.push(event);
  };
  for (const event of batch) {
    give(route.valueOf(event.entry.object), event);
    if (event.previous !== undefined) give(route.valueOf(event.previous.object), event);
  }
  for (const [members, share] of shares) {
    for (const { sink, active } of [...members]) if (active) sink.events(share);
  }
}

const registries = new WeakMap<Store, RoutedWatches>();

/** The one registry of a store. */
export function routedWatches(store: Store): RoutedWatches {
  let found = registries.get(store);
  if (found === undefined) {
    found = new RoutedWatches(store);
    registries.set(store, found);
  }
  return found;
}
