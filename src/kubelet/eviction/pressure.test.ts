import { expect, test } from "vitest";
import { noPressure, pressureOf } from "./pressure.ts";
import { type Observations, parseThresholds } from "./thresholds.ts";

const transitionMs = 300_000;
const memory = (available: number): Observations => new Map([["memory.available", { available, capacity: 1000 }]]);

test("a hard threshold is acute at once, and its condition stays for the transition period", () => {
  const thresholds = parseThresholds({ hard: "memory.available<100" });
  const calm = pressureOf(thresholds, memory(100), noPressure, 0, transitionMs);
  expect([...calm.conditions, calm.acute]).toEqual([undefined]);

  const short = pressureOf(thresholds, memory(99), calm.state, 10_000, transitionMs);
  expect([...short.conditions]).toEqual(["MemoryPressure"]);
  expect(short.acute).toBe(thresholds[0]);

  const over = pressureOf(thresholds, memory(500), short.state, 20_000, transitionMs);
  expect([...over.conditions]).toEqual(["MemoryPressure"]);
  expect(over.acute).toBeUndefined();

  const long = pressureOf(thresholds, memory(500), over.state, 310_000, transitionMs);
  expect([...long.conditions]).toEqual([]);
});

test("a soft threshold is acute when it was crossed for its grace period without a break", () => {
  const thresholds = parseThresholds({ soft: "memory.available<100", softGracePeriod: "memory.available=1m" });
  const first = pressureOf(thresholds, memory(50), noPressure, 0, transitionMs);
  expect([...first.conditions]).toEqual(["MemoryPressure"]);
  expect(first.acute).toBeUndefined();

  const pause = pressureOf(thresholds, memory(200), first.state, 30_000, transitionMs);
  const again = pressureOf(thresholds, memory(50), pause.state, 60_000, transitionMs);
  expect(again.acute).toBeUndefined();
  expect(pressureOf(thresholds, memory(50), again.state, 120_000, transitionMs).acute).toBe(thresholds[0]);
});

test("memory comes before disk", () => {
  const thresholds = parseThresholds({ hard: "nodefs.available<10%,memory.available<100" });
  const seen: Observations = new Map([
    ["nodefs.available", { available: 1, capacity: 1000 }],
    ["memory.available", { available: 1, capacity: 1000 }],
  ]);
  const { acute, conditions } = pressureOf(thresholds, seen, noPressure, 0, transitionMs);
  expect(acute?.signal).toBe("memory.available");
  expect([...conditions].sort()).toEqual(["DiskPressure", "MemoryPressure"]);
});
