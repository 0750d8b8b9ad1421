import type { Clock } from "../../host/index.ts";

const firstPauseMs = 1000;
const longestPauseMs = 15 * 60_000;

interface Pause {
  readonly ms: number;
  readonly sinceMs: number;
}

/**
 * Where failed pods were removed, and how long the next one there is left alone: a node that refuses a pod refuses the
 * next one, too, and pods would be made and removed without end. Pauses double, and are forgotten after a quiet time.
 */
export class FailedPods {
  readonly #clock: Clock;
  readonly #pauses = new Map<string, Pause>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How much longer a failed pod of this place has to wait; 0 when it may go. */
  waitMs(place: string): number {
    const pause = this.#known(place);
    return pause === undefined ? 0 : Math.max(0, pause.sinceMs + pause.ms - this.#clock.now());
  }

  removed(place: string): void {
    const before = this.#known(place);
    const ms = before === undefined ? firstPauseMs : Math.min(2 * before.ms, longestPauseMs);
    this.#pauses.set(place, { ms, sinceMs: this.#clock.now() });
  }

  /** Forgets what has been quiet for long: places of daemon sets and nodes that are gone, too. */
  sweep(): void {
    for (const place of [...this.#pauses.keys()]) this.#known(place);
  }

  #known(place: string): Pause | undefined {
    const pause = this.#pauses.get(place);
    if (pause === undefined || this.#clock.now() - pause.sinceMs <= 2 * longestPauseMs) return pause;
    this.#pauses.delete(place);
    return undefined;
  }
}
