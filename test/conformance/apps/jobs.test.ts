import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { fastHost } from "../support/fast-host.ts";
import { expectStatusChanges } from "../support/lifecycle.ts";
import { batch, core, labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { condition, container, isReady, ownedBy } from "../support/workloads.ts";

// Back-off times of ten seconds and more pass quickly.
const suite = conformanceSuite({ nodes: { count: 2 }, host: fastHost(20) });

const jobs = (namespace: string) => batch(namespace, "jobs");
const index = '"$JOB_COMPLETION_INDEX"';

function job(name: string, script: string, spec: Json = {}, podSpec: Json = {}): Json {
  const running = container({ image: "busybox", command: ["sh", "-c", script] });
  const template = {
    spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 0, containers: [running], ...podSpec },
  };
  return { metadata: { name }, spec: { template, ...spec } };
}

function has(type: string, reason?: string): (object: Json) => boolean {
  return (object) => {
    const found = condition(object, type);
    return found?.status === "True" && (reason === undefined || found.reason === reason);
  };
}

async function runTo(namespace: string, object: Json, holds: (job: Json) => boolean): Promise<Json> {
  await suite.api.create(jobs(namespace), object);
  return suite.api.until(`${jobs(namespace)}/${object.metadata.name}`, holds, 45_000);
}

test("Jobs, completion after task failure", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  // What the tasks do is in a config map: first they fail, and after a change their restarts succeed.
  await api.create(core(namespace, "configmaps"), { metadata: { name: "task" }, data: { code: "1" } });
  const env = [{ name: "CODE", valueFrom: { configMapKeyRef: { name: "task", key: "code" } } }];
  const task = container({ image: "busybox", command: ["sh", "-c", "exit $CODE"], env });
  await api.create(
    jobs(namespace),
    job(
      "fail-once-local",
      "",
      { parallelism: 2, completions: 4, backoffLimit: 50 },
      { restartPolicy: "OnFailure", containers: [task] },
    ),
  );
  await api.untilList(pods(namespace), (items) =>
    items.some(({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) > 0),
  );
  await api.patch(`${core(namespace, "configmaps")}/task`, "merge", { data: { code: "0" } });
  const done = await api.until(`${jobs(namespace)}/fail-once-local`, has("Complete"), 45_000);
  expect(done.status.succeeded).toBe(4);
  const { items } = await api.get(pods(namespace));
  expect(items.some((item: Json) => item.status.containerStatuses[0].restartCount > 0)).toBe(true);
});

/** Of four indexes the odd ones end with this code. */
const oddFail = (code: number) =>
  `if [ ${index} = 1 ]; then exit ${code}; fi; if [ ${index} = 3 ]; then exit ${code}; fi`;

test("Ensure that all indexes are executed for an indexed job with backoffLimitPerIndex despite some failing", async () => {
  const namespace = await suite.namespace();
  const spec = { parallelism: 2, completions: 4, completionMode: "Indexed", backoffLimitPerIndex: 1 };
  const done = await runTo(namespace, job("odd-fail", oddFail(1), spec), has("Failed", "FailedIndexes"));
  expect(done.status).toMatchObject({ completedIndexes: "0,2", failedIndexes: "1,3", succeeded: 2, failed: 4 });
});

test("Mark indexes as failed when the FailIndex action is matched in podFailurePolicy", async () => {
  const namespace = await suite.namespace();
  const rules = [{ action: "FailIndex", onExitCodes: { operator: "In", values: [42] } }];
  const spec = {
    parallelism: 2,
    completions: 4,
    completionMode: "Indexed",
    backoffLimitPerIndex: 10,
    podFailurePolicy: { rules },
  };
  const done = await runTo(namespace, job("fail-index", oddFail(42), spec), has("Failed", "FailedIndexes"));
  expect(done.status).toMatchObject({ completedIndexes: "0,2", failedIndexes: "1,3", succeeded: 2, failed: 2 });
});

test("Terminate job execution when the maxFailedIndexes is exceeded", async () => {
  const namespace = await suite.namespace();
  const spec = {
    parallelism: 2,
    completions: 10,
    completionMode: "Indexed",
    backoffLimitPerIndex: 0,
    maxFailedIndexes: 0,
  };
  const done = await runTo(namespace, job("all-fail", "exit 1", spec), has("Failed", "MaxFailedIndexesExceeded"));
  expect(done.status.completedIndexes ?? "").toBe("");
  expect(done.status.failed).toBeLessThanOrEqual(2);
});

test("Verify Pod Failure policy allows to fail job early on exit code.", async () => {
  const namespace = await suite.namespace();
  const rules = [{ action: "FailJob", onExitCodes: { containerName: "c", operator: "In", values: [42] } }];
  const failed = await runTo(
    namespace,
    job("exit", "exit 42", { backoffLimit: 6, podFailurePolicy: { rules } }),
    has("Failed"),
  );
  expect(condition(failed, "Failed").reason).toBe("PodFailurePolicy");
  expect(failed.status.failed).toBe(1);
});

test("Ensure pod failure policy allows to ignore failure matching on the DisruptionTarget condition", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(core(namespace, "configmaps"), { metadata: { name: "task" }, data: { seconds: "100000" } });
  const env = [{ name: "SECONDS_TO_RUN", valueFrom: { configMapKeyRef: { name: "task", key: "seconds" } } }];
  const task = container({ image: "busybox", command: ["sh", "-c", "sleep $SECONDS_TO_RUN"], env });
  const rules = [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] }];
  const spec = {
    parallelism: 2,
    completions: 2,
    completionMode: "Indexed",
    backoffLimit: 0,
    podFailurePolicy: { rules },
  };
  await api.create(jobs(namespace), job("evicted", "", spec, { containers: [task] }));
  const running = await api.untilList(pods(namespace), (items) => items.length === 2 && items.every(isReady));
  await api.patch(`${core(namespace, "configmaps")}/task`, "merge", { data: { seconds: "0" } });
  for (const { metadata } of running) {
    await api.create(`${pods(namespace)}/${metadata.name}/eviction`, {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name: metadata.name, namespace },
    });
  }
  const done = await api.until(`${jobs(namespace)}/evicted`, has("Complete"), 45_000);
  expect(done.status).toMatchObject({ succeeded: 2 });
  expect(done.status.failed ?? 0).toBe(0);
});

test("Ensure Pods of an Indexed Job get a unique index.", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const spec = { parallelism: 2, completions: 4, completionMode: "Indexed" };
  const done = await runTo(namespace, job("indexed", `echo index=${index}`, spec), has("Complete"));
  expect(done.status.completedIndexes).toBe("0-3");
  const { items } = await api.get(pods(namespace));
  const seen = new Set<string>();
  for (const { metadata, spec: podSpec } of items) {
    const own = metadata.annotations["batch.kubernetes.io/job-completion-index"];
    seen.add(own);
    expect(podSpec.hostname).toBe(`indexed-${own}`);
    expect((await api.call("GET", `${pods(namespace)}/${metadata.name}/log`)).text).toBe(`index=${own}\n`);
  }
  expect([...seen].sort()).toEqual(["0", "1", "2", "3"]);
});

const successful = { parallelism: 2, completions: 2, completionMode: "Indexed" };

function expectSuccessPolicy(done: Json): void {
  expect(condition(done, "SuccessCriteriaMet")).toMatchObject({ status: "True", reason: "SuccessPolicy" });
  expect(condition(done, "Complete")).toMatchObject({ status: "True", reason: "SuccessPolicy" });
}

test("Ensure that job with successPolicy succeeded when all indexes succeeded", async () => {
  const namespace = await suite.namespace();
  const successPolicy = { rules: [{ succeededIndexes: "0-1" }] };
  const done = await runTo(namespace, job("all", "exit 0", { ...successful, successPolicy }), has("Complete"));
  expectSuccessPolicy(done);
  expect(done.status.completedIndexes).toBe("0,1");
});

const firstOnly = `if [ ${index} = 0 ]; then exit 0; fi; sleep 100000`;

test("Ensure that job with successPolicy succeededIndexes rule succeeded even when some indexes remain pending", async () => {
  const namespace = await suite.namespace();
  const successPolicy = { rules: [{ succeededIndexes: "0" }] };
  const done = await runTo(namespace, job("first", firstOnly, { ...successful, successPolicy }), has("Complete"));
  expectSuccessPolicy(done);
  expect(done.status.completedIndexes).toBe("0");
});

test("Ensure that job with successPolicy succeededCount rule succeeded even when some indexes remain pending", async () => {
  const namespace = await suite.namespace();
  const successPolicy = { rules: [{ succeededCount: 1 }] };
  const done = await runTo(namespace, job("count", firstOnly, { ...successful, successPolicy }), has("Complete"));
  expectSuccessPolicy(done);
  expect(done.status.completedIndexes).toBe("0");
});

const forever = "sleep 100000";

test("Jobs, active pods, graceful termination", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await runTo(namespace, job("foo", forever, { parallelism: 2, completions: 4 }), ({ status }) => status.ready === 2);
  await api.delete(`${jobs(namespace)}/foo`, { propagationPolicy: "Foreground" });
  await api.untilGone(`${jobs(namespace)}/foo`);
  expect((await api.get(pods(namespace))).items).toEqual([]);
});

test("Jobs, orphan pods, re-adoption", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const owner = await runTo(
    namespace,
    job("adopt-release", forever, { parallelism: 2, completions: 4 }),
    ({ status }) => status.ready === 2,
  );
  const [first, second] = (await api.get(pods(namespace))).items;
  await api.patch(`${pods(namespace)}/${first.metadata.name}`, "json", [
    { op: "remove", path: "/metadata/ownerReferences" },
  ]);
  await api.until(`${pods(namespace)}/${first.metadata.name}`, (object) => ownedBy(object, owner));
  await api.edit(`${pods(namespace)}/${second.metadata.name}`, (object) => {
    object.metadata.labels = {};
  });
  await api.until(`${pods(namespace)}/${second.metadata.name}`, (object) => !ownedBy(object, owner));
});

test("Jobs, apply changes to status", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await runTo(
    namespace,
    job("status", forever, { parallelism: 2, completions: 4 }),
    ({ status }) => status.ready === 2,
  );
  const told = { type: "CustomConditionType", status: "True", reason: "E2E", message: "Set by a test" };
  const path = `${jobs(namespace)}/status`;
  const patched = await api.patch(`${path}/status`, "merge", { metadata: { annotations: { patchedstatus: "true" } } });
  expect(patched.metadata.annotations.patchedstatus).toBe("true");
  await expectStatusChanges(api, path, { conditions: [{ ...told, type: "Patched" }] }, (status) => {
    status.conditions = [told];
  });
  expect((await api.get(`${path}/status`)).metadata.uid).toBe(patched.metadata.uid);
});

test("Jobs, manage lifecycle", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await runTo(
    namespace,
    {
      ...job("managed", forever, { suspend: true, parallelism: 2 }),
      metadata: { name: "managed", labels: { "e2e-job": namespace } },
    },
    has("Suspended"),
  );
  const path = `${jobs(namespace)}/managed`;
  const patched = await api.patch(path, "strategic", { metadata: { labels: { managed: "patched" } } });
  expect(patched.metadata.labels.managed).toBe("patched");
  const updated = await api.edit(path, (object) => {
    object.spec.suspend = false;
    object.metadata.annotations = { ...object.metadata.annotations, updated: "true" };
  });
  expect(updated.metadata.annotations.updated).toBe("true");
  await api.until(path, ({ status }) => status.active === 2);
  const listed = await api.get(`/apis/batch/v1/jobs?${labelled(`e2e-job=${namespace}`)}`);
  expect(listed.items.map((item: Json) => item.metadata.name)).toEqual(["managed"]);
  await api.delete(`${jobs(namespace)}?${labelled(`e2e-job=${namespace}`)}`);
  await api.untilList(jobs(namespace), (items) => items.length === 0);
});
