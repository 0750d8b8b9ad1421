import type { Clock } from "../../host/index.ts";

const secondsMax = 32;
/** So many times as many refusals as seconds that clients were told to wait are a flood. */
const floodFactor = 3;

/**
 * How long refused clients are told to stay away: twice as long when ever more are refused all the same, shorter again when
 * fewer are.
 */
export class RetryAfter {
  readonly #clock: Pick<Clock, "now">;
  /** Refusals by second, of the last ones. */
  readonly #refused = new Map<number, number>();
  #seconds = 1;
  #judged = 0;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  get seconds(): number {
    return this.#seconds;
  }

  /** One more request was refused. */
  refused(): void {
    const second = Math.floor(this.#clock.now() / 1000);
    const count = this.#refused.get(second);
    this.#refused.set(second, (count ?? 0) + 1);
    // Judged by whole seconds: once a second is enough.
    if (count === undefined) this.#judge(second);
  }

  #judge(now: number): void {
    let refusals = 0;
    for (const [second, count] of this.#refused) {
      if (now - second > secondsMax) this.#refused.delete(second);
      else if (second < now && now - second <= this.#seconds) refusals += count;
    }
    if (now - this.#judged < this.#seconds) return;
    if (refusals < this.#seconds) this.#change(Math.max(1, this.#seconds - 1), now);
    else if (refusals >= floodFactor * this.#seconds) this.#change(Math.min(secondsMax, this.#seconds * 2), now);
  }

  #change(seconds: number, now: number): void {
    this.#seconds = seconds;
    this.#judged = now;
  }
}
