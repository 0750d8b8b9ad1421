import type { Clock, Timer } from "./ports.ts";

export declare class VirtualClock implements Clock {
  constructor(startMs?: number);
  now(): number;
  setTimer(ms: number, fn: () => void): Timer;
  /** How many timers wait. */
  get pending(): number;
  /** When the next timer is due, or undefined. */
  get nextAt(): number | undefined;
  /** Lets promises, microtasks and immediates run until nothing more happens; time does not pass. */
  settle(): Promise<void>;
  /** Passes `ms`, running due timers in order, with a settle after each instant. */
  advance(ms: number): Promise<void>;
  /** Jumps from timer to timer until none is left; throws when `limitMs` (default an hour) have passed first. */
  runUntilIdle(limitMs?: number): Promise<void>;
  /** Jumps from timer to timer until `done()`; throws when `limitMs` (default an hour) pass first. */
  runUntil(done: () => boolean | Promise<boolean>, limitMs?: number): Promise<void>;
}
