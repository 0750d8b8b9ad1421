import { seededRandom } from "../../src/host/index.ts";

/** A repeatable stream of choices. */
export class Chance {
  readonly #next: () => number;

  constructor(seed: string) {
    const random = seededRandom(seed);
    this.#next = () => random.next();
  }

  /** From 0 up to, not including, `below`. */
  integer(below: number): number {
    return Math.floor(this.#next() * below);
  }

  /** True with this probability. */
  is(probability: number): boolean {
    return this.#next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.integer(items.length)];
    if (item === undefined && items.length === 0) throw new Error("nothing to choose from");
    return item as T;
  }

  /** An item of weighted pairs. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let rest = this.#next() * items.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, item] of items) {
      rest -= weight;
      if (rest < 0) return item;
    }
    return this.pick(items)[1];
  }
}
