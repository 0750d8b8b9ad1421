import type { Backoffs } from "./backoff.ts";
import type { Action, Ending, Plan, PlannedEvent, Situation, Waiting } from "./situation.ts";

/** A plan while it is being made. */
export class PlanDraft {
  readonly actions: Action[] = [];
  readonly events: PlannedEvent[] = [];
  readonly waiting = new Map<string, Waiting>();
  backoffs: Backoffs;
  ending: Ending | undefined;
  ended = false;
  #wakeAtMs: number | undefined;

  constructor(situation: Situation) {
    this.backoffs = situation.memory.backoffs;
    this.ending = situation.memory.ending;
  }

  /** Of several times the earliest counts. */
  wakeAt(ms: number): void {
    if (this.#wakeAtMs === undefined || ms < this.#wakeAtMs) this.#wakeAtMs = ms;
  }

  finish(): Plan {
    const { actions, events, backoffs, waiting, ending, ended } = this;
    return { actions, events, backoffs, waiting, ending, ended, wakeAtMs: this.#wakeAtMs };
  }
}
