import type { Clock } from "../../host/index.ts";

/** Who has just been sent events waits at least this long for more: what comes meanwhile goes to it in one write. */
const pauseMsMin = 4;
/** Writing to one client takes about 5 us, however much it is: the more clients wait together, the longer they do. */
const pauseMsForEach = 0.03;
const pauseMsMax = 50;

/** Something that holds back what came since it was last sent. */
export interface Paced {
  flush(): void;
}

/**
 * Lets busy watches gather events. A write to one client costs as much as the encoding of dozens of events; a single event
 * after a pause is never held back.
 */
export class WatchPace {
  readonly #clock: Clock;
  #waiting: Paced[] = [];
  #pauseMs = pauseMsMin;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  /** Whether what was last flushed at this time may be flushed again. */
  isDue(flushedAtMs: number): boolean {
    const passed = this.#clock.now() - flushedAtMs;
    return passed >= this.#pauseMs || passed < 0;
  }

  /** All that wait are flushed together, so that they share what they have in common. */
  later(paced: Paced): void {
    if (this.#waiting.push(paced) === 1) this.#clock.setTimer(this.#pauseMs, () => this.#flushAll());
  }

  #flushAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#pauseMs = Math.min(pauseMsMax, Math.max(pauseMsMin, waiting.length * pauseMsForEach));
    for (const paced of waiting) paced.flush();
  }
}
