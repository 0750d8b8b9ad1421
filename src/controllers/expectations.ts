import type { Host } from "../host/index.ts";

const forgottenAfterMs = 5 * 60_000;

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  readonly sinceMs: number;
}

/**
 * What a controller has done and not yet seen in its cache. Until it has, it must not count what it sees: it would make
 * or delete the same things once more.
 */
export class Expectations {
  readonly #host: Host;
  readonly #byKey = new Map<string, Expected>();

  constructor(host: Host) {
    this.#host = host;
  }

  expect(key: string, creations: number, deletions: Iterable<string>): void {
    this.#byKey.set(key, { creations, deletions: new Set(deletions), sinceMs: this.#host.clock.now() });
  }

  expectCreations(key: string, count: number): void {
    this.expect(key, count, []);
  }

  expectDeletions(key: string, uids: Iterable<string>): void {
    this.expect(key, 0, uids);
  }

  /** A creation was seen, or will never come. Gives whether it was the last thing that was waited for. */
  created(key: string, count = 1): boolean {
    const expected = this.#byKey.get(key);
    if (expected === undefined) return false;
    expected.creations -= count;
    return this.#drop(key, expected);
  }

  /** Gives whether it was the last thing that was waited for. */
  deleted(key: string, uid: string): boolean {
    const expected = this.#byKey.get(key);
    if (expected === undefined) return false;
    expected.deletions.delete(uid);
    return this.#drop(key, expected);
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }

  satisfied(key: string): boolean {
    const expected = this.#byKey.get(key);
    return expected === undefined || this.#host.clock.now() - expected.sinceMs > forgottenAfterMs;
  }

  #drop(key: string, expected: Expected): boolean {
    if (expected.creations > 0 || expected.deletions.size > 0) return false;
    return this.#byKey.delete(key);
  }
}
