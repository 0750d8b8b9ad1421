import type { Background, BackgroundWork, Clock } from "./ports.ts";

/** From the most to the least urgent. */
const order: readonly BackgroundWork[] = ["status", "event"];
/** How long work of a kind is left waiting while the process is busy all the time. */
const patienceMs: Readonly<Record<BackgroundWork, number>> = { status: 1000, event: 5000 };
/** A turn of the event loop that took less did nothing worth mentioning. Clocks count whole milliseconds. */
const quietTurnMs = 2;
/** Pieces of work begun after a quiet turn, before the process is looked at again. */
const piecesPerQuietTurn = 16;
/** After a busy turn one of so many that have waited too long is begun: they are worked off, and nothing waits behind all of them. */
const overdueShare = 8;

interface Waiting {
  readonly since: number;
  readonly begin: () => void;
}

/**
 * Work that waits while its process is busy with what cannot. Whether it is, the event loop tells: a whole turn of it that
 * takes no time had nothing to do.
 */
export function createBackground(clock: Clock): Background {
  return new TurnTaking(clock);
}

/** For time that stands still while work is done: nothing is ever in the way. */
export const neverBusy: Background = { turn: () => undefined };

class TurnTaking implements Background {
  readonly #clock: Clock;
  readonly #waiting: Readonly<Record<BackgroundWork, Set<Waiting>>> = { status: new Set(), event: new Set() };
  #isLooking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  turn(work: BackgroundWork, signal?: AbortSignal): Promise<void> | undefined {
    if (signal?.aborted) return undefined;
    return new Promise((resolve) => {
      const queue = this.#waiting[work];
      const begin = () => {
        queue.delete(waiting);
        signal?.removeEventListener("abort", begin);
        resolve();
      };
      const waiting: Waiting = { since: this.#clock.now(), begin };
      signal?.addEventListener("abort", begin);
      queue.add(waiting);
      this.#look();
    });
  }

  /** Measures the next whole turn of the event loop. */
  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#clock.setTimer(0, () => {
      const began = this.#clock.now();
      this.#clock.setTimer(0, () => {
        this.#isLooking = false;
        if (this.#clock.now() - began < quietTurnMs) this.#beginFirst();
        else this.#beginOverdue();
        if (order.some((work) => this.#waiting[work].size > 0)) this.#look();
      });
    });
  }

  #beginFirst(): void {
    const first = order.map((work) => this.#waiting[work]).find(({ size }) => size > 0);
    for (const { begin } of [...(first ?? [])].slice(0, piecesPerQuietTurn)) begin();
  }

  #beginOverdue(): void {
    const now = this.#clock.now();
    for (const work of order) {
      const overdue: Waiting[] = [];
      for (const waiting of this.#waiting[work]) {
        if (now - waiting.since < patienceMs[work]) break; // the others came later
        overdue.push(waiting);
      }
      for (const { begin } of overdue.slice(0, Math.ceil(overdue.length / overdueShare))) begin();
    }
  }
}
