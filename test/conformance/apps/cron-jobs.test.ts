import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { fastHost } from "../support/fast-host.ts";
import { expectLifecycle, expectStatusChanges } from "../support/lifecycle.ts";
import { batch, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { container } from "../support/workloads.ts";

// Schedules know minutes: here a minute passes in two seconds.
const suite = conformanceSuite({ nodes: { count: 1 }, host: fastHost(30) });

const cronJobs = (namespace: string) => batch(namespace, "cronjobs");
const jobs = (namespace: string) => batch(namespace, "jobs");

function cronJob(name: string, changes: Json = {}, metadata: Json = {}): Json {
  const sleeping = container({ image: "busybox", command: ["sleep", "300"] });
  const template = { spec: { restartPolicy: "OnFailure", terminationGracePeriodSeconds: 0, containers: [sleeping] } };
  return {
    metadata: { name, ...metadata },
    spec: { schedule: "*/1 * * * *", jobTemplate: { spec: { template } }, ...changes },
  };
}

function active(items: Json[]): Json[] {
  return items.filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && (status.active ?? 0) > 0);
}

test("CronJob AllowConcurrent", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(cronJobs(namespace), cronJob("concurrent", { concurrencyPolicy: "Allow" }));
  const running = await api.untilList(jobs(namespace), (items) => active(items).length >= 2);
  expect(running.length).toBeGreaterThanOrEqual(2);
  await api.until(`${cronJobs(namespace)}/concurrent`, ({ status }) => (status.active ?? []).length >= 2);
  await api.delete(`${cronJobs(namespace)}/concurrent`);
});

test("CronJob Suspend", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(cronJobs(namespace), cronJob("suspended", { suspend: true }));
  // Another one with the same schedule tells that the time has come.
  await api.create(cronJobs(namespace), cronJob("clock"));
  await api.untilList(jobs(namespace), (items) => active(items).length >= 2);
  const { items } = await api.get(jobs(namespace));
  expect(items.filter((item: Json) => item.metadata.name.startsWith("suspended"))).toEqual([]);
  expect((await api.get(`${cronJobs(namespace)}/suspended`)).status.active ?? []).toEqual([]);
  await api.delete(`${cronJobs(namespace)}/clock`);
});

test("CronJob ForbidConcurrent", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(cronJobs(namespace), cronJob("forbid", { concurrencyPolicy: "Forbid" }));
  await api.untilList(jobs(namespace), (items) => active(items).length === 1);
  await api.create(cronJobs(namespace), cronJob("clock"));
  const both = await api.untilList(
    jobs(namespace),
    (items) => items.filter((item) => item.metadata.name.startsWith("clock")).length >= 2,
  );
  expect(both.filter((item) => item.metadata.name.startsWith("forbid"))).toHaveLength(1);
  expect((await api.get(`${cronJobs(namespace)}/forbid`)).status.active).toHaveLength(1);
  for (const name of ["clock", "forbid"]) await api.delete(`${cronJobs(namespace)}/${name}`);
});

test("CronJob ReplaceConcurrent", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(cronJobs(namespace), cronJob("replace", { concurrencyPolicy: "Replace" }));
  const [first] = await api.untilList(jobs(namespace), (items) => active(items).length === 1);
  const replaced = await api.untilList(
    jobs(namespace),
    (items) => items.length === 1 && items[0].metadata.uid !== first.metadata.uid && active(items).length === 1,
  );
  expect(replaced[0].metadata.name).toMatch(/^replace-/);
  await api.delete(`${cronJobs(namespace)}/replace`);
  await api.untilList(pods(namespace), (items) => items.length === 0);
});

test("CronJob API Operations", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const quarterly = { schedule: "0 0 1 1 *" };
  await expectLifecycle(api, {
    group: "batch",
    version: "v1",
    resource: "cronjobs",
    namespace,
    subresources: ["status"],
    object: (name, labels) => cronJob(name, quarterly, { labels }),
  });
  await api.create(cronJobs(namespace), cronJob("with-status", quarterly));
  await expectStatusChanges(
    api,
    `${cronJobs(namespace)}/with-status`,
    { lastScheduleTime: "2026-01-01T00:00:00Z" },
    (status) => {
      status.lastScheduleTime = "2026-01-01T00:01:00Z";
    },
  );
});
