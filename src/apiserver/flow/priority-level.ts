import type { Clock } from "../../host/index.ts";
import type { Seat } from "./limiter.ts";
import { RetryAfter } from "./retry-after.ts";
import type { SeatLimits } from "./seat-allocation.ts";
import { dealHand } from "./shuffle.ts";

/** Why a request got no seat, in the words of the original's metrics. */
export type Rejection = "concurrency-limit" | "queue-full" | "time-out";

/** Who waits or works in a level: requests of one flow schema. */
export interface LevelClient {
  readonly name: string;
  waiting: number;
  executing: number;
  /** Seats of those that execute. */
  seats: number;
  rejected(reason: Rejection): void;
  /** After a wait. */
  waited(seconds: number, executes: boolean): void;
}

export interface QueueSettings {
  readonly queues: number;
  readonly handSize: number;
  readonly lengthMax: number;
}

interface Waiting {
  /** Seats that it wants. */
  readonly width: number;
  start(): void;
}

interface Queue {
  readonly waiting: Waiting[];
  executing: number;
  /** When its next request would begin, in the level's virtual time: seconds of seats. */
  next: number;
}

/** How long a request is taken to last until it is known. */
const guessSeconds = 60;
/** Nobody waits longer, nor longer than a quarter of the time that the request has. */
const waitMaxMs = 15_000;
/** No request takes more of a level's seats than this part of them. */
const widthPart = 0.15;

/** One priority level: its seats, and the queues of those that wait for one. */
export class PriorityLevel {
  readonly name: string;
  readonly isExempt: boolean;
  uid = "";
  limits: SeatLimits = { nominal: 0, min: 0, max: 0 };
  /** What it has at the moment, with what it borrows or lends. */
  seats = 0;
  executing = 0;
  /** Seats of the requests that execute; one may take several. */
  inUse = 0;
  waiting = 0;
  /** Seats that those want who wait. */
  wanted = 0;
  /** The most seats that were wanted at once since the seats were shared out last. */
  demandMax = 0;
  dispatched = 0;
  rejected = 0;
  timedOut = 0;
  readonly retryAfter: RetryAfter;
  readonly #clock: Clock;
  readonly #saturated: (width: number) => void;
  #settings: QueueSettings | undefined;
  #queues: Queue[] = [];
  #virtualNow = 0;

  /** @param saturated called with the seats that a request did not find */
  constructor(name: string, isExempt: boolean, clock: Clock, saturated: (width: number) => void) {
    this.name = name;
    this.isExempt = isExempt;
    this.#clock = clock;
    this.retryAfter = new RetryAfter(clock);
    this.#saturated = saturated;
  }

  /** Requests that wait stay where they are; new queues are used for new ones. */
  configure(limits: SeatLimits, settings: QueueSettings | undefined): void {
    this.limits = limits;
    this.#settings = settings;
    const count = settings?.queues ?? 0;
    while (this.#queues.length < count) this.#queues.push({ waiting: [], executing: 0, next: this.#virtualNow });
  }

  resize(seats: number): void {
    this.seats = seats;
    this.#dispatch();
  }

  get queues(): readonly { readonly waiting: readonly unknown[]; readonly executing: number }[] {
    return this.#queues;
  }

  /**
   * @param free one seat that was free
   * @param flow of the client: whose requests wait together
   * @param wide seats that the request would take
   * @param deadlineMs time that the request has
   */
  take(
    client: LevelClient,
    free: Seat,
    flow: () => string,
    wide = 1,
    deadlineMs = Number.POSITIVE_INFINITY,
  ): Seat | undefined | Promise<Seat | undefined> {
    const width = wide === 1 ? 1 : Math.max(1, Math.min(wide, Math.floor(this.limits.nominal * widthPart)));
    if (this.isExempt || (this.waiting === 0 && this.#fits(width))) return this.#freeSeat(client, free, width);
    this.#saturated(width);
    if (this.waiting === 0 && this.#fits(width)) return this.#freeSeat(client, free, width);
    const settings = this.#settings;
    if (settings === undefined) return this.#reject(client, "concurrency-limit");
    const queue = this.#shortest(dealHand(flow(), settings.queues, settings.handSize));
    if (queue.waiting.length >= settings.lengthMax) return this.#reject(client, "queue-full");
    return this.#wait(client, queue, width, Math.min(waitMaxMs, deadlineMs / 4));
  }

  /** Of a seat that was free. */
  give(client: LevelClient, width = 1): void {
    client.executing--;
    client.seats -= width;
    this.executing--;
    this.inUse -= width;
    if (this.waiting > 0) this.#dispatch();
  }

  /** What is wider than all seats gets them when nobody else has any. */
  #fits(width: number): boolean {
    return this.inUse + width <= this.seats || (this.inUse === 0 && this.seats > 0);
  }

  #freeSeat(client: LevelClient, free: Seat, width: number): Seat {
    this.#begin(client, width);
    return width === 1 ? free : { give: () => this.give(client, width) };
  }

  #begin(client: LevelClient, width: number): void {
    client.executing++;
    client.seats += width;
    this.executing++;
    this.inUse += width;
    this.dispatched++;
    if (this.inUse > this.demandMax) this.demandMax = this.inUse;
  }

  #reject(client: LevelClient, reason: Rejection): undefined {
    this.rejected++;
    this.retryAfter.refused();
    client.rejected(reason);
    return undefined;
  }

  #shortest(hand: readonly number[]): Queue {
    let best: Queue | undefined;
    for (const index of hand) {
      const queue = this.#queues[index];
      if (queue === undefined) continue;
      if (best === undefined || lengthOf(queue) < lengthOf(best)) best = queue;
    }
    if (best === undefined) throw new Error(`priority level ${this.name} has no queue for a hand`);
    return best;
  }

  #wait(client: LevelClient, queue: Queue, width: number, waitMs: number): Promise<Seat | undefined> {
    const { promise, resolve } = Promise.withResolvers<Seat | undefined>();
    const sinceMs = this.#clock.now();
    const done = (executes: boolean): void => {
      client.waiting--;
      this.waiting--;
      this.wanted -= width;
      client.waited((this.#clock.now() - sinceMs) / 1000, executes);
    };
    const entry: Waiting = {
      width,
      start: () => {
        timer.cancel();
        done(true);
        resolve(this.#queuedSeat(client, queue, width));
      },
    };
    const timer = this.#clock.setTimer(waitMs, () => {
      queue.waiting.splice(queue.waiting.indexOf(entry), 1);
      done(false);
      this.timedOut++;
      resolve(this.#reject(client, "time-out"));
    });
    // A queue that was idle begins now; it does not make up for the time in which nobody wanted anything.
    if (lengthOf(queue) === 0) queue.next = Math.max(queue.next, this.#virtualNow);
    queue.waiting.push(entry);
    client.waiting++;
    this.waiting++;
    this.wanted += width;
    this.demandMax = Math.max(this.demandMax, this.inUse + this.wanted);
    return promise;
  }

  #queuedSeat(client: LevelClient, queue: Queue, width: number): Seat {
    this.#begin(client, width);
    queue.executing++;
    queue.next += guessSeconds * width;
    const begunMs = this.#clock.now();
    return {
      give: () => {
        queue.executing--;
        queue.next -= (guessSeconds - (this.#clock.now() - begunMs) / 1000) * width;
        this.give(client, width);
      },
    };
  }

  /** Whose queue's next request begins first in virtual time comes first. */
  #dispatch(): void {
    while (this.waiting > 0 && this.inUse < this.seats) {
      let best: Queue | undefined;
      for (const queue of this.#queues) {
        if (queue.waiting.length > 0 && (best === undefined || queue.next < best.next)) best = queue;
      }
      const [first] = best?.waiting ?? [];
      // Whose turn it is waits until there is room for it: what is narrower does not slip past.
      if (best === undefined || first === undefined || !this.#fits(first.width)) return;
      this.#virtualNow = Math.max(this.#virtualNow, best.next);
      best.waiting.shift()?.start();
    }
  }
}

function lengthOf({ waiting, executing }: Queue): number {
  return waiting.length + executing;
}
