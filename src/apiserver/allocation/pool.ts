import type { Random } from "../../host/index.ts";

/**
 * Numbers between two bounds, each given to one holder. What is held is told by counts (the stored objects) and by
 * reservations (writes under way); a number is free when it has neither.
 */
export class Pool {
  readonly first: number;
  readonly last: number;
  /** Below it are numbers that people like to choose themselves: drawn only when the rest is used up. */
  readonly #drawnFirst: number;
  readonly #held = new Map<number, number>();
  readonly #reserved = new Set<number>();
  readonly #random: Random;

  constructor(first: number, last: number, keptBelow: number, random: Random) {
    this.first = first;
    this.last = last;
    this.#drawnFirst = Math.min(first + keptBelow, last + 1);
    this.#random = random;
  }

  contains(number: number): boolean {
    return number >= this.first && number <= this.last;
  }

  isFree(number: number): boolean {
    return !this.#held.has(number) && !this.#reserved.has(number);
  }

  /** Whether a stored object has it. */
  isHeld(number: number): boolean {
    return this.#held.has(number);
  }

  /** False when somebody has it. */
  reserve(number: number): boolean {
    if (!this.isFree(number)) return false;
    this.#reserved.add(number);
    return true;
  }

  /** A free number at random, reserved; undefined when all are taken. */
  reserveAny(): number | undefined {
    const found = this.#drawIn(this.#drawnFirst, this.last) ?? this.#drawIn(this.first, this.#drawnFirst - 1);
    if (found !== undefined) this.#reserved.add(found);
    return found;
  }

  release(number: number): void {
    this.#reserved.delete(number);
  }

  /** A stored object has it now: its reservation has done its work. */
  hold(number: number): void {
    this.#held.set(number, (this.#held.get(number) ?? 0) + 1);
    this.#reserved.delete(number);
  }

  drop(number: number): void {
    const count = this.#held.get(number) ?? 0;
    if (count > 1) this.#held.set(number, count - 1);
    else this.#held.delete(number);
  }

  /** Forgets the stored objects; reservations stay. */
  dropAll(): void {
    this.#held.clear();
  }

  #drawIn(first: number, last: number): number | undefined {
    const count = last - first + 1;
    if (count <= 0) return undefined;
    const start = Math.floor(this.#random.next() * count);
    for (let i = 0; i < count; i++) {
      const number = first + ((start + i) % count);
      if (this.isFree(number)) return number;
    }
    return undefined;
  }
}
