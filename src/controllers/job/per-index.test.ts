import { afterEach, expect, test } from "vitest";
import type { Job, Pod } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";
import { indexOf } from "./indexes.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

async function start(spec: Partial<Job["spec"]>): Promise<void> {
  cluster = await testCluster(["job-controller"]);
  const labels = { app: "j" };
  await cluster.client.resource(resources.jobs).create({
    metadata: { namespace: "default", name: "j" },
    spec: {
      completionMode: "Indexed",
      completions: 4,
      parallelism: 4,
      manualSelector: true,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } },
      ...spec,
    },
  });
  await cluster.settle();
}

/** Ends running pods: exit code by index; undefined leaves one running. */
async function end(exitCodes: (index: number) => number | undefined): Promise<void> {
  await cluster.runPods();
  for (const pod of await cluster.all(resources.pods)) {
    const exitCode = exitCodes(indexOf(pod) ?? -1);
    if (pod.status?.phase !== "Running" || exitCode === undefined) continue;
    const terminated = { exitCode };
    const containerStatuses = [
      { name: "c", image: "i", imageID: "i", ready: false, restartCount: 0, state: { terminated } },
    ];
    const conditions = [{ type: "Ready", status: "False", lastTransitionTime: pod.metadata.creationTimestamp }];
    const status = { ...pod.status, phase: exitCode === 0 ? "Succeeded" : "Failed", containerStatuses, conditions };
    await cluster.client.resource(resources.pods).updateStatus({ ...pod, status });
  }
  await cluster.settle();
}

const job = () => cluster.one(resources.jobs, "j");
const conditions = async () => (await job()).status?.conditions?.map(({ type, reason }) => `${type} ${reason}`);
const failures = (pod: Pod) => pod.metadata.annotations?.["batch.kubernetes.io/job-index-failure-count"];
async function podsOf(index: number): Promise<Pod[]> {
  return (await cluster.all(resources.pods)).filter((pod) => indexOf(pod) === index);
}
const isHeld = (pod: Pod) => pod.metadata.finalizers?.includes("batch.kubernetes.io/job-tracking") ?? false;

test("each index may fail so often, with its own waiting time; the others go on", async () => {
  await start({ backoffLimitPerIndex: 1, parallelism: 2 });
  expect((await job()).status).toMatchObject({ active: 2, failedIndexes: "" });
  await end((index) => (index === 1 ? 1 : 0));
  // Index 1 waits for its next try, and until then its pod is held and not counted.
  const [first] = await podsOf(1);
  expect(first && [failures(first), isHeld(first)]).toEqual(["0", true]);
  expect((await job()).status).toMatchObject({ succeeded: 1, completedIndexes: "0" });
  expect((await job()).status?.failed).toBeUndefined();
  expect((await cluster.all(resources.pods)).map(indexOf)).toEqual([0, 1, 2]);
  await cluster.settle(10_000);
  const again = await podsOf(1);
  expect(again.map(failures).sort()).toEqual(["0", "1"]);
  expect((await job()).status).toMatchObject({ failed: 1, failedIndexes: "" });
  await end((index) => (index === 1 ? 1 : 0));
  expect((await job()).status).toMatchObject({ failed: 2, failedIndexes: "1", completedIndexes: "0,2" });
  await end(() => 0);
  const { status } = await job();
  expect(status).toMatchObject({ succeeded: 3, failed: 2, failedIndexes: "1", completedIndexes: "0,2,3" });
  expect(await conditions()).toEqual(["FailureTarget FailedIndexes", "Failed FailedIndexes"]);
  expect(status?.conditions?.at(-1)?.message).toBe("Job has failed indexes");
  expect((await cluster.all(resources.pods)).some(isHeld)).toBe(false);
});

test("more failed indexes than are allowed end the job, and what runs of it", async () => {
  await start({ backoffLimitPerIndex: 0, maxFailedIndexes: 1 });
  await end((index) => (index < 2 ? 1 : undefined));
  // Those that are stopped for it have failed too.
  expect((await job()).status?.failedIndexes).toBe("0-3");
  await cluster.endDeletedPods();
  await cluster.settle();
  expect(await conditions()).toEqual(["FailureTarget MaxFailedIndexesExceeded", "Failed MaxFailedIndexesExceeded"]);
  expect((await cluster.events()).at(-1)).toBe(
    "Warning MaxFailedIndexesExceeded Job: Job has exceeded the specified maximal number of failed indexes",
  );
  expect((await job()).status).toMatchObject({ failed: 4, terminating: 0 });
});

test("the policy gives an index up at once, and ignored failures are counted apart", async () => {
  const rules = [
    { action: "FailIndex", onExitCodes: { operator: "In", values: [42] } },
    { action: "Ignore", onExitCodes: { operator: "In", values: [3] } },
  ];
  await start({ backoffLimitPerIndex: 3, completions: 2, podFailurePolicy: { rules } });
  await end((index) => (index === 0 ? 42 : 3));
  expect((await job()).status).toMatchObject({ failed: 1, failedIndexes: "0" });
  await cluster.settle(10_000);
  const again = (await podsOf(1)).find((pod) => pod.status?.phase === "Pending");
  expect(again?.metadata.annotations).toMatchObject({
    "batch.kubernetes.io/job-index-failure-count": "0",
    "batch.kubernetes.io/job-index-ignored-failure-count": "1",
  });
  await end(() => 0);
  expect((await job()).status).toMatchObject({ succeeded: 1, failed: 1, completedIndexes: "1" });
  expect(await conditions()).toEqual(["FailureTarget FailedIndexes", "Failed FailedIndexes"]);
});

test("with fewer completions and less parallelism the pods of the highest indexes go", async () => {
  await start({});
  const spec = { completions: 2, parallelism: 2 };
  await cluster.client.resource(resources.jobs).patch({ namespace: "default", name: "j" }, "merge", { spec });
  await cluster.settle();
  await cluster.endDeletedPods();
  expect(
    (await cluster.all(resources.pods)).filter(({ metadata }) => !metadata.deletionTimestamp).map(indexOf),
  ).toEqual([0, 1]);
  await end(() => 0);
  expect((await job()).status).toMatchObject({ succeeded: 2, completedIndexes: "0,1" });
  expect(await conditions()).toEqual(["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"]);
});

test("a job that another controller manages is left alone", async () => {
  await start({ managedBy: "example.com/queue" });
  expect(await cluster.all(resources.pods)).toEqual([]);
  expect((await job()).status ?? {}).toEqual({});
});

test("with podReplacementPolicy Failed no pod is replaced before it has ended", async () => {
  await start({ podReplacementPolicy: "Failed", completions: 1, parallelism: 1 });
  await cluster.runPods();
  const [pod] = await cluster.all(resources.pods);
  await cluster.client.resource(resources.pods).delete({ namespace: "default", name: pod?.metadata.name ?? "" });
  await cluster.settle();
  expect((await job()).status).toMatchObject({ terminating: 1 });
  expect((await job()).status?.active).toBeUndefined();
  expect((await cluster.all(resources.pods)).length).toBe(1);
  await end(() => 1);
  await cluster.endDeletedPods();
  expect((await job()).status).toMatchObject({ failed: 1, terminating: 0 });
  await cluster.settle(10_000);
  expect((await job()).status).toMatchObject({ active: 1, failed: 1 });
});
