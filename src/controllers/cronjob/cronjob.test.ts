import { afterEach, expect, test } from "vitest";
import { parseCronSchedule } from "../../api/kinds/index.ts";
import { formatTime } from "../../api/meta/index.ts";
import type { CronJob } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";
import { nextTime, zonedTime } from "./schedule.ts";

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

test("a job carries its time on the clocks of the cron job's zone", () => {
  const ms = Date.UTC(2026, 6, 1, 12);
  expect(zonedTime(ms, undefined)).toBe("2026-07-01T12:00:00Z");
  expect(zonedTime(ms, "Etc/UTC")).toBe("2026-07-01T12:00:00Z");
  expect(zonedTime(ms, "America/New_York")).toBe("2026-07-01T08:00:00-04:00");
  expect(zonedTime(ms, "Asia/Kolkata")).toBe("2026-07-01T17:30:00+05:30");
});

async function start(spec: Partial<CronJob["spec"]> = {}) {
  cluster = await testCluster(["cronjob-controller"]);
  const template = { metadata: {}, spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } };
  await cluster.client.resource(resources.cronjobs).create({
    metadata: { namespace: "default", name: "tick" },
    spec: { schedule: "*/5 * * * *", jobTemplate: { metadata: {}, spec: { template } }, ...spec },
  });
  await cluster.settle();
  return cluster;
}

const names = async (running: TestCluster) =>
  (await running.one(resources.cronjobs, "tick")).status?.active?.map(({ name }) => name);
const first = `tick-${Date.UTC(2026, 0, 1, 0, 5) / 60_000}`;

async function endJob(running: TestCluster, name: string, type: "Complete" | "Failed") {
  const job = await running.one(resources.jobs, name);
  const now = formatTime(running.host.clock.now());
  const before = type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
  const conditions = [before, type].map((one) => ({ type: one, status: "True", lastTransitionTime: now }));
  const completed = type === "Complete" ? { completionTime: now } : {};
  const status = { startTime: job.metadata.creationTimestamp ?? now, conditions, ...completed };
  await running.client.resource(resources.jobs).updateStatus({ ...job, status });
  await running.settle();
}

test("jobs that end, vanish, or were made by somebody else are told", async () => {
  const running = await start({ concurrencyPolicy: "Forbid" });
  await running.settle(300_000);
  expect(await names(running)).toEqual([first]);
  await endJob(running, first, "Failed");
  expect(await names(running)).toBeUndefined();
  const second = `tick-${Date.UTC(2026, 0, 1, 0, 10) / 60_000}`;
  await running.settle(300_000);
  expect(await names(running)).toEqual([second]);
  await running.client
    .resource(resources.jobs)
    .delete({ namespace: "default", name: second }, { propagationPolicy: "Background" });
  await running.settle();
  expect(await names(running)).toBeUndefined();
  const { uid } = (await running.one(resources.cronjobs, "tick")).metadata;
  const owner = { apiVersion: "batch/v1", kind: "CronJob", name: "tick", uid: uid ?? "", controller: true };
  const { spec } = await running.one(resources.jobs, first);
  const { selector: _, ...own } = spec;
  const template = { ...own.template, metadata: {} };
  const metadata = { namespace: "default", name: "by-hand", ownerReferences: [owner] };
  await running.client.resource(resources.jobs).create({ metadata, spec: { ...own, template } });
  await running.settle();
  expect(await names(running)).toBeUndefined();
  const told = await running.events();
  for (const event of [
    `Normal SawCompletedJob CronJob: Saw completed job: ${first}, condition: Failed`,
    `Normal MissingJob CronJob: Active job went missing: ${second}`,
    "Warning UnexpectedJob CronJob: Saw a job that the controller did not create or forgot: by-hand",
  ])
    expect(told).toContain(event);
  // What somebody else made does not hold the next run up.
  await running.settle(300_000);
  expect(await names(running)).toEqual([`tick-${Date.UTC(2026, 0, 1, 0, 15) / 60_000}`]);
});

test("more than a hundred missed times are told, and only the last of them is made good", async () => {
  const running = await start({ schedule: "* * * * *", suspend: true });
  await running.settle(120 * 60_000);
  await running.client
    .resource(resources.cronjobs)
    .patch({ namespace: "default", name: "tick" }, "merge", { spec: { suspend: false } });
  await running.settle();
  expect(await running.all(resources.jobs)).toHaveLength(1);
  expect(await running.events()).toContain(
    "Warning TooManyMissedTimes CronJob: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
  );
});
