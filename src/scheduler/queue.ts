import type { Pod } from "../api/types/index.ts";
import type { Clock, Timer } from "../host/index.ts";
import type { ClusterEvent } from "./framework.ts";

/** A pod that waits for a node. */
export interface QueuedPod {
  readonly key: string;
  readonly pod: Pod;
  /** When it first came to the queue, ms since the epoch: the tie-break among equal priorities. */
  readonly queuedAt: number;
  /** Rises with every pod that comes: who came first among those of one millisecond. */
  readonly turn: number;
  readonly attempts: number;
  /** Plugins that refused it last time. */
  readonly refusedBy: ReadonlySet<string>;
}

/** The original's defaults: back-off 1 s doubling to 10 s, and another try after 5 minutes whatever happened. */
const backoffInitialMs = 1000;
const backoffMaxMs = 10_000;
const unschedulableMaxMs = 5 * 60_000;

/**
 * Pods that need a node: active ones by priority and age, ones that back off after a failure, and unschedulable ones
 * that wait for an event that can help them (KEP-4247). Only the scheduler's loop takes from it.
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #onActive: () => void;
  /** Which events help a pod that a plugin refused. */
  readonly #wakesOn: ReadonlyMap<string, readonly ClusterEvent[]>;
  readonly #active = new PriorityHeap();
  readonly #backingOff = new Map<string, { entry: QueuedPod; timer: Timer }>();
  readonly #unschedulable = new Map<string, { entry: QueuedPod; failedAt: number; timer: Timer }>();
  /** Events seen while a pod is in its cycle: they may come too late for what the cycle read. */
  readonly #inFlight = new Map<string, Set<ClusterEvent>>();
  #turns = 0;

  constructor(clock: Clock, wakesOn: ReadonlyMap<string, readonly ClusterEvent[]>, onActive: () => void) {
    this.#clock = clock;
    this.#wakesOn = wakesOn;
    this.#onActive = onActive;
  }

  get sizes(): { active: number; backoff: number; unschedulable: number } {
    return { active: this.#active.size, backoff: this.#backingOff.size, unschedulable: this.#unschedulable.size };
  }

  /** A pod that needs a node appeared, or its spec or labels changed: it is tried at once. */
  add(key: string, pod: Pod): void {
    const old = this.remove(key);
    const { queuedAt, turn } = old ?? { queuedAt: this.#clock.now(), turn: this.#turns++ };
    this.#activate({ key, pod, queuedAt, turn, attempts: 0, refusedBy: none });
  }

  /** A change that cannot make the pod schedulable (its status): the newer version is kept. */
  refresh(key: string, pod: Pod): void {
    const active = this.#active.get(key);
    if (active) this.#active.push({ ...active, pod });
    const backingOff = this.#backingOff.get(key);
    if (backingOff) backingOff.entry = { ...backingOff.entry, pod };
    const waiting = this.#unschedulable.get(key);
    if (waiting) waiting.entry = { ...waiting.entry, pod };
  }

  remove(key: string): QueuedPod | undefined {
    const backingOff = this.#backingOff.get(key);
    backingOff?.timer.cancel();
    this.#backingOff.delete(key);
    const waiting = this.#unschedulable.get(key);
    waiting?.timer.cancel();
    this.#unschedulable.delete(key);
    return this.#active.remove(key) ?? backingOff?.entry ?? waiting?.entry;
  }

  /** The next pod to try; call done(), retry() or unschedulable() for it afterwards. */
  pop(): QueuedPod | undefined {
    const entry = this.#active.pop();
    if (!entry) return undefined;
    this.#inFlight.set(entry.key, new Set());
    return { ...entry, attempts: entry.attempts + 1 };
  }

  done(key: string): void {
    this.#inFlight.delete(key);
  }

  /** The attempt failed for a reason outside the pod (binding refused): again after its back-off. */
  retry(entry: QueuedPod): void {
    this.#inFlight.delete(entry.key);
    this.#backOff(entry, backoffMs(entry.attempts));
  }

  /** No node fits: waits for an event that helps one of the plugins that refused it. */
  unschedulable(entry: QueuedPod): void {
    const missed = this.#inFlight.get(entry.key);
    this.#inFlight.delete(entry.key);
    if (missed && [...missed].some((event) => this.#helps(entry, event))) {
      this.retry(entry);
      return;
    }
    const failedAt = this.#clock.now();
    const timer = this.#clock.setTimer(unschedulableMaxMs, () => this.#wake(entry.key));
    this.#unschedulable.set(entry.key, { entry, failedAt, timer });
  }

  /** Something changed in the cluster: pods that it can help are tried again, after what is left of their back-off. */
  event(event: ClusterEvent, concerns: (pod: Pod) => boolean = everyPod): void {
    for (const seen of this.#inFlight.values()) seen.add(event);
    for (const [key, { entry }] of this.#unschedulable) {
      if (this.#helps(entry, event) && concerns(entry.pod)) this.#wake(key);
    }
  }

  close(): void {
    for (const key of [...this.#backingOff.keys(), ...this.#unschedulable.keys()]) this.remove(key);
  }

  #helps(entry: QueuedPod, event: ClusterEvent): boolean {
    if (entry.refusedBy.size === 0) return true;
    for (const plugin of entry.refusedBy) if (this.#wakesOn.get(plugin)?.includes(event)) return true;
    return false;
  }

  #wake(key: string): void {
    const waiting = this.#unschedulable.get(key);
    if (!waiting) return;
    waiting.timer.cancel();
    this.#unschedulable.delete(key);
    const left = waiting.failedAt + backoffMs(waiting.entry.attempts) - this.#clock.now();
    if (left <= 0) this.#activate(waiting.entry);
    else this.#backOff(waiting.entry, left);
  }

  #backOff(entry: QueuedPod, ms: number): void {
    const timer = this.#clock.setTimer(ms, () => {
      const current = this.#backingOff.get(entry.key);
      this.#backingOff.delete(entry.key);
      if (current) this.#activate(current.entry);
    });
    this.#backingOff.set(entry.key, { entry, timer });
  }

  #activate(entry: QueuedPod): void {
    this.#active.push(entry);
    this.#onActive();
  }
}

const none: ReadonlySet<string> = new Set();
const everyPod = (): boolean => true;

function backoffMs(attempts: number): number {
  return Math.min(backoffMaxMs, backoffInitialMs * 2 ** Math.max(0, attempts - 1));
}

/** PrioritySort: higher priority first, then first come first served. A binary heap that knows where each key is. */
class PriorityHeap {
  readonly #items: QueuedPod[] = [];
  readonly #positions = new Map<string, number>();

  get size(): number {
    return this.#items.length;
  }

  get(key: string): QueuedPod | undefined {
    const at = this.#positions.get(key);
    return at === undefined ? undefined : this.#items[at];
  }

  /** Adds, or replaces what has the same key. */
  push(entry: QueuedPod): void {
    const at = this.#positions.get(entry.key) ?? this.#items.length;
    this.#set(at, entry);
    this.#settle(at);
  }

  pop(): QueuedPod | undefined {
    const first = this.#items[0];
    return first && this.remove(first.key);
  }

  remove(key: string): QueuedPod | undefined {
    const at = this.#positions.get(key);
    if (at === undefined) return undefined;
    const removed = this.#items[at];
    const last = this.#items.pop();
    this.#positions.delete(key);
    if (last && last.key !== key) {
      this.#set(at, last);
      this.#settle(at);
    }
    return removed;
  }

  #settle(start: number): void {
    let at = start;
    for (let up = (at - 1) >> 1; at > 0 && this.#before(at, up); up = (at - 1) >> 1) {
      this.#swap(at, up);
      at = up;
    }
    for (;;) {
      let best = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (this.#before(child, best)) best = child;
      if (best === at) return;
      this.#swap(at, best);
      at = best;
    }
  }

  #before(a: number, b: number): boolean {
    const x = this.#items[a];
    const y = this.#items[b];
    if (!x || !y) return false;
    const byPriority = (y.pod.spec?.priority ?? 0) - (x.pod.spec?.priority ?? 0);
    return (byPriority || x.turn - y.turn) < 0;
  }

  #set(at: number, entry: QueuedPod): void {
    this.#items[at] = entry;
    this.#positions.set(entry.key, at);
  }

  #swap(a: number, b: number): void {
    const x = this.#items[a];
    const y = this.#items[b];
    if (!x || !y) return;
    this.#set(a, y);
    this.#set(b, x);
  }
}
