import { describe, expect, it } from "vitest";
import { countIndexes } from "./success-policy.ts";

describe("indexes that make a job succeed", () => {
  it.each([
    ["", 0],
    ["0", 1],
    ["1,3-5,7", 5],
  ])("are counted: %s", (text, count) => {
    expect(countIndexes(text, 10)).toBe(count);
  });

  it.each(["10", "3,1", "5-4", "a", "1-2-3"])("are refused: %s", (text) => {
    expect(countIndexes(text, 10)).toBeTypeOf("string");
  });
});
