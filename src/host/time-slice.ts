import type { Clock } from "./ports.ts";

/** Clocks count whole milliseconds. */
const sliceMs = 4;

/** Cuts long work into slices, between which everything else that waits has its turn: `if (slice.isOver) await slice.next()`. */
export class TimeSlice {
  readonly #clock: Clock;
  #endMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endMs = clock.now() + sliceMs;
  }

  get isOver(): boolean {
    const now = this.#clock.now();
    if (now < this.#endMs - sliceMs) this.#endMs = now; // the clock was set back
    return now >= this.#endMs;
  }

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.setTimer(0, () => {
        this.#endMs = this.#clock.now() + sliceMs;
        resolve();
      });
    });
  }
}
