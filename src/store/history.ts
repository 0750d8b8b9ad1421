import type { Commit } from "./entry.ts";
import { CompactedError, type Revision } from "./store.ts";

/** How long changes can be watched from the past and lists read at a past revision; etcd is compacted in the same rhythm. */
export const historyAgeMaxMs = 5 * 60 * 1000;
/** Bounds the memory of history under a heavy load of writes. */
export const historyEventsMax = 100_000;
/** Dropped commits stay in the array until there are so many of them, so that dropping one is cheap. */
const droppedSlotsMax = 4096;

interface Slot {
  readonly commit: Commit;
  readonly atMs: number;
}

/** The newest commits. Revisions have no gaps, so that the commit of a revision is found by its position. */
export class History {
  #slots: (Slot | undefined)[] = [];
  #head = 0;
  #events = 0;
  #compacted: Revision;
  readonly #eventsMax: number;

  constructor(compacted: Revision, eventsMax = historyEventsMax) {
    this.#compacted = compacted;
    this.#eventsMax = eventsMax;
  }

  /** The oldest revision whose state is known: history has every commit after it. */
  get compacted(): Revision {
    return this.#compacted;
  }

  append(commit: Commit, nowMs: number): void {
    this.#slots.push({ commit, atMs: nowMs });
    this.#events += commit.events.length;
  }

  /** Drops what is too old or too much. The newest commit always stays. */
  trim(nowMs: number): void {
    while (this.#head < this.#slots.length - 1) {
      const oldest = this.#slots[this.#head];
      if (oldest === undefined) break;
      if (this.#events <= this.#eventsMax && nowMs - oldest.atMs <= historyAgeMaxMs) break;
      this.#dropOldest(oldest.commit);
    }
  }

  compactTo(revision: Revision): void {
    while (this.#compacted < revision) {
      const oldest = this.#slots[this.#head];
      if (oldest === undefined) break;
      this.#dropOldest(oldest.commit);
    }
  }

  /** @throws CompactedError when changes after this revision may be missing. */
  assertReaches(after: Revision): void {
    if (after < this.#compacted) throw new CompactedError(this.#compacted);
  }

  /** The commits with revisions above `after`, oldest first. */
  *since(after: Revision): Generator<Commit> {
    for (let i = this.#position(after) + 1; i < this.#slots.length; i++) {
      const slot = this.#slots[i];
      if (slot !== undefined) yield slot.commit;
    }
  }

  /** The commits of revisions from `newest` down to above `after`: the way back to the state at `after`. */
  *backwards(newest: Revision, after: Revision): Generator<Commit> {
    for (let i = this.#position(newest); i > this.#position(after); i--) {
      const slot = this.#slots[i];
      if (slot !== undefined) yield slot.commit;
    }
  }

  #position(revision: Revision): number {
    return this.#head + (revision - this.#compacted) - 1;
  }

  #dropOldest(commit: Commit): void {
    this.#slots[this.#head] = undefined;
    this.#head++;
    this.#events -= commit.events.length;
    this.#compacted = commit.revision;
    for (const { type, entry, previous } of commit.events) {
      previous?.retire();
      if (type === "delete") entry.retire();
    }
    if (this.#head > droppedSlotsMax && this.#head * 2 > this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head);
      this.#head = 0;
    }
  }
}
