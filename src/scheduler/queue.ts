import type { Clock, Timer } from "../host/index.ts";
import { type ClusterEvent, type ClusterEventKind, eventHelps, type QueueingHints } from "./events.ts";
import type { PreEnqueuePlugin } from "./framework.ts";
import { KeyedHeap } from "./keyed-heap.ts";
import type { PodInfo } from "./pod-info.ts";
import type { QueuedPod } from "./queued-pod.ts";
import { WaitingIndex } from "./waiting-index.ts";

/** What the queue needs to know of a pod's profile. */
export interface QueueProfile {
  readonly preEnqueues: readonly PreEnqueuePlugin[];
  /** What helps a pod that a plugin refused, by plugin name; a plugin that is not there waits for any event. */
  readonly hints: ReadonlyMap<string, QueueingHints>;
}

/** Which queue pods enter and why; the labels of scheduler_queue_incoming_pods_total. */
export type Incoming = (queue: "active" | "backoff" | "unschedulable" | "gated", why: IncomingReason) => void;
export type IncomingReason =
  | ClusterEventKind
  | "pod-added"
  | "pod-updated"
  | "attempt-failed"
  | "backoff-complete"
  | "unschedulable-timeout"
  | "recheck";

export interface QueueOptions {
  readonly clock: Clock;
  /** QueueSort. */
  readonly compare: (a: QueuedPod, b: QueuedPod) => number;
  readonly profileOf: (info: PodInfo) => QueueProfile;
  /** There may be a pod to pop. */
  readonly onActive: () => void;
  readonly onIncoming?: Incoming;
  /** Default 1 s, doubling to 10 s. */
  readonly backoffInitialMs?: number;
  readonly backoffMaxMs?: number;
}

interface BackingOff {
  readonly key: string;
  readonly entry: QueuedPod;
  readonly until: number;
  readonly timer: Timer;
}

interface Unschedulable {
  readonly entry: QueuedPod;
  readonly failedAt: number;
  readonly timer: Timer;
}

const backoffInitialMsDefault = 1000;
const backoffMaxMsDefault = 10_000;
/** Another try after 5 minutes, whatever happened. */
const unschedulableMaxMs = 5 * 60_000;
/** Pods whose back-off ends within the same second come out by importance. */
const backoffWindowMs = 1000;

/**
 * Pods that need a node: active ones in the order of QueueSort, ones that back off after a failure, unschedulable ones
 * that wait for an event that can help them (KEP-4247), and gated ones that PreEnqueue holds back. When nothing is
 * active, what backs off because no node fitted is tried before its time (KEP-5142). Only the scheduler's loop takes from it.
 */
export class SchedulingQueue {
  readonly #options: QueueOptions;
  readonly #active: KeyedHeap<QueuedPod>;
  readonly #backingOff: KeyedHeap<BackingOff>;
  /** After a failure outside the pod (the API server, a plugin's error): not before its time. */
  readonly #afterError = new Map<string, BackingOff>();
  readonly #unschedulable = new Map<string, Unschedulable>();
  readonly #gated = new Map<string, QueuedPod>();
  readonly #waiting: WaitingIndex;
  /** Events since the oldest pod in flight was popped: they may come too late for what its cycle read. */
  #log: ClusterEvent[] = [];
  /** By pod key where in all events ever logged its cycle began; oldest first. */
  readonly #inFlight = new Map<string, number>();
  #logStart = 0;
  /** Pods that changed while their cycle ran: it may have read what they were before. */
  readonly #changedInFlight = new Set<string>();
  #turns = 0;

  constructor(options: QueueOptions) {
    const { compare } = options;
    this.#options = options;
    this.#active = new KeyedHeap(compare);
    const window = ({ until }: BackingOff) => Math.floor(until / backoffWindowMs);
    this.#backingOff = new KeyedHeap((a, b) => window(a) - window(b) || compare(a.entry, b.entry));
    this.#waiting = new WaitingIndex((info) => options.profileOf(info).hints);
  }

  get sizes(): { active: number; backoff: number; unschedulable: number; gated: number } {
    return {
      active: this.#active.size,
      backoff: this.#backingOff.size + this.#afterError.size,
      unschedulable: this.#unschedulable.size,
      gated: this.#gated.size,
    };
  }

  /** A pod that needs a node appeared, or changed in what decides where it fits: it is tried, after what is left of its back-off. */
  add(info: PodInfo): void {
    const { key } = info;
    const unschedulable = this.#unschedulable.get(key);
    if (this.#inFlight.has(key)) {
      this.#changedInFlight.add(key);
    } else if (this.#active.get(key) || this.#backingOff.get(key) || this.#afterError.get(key)) {
      this.refresh(info);
    } else if (unschedulable) {
      this.refresh(info);
      this.#wake(key, "pod-updated");
    } else {
      const old = this.remove(key);
      const { queuedAt, turn, attempts } = old ?? {
        queuedAt: this.#options.clock.now(),
        turn: this.#turns++,
        attempts: 0,
      };
      this.#enqueue({ key, info, queuedAt, turn, attempts, refusedBy: nobody }, old ? "pod-updated" : "pod-added");
    }
  }

  /** A change that cannot make the pod schedulable (its status): the newer version is kept. */
  refresh(info: PodInfo): void {
    const { key } = info;
    const active = this.#active.get(key);
    if (active) this.#active.push({ ...active, info });
    const backingOff = this.#backingOff.get(key);
    if (backingOff) this.#backingOff.push({ ...backingOff, entry: { ...backingOff.entry, info } });
    const afterError = this.#afterError.get(key);
    if (afterError) this.#afterError.set(key, { ...afterError, entry: { ...afterError.entry, info } });
    const waiting = this.#unschedulable.get(key);
    if (waiting) this.#unschedulable.set(key, { ...waiting, entry: { ...waiting.entry, info } });
    const gated = this.#gated.get(key);
    if (gated) this.#gated.set(key, { ...gated, info });
  }

  remove(key: string): QueuedPod | undefined {
    const backingOff = this.#backingOff.remove(key) ?? this.#afterError.get(key);
    backingOff?.timer.cancel();
    this.#afterError.delete(key);
    const unschedulable = this.#leaveUnschedulable(key);
    const gated = this.#gated.get(key);
    if (gated) this.#waiting.remove(gated);
    this.#gated.delete(key);
    return this.#active.remove(key) ?? backingOff?.entry ?? unschedulable?.entry ?? gated;
  }

  /** The next pod to try; call done(), retry() or unschedulable() for it afterwards. */
  pop(): QueuedPod | undefined {
    const entry = this.#active.pop() ?? this.#popBackingOff();
    if (!entry) return undefined;
    this.#inFlight.set(entry.key, this.#logStart + this.#log.length);
    return { ...entry, attempts: entry.attempts + 1 };
  }

  /** Pops also all others that pass the test and that PreEnqueue does not hold back: their turn is now. Walks the queue. */
  popAll(test: (info: PodInfo) => boolean): QueuedPod[] {
    const active = this.#active.values().filter(({ info }) => test(info));
    const backingOff = this.#backingOff.values().filter(({ entry }) => test(entry.info));
    const waiting = [...this.#unschedulable.values()].filter(({ entry }) => test(entry.info));
    const waitingEntries = [...backingOff, ...waiting].map(({ entry }) => entry);
    return [...active, ...waitingEntries].map((entry) => {
      this.remove(entry.key);
      this.#inFlight.set(entry.key, this.#logStart + this.#log.length);
      return { ...entry, attempts: entry.attempts + 1 };
    });
  }

  done(key: string): void {
    this.#inFlight.delete(key);
    this.#changedInFlight.delete(key);
    this.#trimLog();
  }

  /** The attempt failed for a reason outside the pod (binding refused): again after its back-off. */
  retry(entry: QueuedPod): void {
    this.done(entry.key);
    const until = this.#options.clock.now() + this.#backoffMs(entry);
    this.#backOff({ ...entry, refusedBy: nobody }, until, "attempt-failed", true);
  }

  /** No node fits: waits for an event that helps one of the plugins that refused it. */
  unschedulable(entry: QueuedPod): void {
    const { key } = entry;
    const from = this.#inFlight.get(key);
    const missed = from === undefined ? [] : this.#log.slice(from - this.#logStart);
    const hasChanged = this.#changedInFlight.has(key);
    this.done(key);
    const { clock } = this.#options;
    if (hasChanged || missed.some((event) => this.#helps(entry, event))) {
      this.#backOff(entry, clock.now() + this.#backoffMs(entry), "attempt-failed", false);
      return;
    }
    const timer = clock.setTimer(unschedulableMaxMs, () => this.#wake(key, "unschedulable-timeout"));
    this.#unschedulable.set(key, { entry, failedAt: clock.now(), timer });
    this.#waiting.add(entry);
    this.#options.onIncoming?.("unschedulable", "attempt-failed");
  }

  /** Something changed in the cluster: pods that it can help are tried again, after what is left of their back-off. */
  event(event: ClusterEvent): void {
    if (this.#inFlight.size > 0) this.#log.push(event);
    for (const key of this.#waiting.keysFor(event.kind)) {
      const gated = this.#gated.get(key);
      const entry = gated ?? this.#unschedulable.get(key)?.entry;
      if (!entry || !this.#helps(entry, event)) continue;
      if (gated) this.#recheck(key, event.kind);
      else this.#wake(key, event.kind);
    }
  }

  /** PreEnqueue is asked again about every gated pod. */
  recheckGated(): void {
    for (const key of [...this.#gated.keys()]) this.#recheck(key, "recheck");
  }

  close(): void {
    for (const key of [...this.#backingOff.values().map(keyOf), ...this.#afterError.keys()]) this.remove(key);
    for (const key of [...this.#unschedulable.keys()]) this.remove(key);
  }

  #recheck(key: string, why: IncomingReason): void {
    const entry = this.remove(key);
    if (entry) this.#enqueue(entry, why);
  }

  /** To the active queue, unless a PreEnqueue plugin objects. */
  #enqueue(entry: QueuedPod, why: IncomingReason): void {
    const { preEnqueues } = this.#options.profileOf(entry.info);
    const gate = preEnqueues.find((plugin) => plugin.preEnqueue(entry.info) !== undefined);
    if (gate === undefined) {
      this.#activate(entry, why);
      return;
    }
    const gated = { ...entry, refusedBy: new Set([gate.name]) };
    this.#gated.set(entry.key, gated);
    this.#waiting.add(gated);
    this.#options.onIncoming?.("gated", why);
  }

  #helps(entry: QueuedPod, event: ClusterEvent): boolean {
    const { hints } = this.#options.profileOf(entry.info);
    if (entry.refusedBy.size === 0) return true;
    for (const plugin of entry.refusedBy) {
      const hint = hints.get(plugin);
      if (hint === undefined || eventHelps(hint, entry.info, event)) return true;
    }
    return false;
  }

  #wake(key: string, why: IncomingReason): void {
    const waiting = this.#leaveUnschedulable(key);
    if (!waiting) return;
    const until = waiting.failedAt + this.#backoffMs(waiting.entry);
    if (until <= this.#options.clock.now()) this.#enqueue(waiting.entry, why);
    else this.#backOff(waiting.entry, until, why, false);
  }

  #leaveUnschedulable(key: string): Unschedulable | undefined {
    const waiting = this.#unschedulable.get(key);
    if (!waiting) return undefined;
    waiting.timer.cancel();
    this.#waiting.remove(waiting.entry);
    this.#unschedulable.delete(key);
    return waiting;
  }

  #backOff(entry: QueuedPod, until: number, why: IncomingReason, afterError: boolean): void {
    const { clock, onIncoming, onActive } = this.#options;
    const { key } = entry;
    const timer = clock.setTimer(until - clock.now(), () => this.#recheck(key, "backoff-complete"));
    const item = { key, entry, until, timer };
    if (afterError) this.#afterError.set(key, item);
    else this.#backingOff.push(item);
    onIncoming?.("backoff", why);
    if (!afterError) onActive();
  }

  #popBackingOff(): QueuedPod | undefined {
    for (;;) {
      const next = this.#backingOff.pop();
      if (!next) return undefined;
      next.timer.cancel();
      const { preEnqueues } = this.#options.profileOf(next.entry.info);
      if (!preEnqueues.some((plugin) => plugin.preEnqueue(next.entry.info) !== undefined)) return next.entry;
      this.#enqueue(next.entry, "recheck");
    }
  }

  #activate(entry: QueuedPod, why: IncomingReason): void {
    this.#active.push(entry);
    this.#options.onIncoming?.("active", why);
    this.#options.onActive();
  }

  #backoffMs({ attempts }: QueuedPod): number {
    if (attempts === 0) return 0;
    const { backoffInitialMs = backoffInitialMsDefault, backoffMaxMs = backoffMaxMsDefault } = this.#options;
    return Math.min(backoffMaxMs, backoffInitialMs * 2 ** (attempts - 1));
  }

  /** Forgets events that no pod in flight can have missed. */
  #trimLog(): void {
    const [oldest = this.#logStart + this.#log.length] = this.#inFlight.values();
    const seen = oldest - this.#logStart;
    if (seen === 0 || (seen < this.#log.length && seen < logTrimMin)) return;
    this.#log = seen >= this.#log.length ? [] : this.#log.slice(seen);
    this.#logStart = oldest;
  }
}

const nobody: ReadonlySet<string> = new Set();
/** Trimming copies what stays: not for every few events. */
const logTrimMin = 256;
const keyOf = ({ key }: { readonly key: string }): string => key;
