import type { Clock, Timer } from "./ports.ts";

const defaultLimitMs = 60 * 60 * 1000;
/**
 * Turns of the event loop that count as "nothing more happens": promise chains finish within one turn, and a few more
 * let chains through immediates and streams of the process come back.
 */
const quietTurns = 4;

interface Pending {
  at: number;
  order: number;
  fn: () => void;
  cancelled: boolean;
}

/** Time that passes only when told to. Timers run in order of their time, then of their setting. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  #waiting = 0;
  /** A binary heap; cancelled timers stay in it until they come up. */
  readonly #heap: Pending[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(ms: number, fn: () => void): Timer {
    const delay = Math.max(ms, 0) || 0; // NaN is at once, too
    const pending: Pending = { at: this.#nowMs + delay, order: this.#order++, fn, cancelled: false };
    this.#push(pending);
    this.#waiting++;
    return {
      cancel: () => {
        if (pending.cancelled) return;
        pending.cancelled = true;
        this.#waiting--;
      },
    };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#waiting;
  }

  /** When the next timer is due, or undefined. */
  get nextAt(): number | undefined {
    return this.#peek()?.at;
  }

  /** Lets promises, microtasks and immediates run until they are done; time does not pass. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < quietTurns; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Passes `ms`, running due timers in order, with a settle after each instant. */
  async advance(ms: number): Promise<void> {
    const target = this.#nowMs + ms;
    await this.settle();
    for (;;) {
      const next = this.#peek();
      if (next === undefined || next.at > target) break;
      await this.#runInstant(next.at);
    }
    this.#nowMs = target;
  }

  /** Jumps from timer to timer until none is left; throws when `limitMs` would have passed first. */
  async runUntilIdle(limitMs = defaultLimitMs): Promise<void> {
    await this.#run(() => this.#waiting === 0, limitMs, "timers still wait");
  }

  /** Jumps from timer to timer until `done()`; throws when it is not after `limitMs`, or no timer is left. */
  async runUntil(done: () => boolean | Promise<boolean>, limitMs = defaultLimitMs): Promise<void> {
    await this.#run(done, limitMs, "the awaited state was not reached");
  }

  async #run(done: () => boolean | Promise<boolean>, limitMs: number, complaint: string): Promise<void> {
    const deadline = this.#nowMs + limitMs;
    await this.settle();
    while (!(await done())) {
      const next = this.#peek();
      if (next === undefined) throw new Error(`${complaint}, and no timer is left`);
      if (next.at > deadline) throw new Error(`${complaint} after ${limitMs} ms of virtual time`);
      await this.#runInstant(next.at);
    }
  }

  /** Runs what is due at one instant; what it sets for the same instant comes in the next round. */
  async #runInstant(at: number): Promise<void> {
    this.#nowMs = Math.max(this.#nowMs, at);
    const lastOrder = this.#order;
    for (;;) {
      const next = this.#peek();
      if (next === undefined || next.at > at || next.order >= lastOrder) break;
      this.#pop();
      next.cancelled = true;
      this.#waiting--;
      next.fn();
    }
    await this.settle();
  }

  #peek(): Pending | undefined {
    while (this.#heap[0]?.cancelled) this.#pop();
    return this.#heap[0];
  }

  #push(pending: Pending): void {
    const heap = this.#heap;
    let index = heap.push(pending) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, pending)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = pending;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      if (left === undefined) break;
      const takeRight = right !== undefined && isBefore(right, left);
      const child = takeRight ? right : left;
      if (isBefore(last, child)) break;
      heap[index] = child;
      index = 2 * index + (takeRight ? 2 : 1);
    }
    heap[index] = last;
  }
}

function isBefore(a: Pending, b: Pending): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
