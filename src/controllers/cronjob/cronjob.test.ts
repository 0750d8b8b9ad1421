import { afterEach, expect, test } from "vitest";
import { parseCronSchedule } from "../../api/kinds/index.ts";
import { formatTime } from "../../api/meta/index.ts";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";
import { nextTime } from "./schedule.ts";

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

test.each([
  ["*/15 * * * *", undefined, "2026-01-01T00:15:00Z"],
  ["0 9-17/4 * * mon-fri", undefined, "2026-01-01T09:00:00Z"],
  ["30 3 29 feb *", undefined, "2028-02-29T03:30:00Z"],
  ["0 0 13 * 5", undefined, "2026-01-02T00:00:00Z"],
  ["@daily", undefined, "2026-01-02T00:00:00Z"],
  ["0 12 * * *", "Asia/Kolkata", "2026-01-01T06:30:00Z"],
  ["@every 1h30m", undefined, "2026-01-01T01:30:00Z"],
])("%s in %s comes next at %s", (line, zone, expected) => {
  const next = nextTime(parseCronSchedule(line), Date.UTC(2026, 0, 1), zone);
  expect(next === undefined ? undefined : formatTime(next)).toBe(expected);
});

test("what never comes is never waited for, and nonsense is refused", () => {
  expect(nextTime(parseCronSchedule("0 0 30 2 *"), 0, undefined)).toBeUndefined();
  expect(() => parseCronSchedule("61 * * * *")).toThrow("above maximum (59)");
  expect(() => parseCronSchedule("* * *")).toThrow("expected exactly 5 fields");
});

test("starts one job for each time and keeps as many as the history allows", async () => {
  cluster = await testCluster(["cronjob-controller"]);
  await cluster.client.resource(resources.cronjobs).create({
    metadata: { namespace: "default", name: "tick" },
    spec: {
      schedule: "*/5 * * * *",
      concurrencyPolicy: "Allow",
      successfulJobsHistoryLimit: 1,
      jobTemplate: {
        metadata: {},
        spec: {
          template: {
            metadata: { labels: { a: "b" } },
            spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] },
          },
        },
      },
    },
  });
  await cluster.settle();
  expect(await cluster.all(resources.jobs)).toEqual([]);
  await cluster.settle(300_000);
  const [job, ...none] = await cluster.all(resources.jobs);
  expect(none).toEqual([]);
  expect(job?.metadata.name).toBe(`tick-${Date.UTC(2026, 0, 1, 0, 5) / 60_000}`);
  const { status } = await cluster.one(resources.cronjobs, "tick");
  expect(status?.lastScheduleTime).toBe("2026-01-01T00:05:00Z");
  expect(status?.active?.map(({ name }) => name)).toEqual([job?.metadata.name]);
  for (let round = 0; round < 3; round++) {
    for (const running of await cluster.all(resources.jobs)) {
      const now = formatTime(cluster.host.clock.now());
      const conditions = ["SuccessCriteriaMet", "Complete"].map((type) => ({
        type,
        status: "True",
        lastTransitionTime: now,
      }));
      const done = {
        startTime: running.metadata.creationTimestamp ?? now,
        completionTime: now,
        succeeded: 1,
        conditions,
      };
      if (running.status?.completionTime === undefined)
        await cluster.client.resource(resources.jobs).updateStatus({ ...running, status: done });
    }
    await cluster.settle(300_000);
  }
  expect((await cluster.all(resources.jobs)).length).toBe(2);
  expect(await cluster.events()).toContain(`Normal SuccessfulCreate CronJob: Created job ${job?.metadata.name}`);
});
