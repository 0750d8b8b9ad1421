import { expect, test } from "vitest";
import { defaultEvictionHard, heldBack, isCrossed, parseThresholds } from "./thresholds.ts";

test("the default thresholds are the original's, all hard", () => {
  expect(parseThresholds({ hard: defaultEvictionHard })).toEqual([
    { signal: "imagefs.available", limit: { share: 0.15 }, graceMs: 0, reclaim: undefined },
    { signal: "imagefs.inodesFree", limit: { share: 0.05 }, graceMs: 0, reclaim: undefined },
    { signal: "memory.available", limit: { amount: 100 * 1024 * 1024 }, graceMs: 0, reclaim: undefined },
    { signal: "nodefs.available", limit: { share: 0.1 }, graceMs: 0, reclaim: undefined },
    { signal: "nodefs.inodesFree", limit: { share: 0.05 }, graceMs: 0, reclaim: undefined },
  ]);
});

test("a soft threshold has its grace period and the minimum reclaim of its signal", () => {
  const flags = {
    soft: "memory.available<1Gi",
    softGracePeriod: "memory.available=1m30s",
    minimumReclaim: "memory.available=500Mi",
  };
  expect(parseThresholds(flags)).toEqual([
    {
      signal: "memory.available",
      limit: { amount: 1024 ** 3 },
      graceMs: 90_000,
      reclaim: { amount: 500 * 1024 ** 2 },
    },
  ]);
});

test("a threshold of 0 % or 100 % is switched off", () => {
  expect(parseThresholds({ hard: "nodefs.available<0%,imagefs.available<100%" })).toEqual([]);
});

test.each([
  ["memory.available", "invalid eviction threshold syntax memory.available, expected <signal><<value>"],
  ["memory.free<1Gi", 'unrecognized eviction signal "memory.free"'],
  ["memory.available<-1Gi", "eviction threshold memory.available must be positive: -1Gi"],
  ["memory.available<101%", "eviction percentage threshold memory.available must be <= 100%: 101%"],
  ["memory.available<1Gi,memory.available<2Gi", 'duplicate eviction signal "memory.available"'],
])("%s is refused with what is wrong with it", (hard, message) => {
  expect(() => parseThresholds({ hard })).toThrow(message);
});

test("a soft threshold without a grace period is refused", () => {
  expect(() => parseThresholds({ soft: "memory.available<1Gi" })).toThrow(
    "grace period must be specified for the soft eviction threshold memory.available",
  );
});

test.each([
  ["soon", "invalid eviction grace period soon for memory.available"],
  ["-1m", "invalid eviction grace period specified: -1m, must be a positive value"],
])("a grace period of %s is refused", (period, message) => {
  const flags = { soft: "memory.available<1Gi", softGracePeriod: `memory.available=${period}` };
  expect(() => parseThresholds(flags)).toThrow(message);
});

test("a threshold that was crossed is crossed until the minimum reclaim is free too", () => {
  const [threshold] = parseThresholds({ hard: "nodefs.available<10%", minimumReclaim: "nodefs.available=5%" });
  if (threshold === undefined) throw new Error("no threshold");
  const free = (available: number) => new Map([["nodefs.available", { available, capacity: 1000 }]] as const);
  expect(isCrossed(threshold, free(99), false)).toBe(true);
  expect(isCrossed(threshold, free(100), false)).toBe(false);
  expect(isCrossed(threshold, free(149), true)).toBe(true);
  expect(isCrossed(threshold, free(150), true)).toBe(false);
});

test("hard thresholds of memory and disk are held back from what pods may ask for", () => {
  const thresholds = parseThresholds({ hard: "memory.available<100Mi,nodefs.available<10%,imagefs.available<15%" });
  const held = heldBack(thresholds, { memory: "1Gi", "ephemeral-storage": "1000" });
  expect([...held]).toEqual([
    ["memory", 100 * 1024 * 1024],
    ["ephemeral-storage", 100],
  ]);
});
