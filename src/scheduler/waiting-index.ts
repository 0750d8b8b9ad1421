import type { ClusterEventKind, QueueingHints } from "./events.ts";
import type { PodInfo } from "./pod-info.ts";
import type { QueuedPod } from "./queued-pod.ts";

type Kind = ClusterEventKind | "any";

/** Which waiting pods an event is of interest to, by the hints of the plugins that refused them: nobody else is asked. */
export class WaitingIndex {
  readonly #hintsOf: (info: PodInfo) => ReadonlyMap<string, QueueingHints>;
  readonly #byKind = new Map<Kind, Set<string>>();

  constructor(hintsOf: (info: PodInfo) => ReadonlyMap<string, QueueingHints>) {
    this.#hintsOf = hintsOf;
  }

  add(entry: QueuedPod): void {
    for (const kind of this.#kindsOf(entry)) {
      const keys = this.#byKind.get(kind);
      if (keys) keys.add(entry.key);
      else this.#byKind.set(kind, new Set([entry.key]));
    }
  }

  remove(entry: QueuedPod): void {
    for (const kind of this.#kindsOf(entry)) this.#byKind.get(kind)?.delete(entry.key);
  }

  /** Keys as they are now: pods may be removed while the answer is walked. */
  keysFor(kind: ClusterEventKind): readonly string[] {
    const interested = this.#byKind.get(kind) ?? none;
    const always = this.#byKind.get("any") ?? none;
    return interested.size + always.size === 0 ? nobody : [...interested, ...always];
  }

  #kindsOf({ info, refusedBy }: QueuedPod): Iterable<Kind> {
    if (refusedBy.size === 0) return any;
    const hints = this.#hintsOf(info);
    const kinds = new Set<Kind>();
    for (const plugin of refusedBy) {
      const own = hints.get(plugin);
      if (own === undefined) return any;
      for (const kind in own) kinds.add(kind as ClusterEventKind);
    }
    return kinds;
  }
}

const any: readonly Kind[] = ["any"];
const none: ReadonlySet<string> = new Set();
const nobody: readonly string[] = [];
