import { describe, expect, it } from "vitest";
import { isStrictlyWithin } from "./cidr.ts";

describe("address blocks", () => {
  it.each([
    ["10.1.0.0/16", "10.0.0.0/8", true],
    ["10.0.0.0/8", "10.0.0.0/8", false],
    ["11.0.0.0/16", "10.0.0.0/8", false],
    ["2001:db8:1::/48", "2001:db8::/32", true],
    ["2001:db8::/32", "10.0.0.0/8", false],
  ])("%s lies within %s: %s", (inner, outer, expected) => {
    expect(isStrictlyWithin(inner, outer)).toBe(expected);
  });
});
