import type { Host, Timer } from "../host/index.ts";
import { type QueueMetrics, queueMetrics } from "./work-queue-metrics.ts";

export interface WorkQueueOptions {
  /** Labels the queue's metrics. */
  readonly name: string;
  readonly host: Host;
  readonly backoff?: Backoff;
}

/** Delay before the next try after `failures` failures (0 for the first). */
export type Backoff = (failures: number) => number;

const firstRetryDelayMs = 5;
const longestRetryDelayMs = 1_000_000;

/** Doubles from `firstMs` up to `longestMs`. */
export function exponentialBackoff(firstMs = firstRetryDelayMs, longestMs = longestRetryDelayMs): Backoff {
  return (failures) => Math.min(firstMs * 2 ** Math.min(failures, 40), longestMs);
}

interface Delayed {
  readonly at: number;
  readonly timer: Timer;
}

/**
 * Keys that wait for work. A key waits at most once, and is never handed out while it is being worked on: added
 * meanwhile, it comes up again when that work is done.
 */
export class WorkQueue {
  readonly #host: Host;
  readonly #backoff: Backoff;
  readonly #metrics: QueueMetrics;
  /** Waiting keys, first in first out, with the time they were added. */
  readonly #waiting = new Map<string, number>();
  readonly #working = new Map<string, number>();
  /** Added while being worked on. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;
  #drained: (() => void) | undefined;

  constructor(options: WorkQueueOptions) {
    this.#host = options.host;
    this.#backoff = options.backoff ?? exponentialBackoff();
    this.#metrics = queueMetrics(options.host, options.name, () => this.#working.values());
  }

  get length(): number {
    return this.#waiting.size;
  }

  /** Whether nothing waits, is delayed or is worked on. */
  get idle(): boolean {
    return this.#waiting.size === 0 && this.#working.size === 0 && this.#delayed.size === 0;
  }

  add(key: string): void {
    if (this.#closed || this.#waiting.has(key) || this.#again.has(key)) return;
    this.#metrics.adds.inc();
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#enqueue(key);
  }

  /** Adds the key later; of several delays the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const at = this.#host.clock.now() + delayMs;
    const delayed = this.#delayed.get(key);
    if (delayed !== undefined) {
      if (delayed.at <= at) return;
      delayed.timer.cancel();
    }
    const timer = this.#host.clock.setTimer(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, timer });
  }

  /** Adds the key after a delay that grows with each call until `forget`. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics.retries.inc();
    this.addAfter(key, this.#backoff(failures));
  }

  /** The next failure of the key counts as its first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** How often the key was added rate limited since it was last forgotten. */
  retries(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, or undefined when the queue is shut down and empty. `done` must follow. */
  take(): Promise<string | undefined> {
    const key = this.#takeNow();
    if (key !== undefined || this.#closed) return Promise.resolve(key);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: string): void {
    const since = this.#working.get(key);
    if (since === undefined) throw new Error(`work on ${key} is done that was not begun`);
    this.#working.delete(key);
    this.#metrics.workSeconds.observe((this.#host.clock.now() - since) / 1000);
    if (this.#again.delete(key)) this.#enqueue(key);
    this.#finishDraining();
  }

  /** No key is added any more, delayed ones are dropped; resolves when waiting and begun work is done. */
  shutdown(): Promise<void> {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    if (this.#waiting.size === 0) for (const taker of this.#takers.splice(0)) taker(undefined);
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#finishDraining();
    });
  }

  /** Drops what waits, so that a shutdown ends as soon as begun work is done. */
  clear(): void {
    this.#waiting.clear();
    this.#again.clear();
    this.#metrics.depth.set(0);
    if (this.#closed) for (const taker of this.#takers.splice(0)) taker(undefined);
    this.#finishDraining();
  }

  #finishDraining(): void {
    if (this.#drained === undefined || this.#waiting.size > 0 || this.#working.size > 0) return;
    for (const taker of this.#takers.splice(0)) taker(undefined);
    this.#drained();
  }

  #enqueue(key: string): void {
    const taker = this.#takers.shift();
    const now = this.#host.clock.now();
    if (taker === undefined) {
      this.#waiting.set(key, now);
      this.#metrics.depth.set(this.#waiting.size);
      return;
    }
    this.#begin(key, now);
    taker(key);
  }

  #takeNow(): string | undefined {
    const next = this.#waiting.entries().next();
    if (next.done) return undefined;
    const [key, since] = next.value;
    this.#waiting.delete(key);
    this.#metrics.depth.set(this.#waiting.size);
    this.#begin(key, since);
    return key;
  }

  #begin(key: string, waitingSince: number): void {
    const now = this.#host.clock.now();
    this.#metrics.queueSeconds.observe((now - waitingSince) / 1000);
    this.#working.set(key, now);
  }
}
