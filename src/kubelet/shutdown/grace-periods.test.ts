import { expect, test } from "vitest";
import type { Pod } from "../../api/types/index.ts";
import { groupByPriority, ShutdownConfigError, type ShutdownPeriods, shutdownGracePeriods } from "./grace-periods.ts";

const podOf = (name: string, priority?: number): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default", uid: name },
  spec: { containers: [], priority },
});

test("of one time the critical pods get their part last, the others the rest of it first", () => {
  const periods = { shutdownGracePeriodMs: 30_000, shutdownGracePeriodCriticalPodsMs: 10_000 };
  expect(shutdownGracePeriods(periods)).toEqual([
    { priority: 0, shutdownGracePeriodSeconds: 20 },
    { priority: 2_000_000_000, shutdownGracePeriodSeconds: 10 },
  ]);
});

test("without a time no shutdown is held back", () => {
  expect(shutdownGracePeriods({})).toEqual([]);
  expect(shutdownGracePeriods({ shutdownGracePeriodMs: 0, shutdownGracePeriodByPodPriority: [] })).toEqual([]);
});

test("groups end from the lowest priority to the highest, however they are listed", () => {
  const shutdownGracePeriodByPodPriority = [
    { priority: 1000, shutdownGracePeriodSeconds: 3 },
    { priority: 0, shutdownGracePeriodSeconds: 5 },
  ];
  expect(shutdownGracePeriods({ shutdownGracePeriodByPodPriority }).map(({ priority }) => priority)).toEqual([0, 1000]);
});

test.each<[string, ShutdownPeriods, string]>([
  [
    "more for critical pods than for all",
    { shutdownGracePeriodMs: 5000, shutdownGracePeriodCriticalPodsMs: 10_000 },
    "invalid configuration: shutdownGracePeriodCriticalPods {10s} must be <= shutdownGracePeriod {5s}",
  ],
  [
    "less than a second",
    { shutdownGracePeriodMs: 500 },
    "invalid configuration: shutdownGracePeriod {500ms} must be either zero or otherwise >= 1 sec",
  ],
  [
    "both ways of saying it",
    {
      shutdownGracePeriodMs: 5000,
      shutdownGracePeriodByPodPriority: [{ priority: 0, shutdownGracePeriodSeconds: 5 }],
    },
    "invalid configuration: Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time",
  ],
])("%s is refused", (_, periods, message) => {
  expect(() => shutdownGracePeriods(periods)).toThrow(new ShutdownConfigError(message));
});

test("a priority between two groups belongs to the lower one, one below all to the lowest", () => {
  const periods = [-10, 0, 1000].map((priority) => ({ priority, shutdownGracePeriodSeconds: 1 }));
  const pods = [podOf("none"), podOf("999", 999), podOf("1000", 1000), podOf("huge", 2_000_001_000), podOf("-99", -99)];
  const groups = groupByPriority(periods, pods).map(({ pods: members }) =>
    members.map(({ metadata }) => metadata.name),
  );
  expect(groups).toEqual([["-99"], ["none", "999"], ["1000", "huge"]]);
});
