import { describe, expect, it } from "vitest";
import { seededRandom } from "../../host/index.ts";
import { Pool } from "./pool.ts";

const newPool = () => new Pool(1, 10, 4, seededRandom(1));

describe("a pool of numbers", () => {
  it("draws every number once, the low ones last", () => {
    const pool = newPool();
    const drawn = Array.from({ length: 10 }, () => pool.reserveAny() ?? 0);
    expect(Math.min(...drawn.slice(0, 6))).toBeGreaterThan(4);
    expect(new Set(drawn).size).toBe(10);
    expect(pool.reserveAny()).toBeUndefined();
  });

  it("gives a released number out again, but not one that is held", () => {
    const pool = newPool();
    pool.reserve(3);
    pool.release(3);
    expect(pool.reserve(3)).toBe(true);
    pool.hold(3);
    pool.release(3);
    expect(pool.reserve(3)).toBe(false);
  });

  it("frees a number when its last holder is gone", () => {
    const pool = newPool();
    pool.hold(3);
    pool.hold(3);
    pool.drop(3);
    expect(pool.isFree(3)).toBe(false);
    pool.drop(3);
    expect(pool.isFree(3)).toBe(true);
  });
});
