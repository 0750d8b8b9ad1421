import { afterEach, expect, test } from "vitest";
import { formatTime, keyOf } from "../../api/meta/index.ts";
import type { Job, Pod } from "../../api/types/index.ts";
import { type Draft, resources } from "../../client/index.ts";
import { type TestCluster, type TestClusterOptions, testCluster } from "../test-cluster.ts";
import { formatIndexes, parseIndexes } from "./indexes.ts";

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function start(spec: Partial<Job["spec"]>, options?: TestClusterOptions): Promise<TestCluster> {
  cluster = await testCluster(["job-controller"], {}, options);
  const labels = { app: "j", "job-name": "j" };
  const job: Draft<Job> = {
    metadata: { namespace: "default", name: "j" },
    spec: {
      manualSelector: true,
      selector: { matchLabels: { app: "j" } },
      completions: 1,
      parallelism: 1,
      template: {
        metadata: { labels },
        spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers: [{ name: "c", image: "i" }] },
      },
      ...spec,
    },
  };
  await cluster.client.resource(resources.jobs).create(job);
  await cluster.settle();
  return cluster;
}

async function end(running: TestCluster, phase: "Succeeded" | "Failed", which = (_: Pod) => true) {
  await running.runPods();
  const now = formatTime(running.host.clock.now());
  for (const pod of await running.all(resources.pods)) {
    if (pod.status?.phase !== "Running" || !which(pod)) continue;
    const status = {
      ...pod.status,
      phase,
      conditions: [{ type: "Ready", status: "False", lastTransitionTime: now }],
    };
    await running.client.resource(resources.pods).updateStatus({ ...pod, status });
  }
  await running.settle();
}

const job = (running: TestCluster) => running.one(resources.jobs, "j");

test("is complete when enough pods have succeeded, and says so as the original", async () => {
  const running = await start({ completions: 2, parallelism: 2 });
  expect((await job(running)).status).toMatchObject({
    active: 2,
    terminating: 0,
    uncountedTerminatedPods: {},
    ready: 0,
  });
  await end(running, "Succeeded");
  const { status } = await job(running);
  const { conditions, startTime, completionTime, ...counts } = status ?? {};
  expect(counts).toEqual({ succeeded: 2, terminating: 0, uncountedTerminatedPods: {}, ready: 0 });
  expect([startTime, completionTime].every(Boolean)).toBe(true);
  expect(conditions?.map(({ type, reason, message }) => [type, reason, message])).toEqual([
    ["SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"],
    ["Complete", "CompletionsReached", "Reached expected number of succeeded pods"],
  ]);
  const pods = await running.all(resources.pods);
  expect(pods.map(({ metadata }) => metadata.finalizers ?? [])).toEqual([[], []]);
  expect((await running.events()).at(-1)).toBe("Normal Completed Job: Job completed");
});

test("fails when the backoff limit is passed, waiting longer before each new pod", async () => {
  const running = await start({ backoffLimit: 1 });
  await end(running, "Failed");
  expect((await running.all(resources.pods)).length).toBe(1);
  await running.settle(10_000);
  expect((await running.all(resources.pods)).length).toBe(2);
  await end(running, "Failed");
  const { status } = await job(running);
  expect(status?.failed).toBe(2);
  expect(status?.conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
    "FailureTarget BackoffLimitExceeded",
    "Failed BackoffLimitExceeded",
  ]);
  expect((await running.events()).at(-1)).toBe(
    "Warning BackoffLimitExceeded Job: Job has reached the specified backoff limit",
  );
});

test("suspended it runs nothing; resumed it runs until its deadline", async () => {
  const running = await start({ suspend: true, activeDeadlineSeconds: 4 });
  expect(await running.all(resources.pods)).toEqual([]);
  expect((await job(running)).status?.startTime).toBeUndefined();
  await running.client
    .resource(resources.jobs)
    .patch({ namespace: "default", name: "j" }, "merge", { spec: { suspend: false } });
  await running.settle();
  await running.runPods();
  await running.settle(5000);
  await running.endDeletedPods();
  const { status } = await job(running);
  expect(status?.failed).toBe(1);
  expect(status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual([
    "Suspended False JobResumed",
    "FailureTarget True DeadlineExceeded",
    "Failed True DeadlineExceeded",
  ]);
});

test("an indexed job gives every index to one pod", async () => {
  const running = await start({ completions: 3, parallelism: 2, completionMode: "Indexed" });
  const hostnames = async () => (await running.all(resources.pods)).map(({ spec }) => spec.hostname);
  expect(await hostnames()).toEqual(["j-0", "j-1"]);
  await end(running, "Succeeded");
  expect(await hostnames()).toEqual(["j-0", "j-1", "j-2"]);
  await end(running, "Succeeded");
  expect((await job(running)).status).toMatchObject({ succeeded: 3, completedIndexes: "0-2" });
});

test("pods of a job that is gone lose the finalizer", async () => {
  const running = await start({});
  await running.client
    .resource(resources.jobs)
    .delete({ namespace: "default", name: "j" }, { propagationPolicy: "Background" });
  await running.settle();
  const [pod] = await running.all(resources.pods);
  expect(pod?.metadata.finalizers ?? []).toEqual([]);
});

test("indexes are written as ranges and read back", () => {
  expect(formatIndexes(new Set([5, 0, 1, 2, 7, 8]))).toBe("0-2,5,7,8");
  expect([...parseIndexes("0-2,5")]).toEqual([0, 1, 2, 5]);
});

test("a pod that its job let go of loses the finalizer, also when that happened while nobody looked", async () => {
  const running = await start({});
  const [before] = await running.all(resources.pods);
  await running.client.resource(resources.pods).patch(keyOf(before ?? { metadata: {} }), "merge", {
    metadata: { ownerReferences: null, labels: { app: "free" } },
  });
  await running.settle();
  const released = await running.one(resources.pods, before?.metadata.name ?? "");
  expect(released.metadata.finalizers ?? []).toEqual([]);
  const finalizers = ["batch.kubernetes.io/job-tracking"];
  const { spec } = released;
  await running.client
    .resource(resources.pods)
    .create({ metadata: { namespace: "default", name: "found", finalizers }, spec: { containers: spec.containers } });
  await running.settle();
  expect((await running.one(resources.pods, "found")).metadata.finalizers ?? []).toEqual([]);
});

test("after a success the next failure waits as the first did", async () => {
  const running = await start({ completions: 3, backoffLimit: 6 });
  await end(running, "Failed");
  await running.settle(10_000);
  await end(running, "Failed");
  await running.settle(20_000);
  await end(running, "Succeeded");
  expect((await job(running)).status).toMatchObject({ failed: 2, succeeded: 1, active: 1 });
  await running.settle(2000);
  await end(running, "Failed");
  expect((await job(running)).status?.active).toBeUndefined();
  await running.settle(10_000);
  expect((await job(running)).status?.active).toBe(1);
});

test("a pod that nobody controls is taken by the job that selects it, and goes if it is one too many", async () => {
  const running = await start({});
  await running.settle(2000);
  const spec = { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] };
  const metadata = { namespace: "default", name: "stray", labels: { app: "other" } };
  await running.client.resource(resources.pods).create({ metadata, spec });
  await running.settle();
  const stray = { namespace: "default", name: "stray" };
  await running.client.resource(resources.pods).patch(stray, "merge", { metadata: { labels: { app: "j" } } });
  await running.settle();
  expect(await running.events()).toContain("Normal SuccessfulDelete Job: Deleted pod: stray");
});

test("with less parallelism those pods go that do least: without a node first, then not ready, then young", async () => {
  const running = await start({ completions: 4, parallelism: 3 });
  await running.runPods();
  const before = (await running.all(resources.pods)).map(({ metadata }) => metadata.uid);
  await running.settle(5000);
  const key = { namespace: "default", name: "j" };
  const jobs = running.client.resource(resources.jobs);
  await jobs.patch(key, "merge", { spec: { parallelism: 4 } });
  await running.settle();
  await jobs.patch(key, "merge", { spec: { parallelism: 3 } });
  await running.settle();
  const kept = (await running.all(resources.pods)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  expect(kept.map(({ metadata }) => metadata.uid)).toEqual(before);
});

test("what is counted of a job that is seen late makes no pods that nobody needs", async () => {
  const late: TestClusterOptions = {
    transport: (inner) => ({
      ...inner,
      watch: (request, sink) => {
        if (request.resource !== "jobs") return inner.watch(request, sink);
        const events: typeof sink.events = (batch) => {
          cluster?.host.clock.setTimer(500, () => sink.events(batch));
        };
        return inner.watch(request, { events, end: () => sink.end() });
      },
    }),
  };
  const running = await start({ completions: 2, parallelism: 1 }, late);
  await running.settle(2000);
  await end(running, "Succeeded");
  await running.settle(5000);
  await end(running, "Succeeded");
  await running.settle(5000);
  expect((await running.all(resources.pods)).map(({ status }) => status?.phase)).toEqual(["Succeeded", "Succeeded"]);
  const { status } = await job(running);
  expect([status?.succeeded, status?.failed]).toEqual([2, undefined]);
});
