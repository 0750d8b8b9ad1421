import { seededRandom } from "../../../src/host/index.ts";

/** Choices that a seed repeats. */
export class Chance {
  readonly #next: () => number;

  constructor(seed: string) {
    const random = seededRandom(seed);
    this.#next = () => random.next();
  }

  /** True in this share of cases. */
  is(share: number): boolean {
    return this.#next() < share;
  }

  /** 0 to below the bound. */
  below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  /** From and to included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  of<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)];
    if (chosen === undefined) throw new Error("nothing to choose from");
    return chosen;
  }

  /** Each of them in this share of cases. */
  some<T>(choices: readonly T[], share: number): T[] {
    return choices.filter(() => this.is(share));
  }

  /** So many things made one after the other. */
  times<T>(count: number, make: (i: number) => T): T[] {
    return Array.from({ length: count }, (_, i) => make(i));
  }

  /** A part of an object in this share of cases. */
  maybe<T extends object>(share: number, make: () => T): T | Record<string, never> {
    return this.is(share) ? make() : {};
  }
}
