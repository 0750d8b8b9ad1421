import { expect, test } from "vitest";
import type { Job } from "../../api/types/index.ts";
import { noFailures } from "./failure-streaks.ts";
import { planJob } from "./plan.ts";

test.each([
  [1, ["Completed"]],
  [2, ["TooManySucceededPods", "Completed"]],
])("of a job for one pod of which %i succeeded it tells %j", (count, reasons) => {
  const succeeded = Array.from({ length: count }, (_, index) => `uid-${index}`);
  const job: Job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "j" },
    spec: { completions: 1, parallelism: 1, template: { metadata: {}, spec: { containers: [] } } },
    status: { startTime: "2026-01-01T00:00:00Z", uncountedTerminatedPods: { succeeded } },
  };
  const plan = planJob({ job, pods: [], streak: noFailures, mayAct: true, nowMs: Date.UTC(2026, 0, 1, 1) });
  expect(plan.events.map(({ reason }) => reason)).toEqual(reasons);
  expect([plan.status.succeeded, plan.create]).toEqual([count, 0]);
});
