import { expect, test } from "vitest";
import { limitProperties, roundedQuota } from "./unit-properties.ts";

const unlimited = 2n ** 64n - 1n;
const plain = (...args: Parameters<typeof limitProperties>) =>
  Object.fromEntries(limitProperties(...args).map(([name, { value }]) => [name, value]));

test("limits are told by the names of either version of cgroups", () => {
  const limits = {
    cpuShares: 1024,
    cpuPeriodMicros: 100_000,
    cpuQuotaMicros: 50_000,
    memoryBytes: 64 * 1024 * 1024,
    processes: 50,
  };
  expect(plain(limits, 2, 252)).toEqual({
    CPUWeight: 39n,
    CPUQuotaPeriodUSec: 100_000n,
    CPUQuotaPerSecUSec: 500_000n,
    MemoryMax: 67_108_864n,
    TasksMax: 50n,
  });
  expect(plain(limits, 1, 252)).toMatchObject({ CPUShares: 1024n, MemoryLimit: 67_108_864n });
});

test("no limit is told as such, so that one of before ends", () => {
  expect(plain({ cpuQuotaMicros: -1, memoryBytes: -1, processes: -1 }, 2, 252)).toEqual({
    CPUQuotaPerSecUSec: unlimited,
    MemoryMax: unlimited,
    TasksMax: unlimited,
  });
  expect(plain({}, 2, 252)).toEqual({});
});

test("a quota is rounded up to whole percents, for systemd and for the kernel", () => {
  const limits = { cpuPeriodMicros: 100_000, cpuQuotaMicros: 12_345 };
  expect(plain(limits, 2, 252).CPUQuotaPerSecUSec).toBe(130_000n);
  expect(roundedQuota(limits)).toEqual({ cpuPeriodMicros: 100_000, cpuQuotaMicros: 13_000 });
  expect(roundedQuota({ cpuQuotaMicros: -1 })).toEqual({ cpuQuotaMicros: -1 });
});

test("an old systemd is not told of a period, which it does not know", () => {
  expect(plain({ cpuPeriodMicros: 50_000, cpuQuotaMicros: 50_000 }, 2, 241)).toEqual({
    CPUQuotaPerSecUSec: 1_000_000n,
  });
});
