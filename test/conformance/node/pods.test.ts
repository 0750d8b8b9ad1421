import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { fastHost } from "../support/fast-host.ts";
import { core, labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { condition, container, isReady, pod } from "../support/workloads.ts";

// Deadlines and delays of many seconds pass quickly.
const suite = conformanceSuite({ nodes: { count: 2 }, host: fastHost(10) });

const quickly = { terminationGracePeriodSeconds: 1 };

async function run(namespace: string, name: string, changes: { metadata?: Json; spec?: Json } = {}): Promise<Json> {
  const { metadata, spec } = changes;
  await suite.api.create(pods(namespace), pod(name, { metadata, spec: { ...quickly, ...spec } }));
  return suite.api.until(`${pods(namespace)}/${name}`, isReady);
}

test("Pods, assigned hostip", async () => {
  const namespace = await suite.namespace();
  const running = await run(namespace, "p");
  expect(running.status.hostIP).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  const node = await suite.api.get(`/api/v1/nodes/${running.spec.nodeName}`);
  expect(node.status.addresses.map((one: Json) => one.address)).toContain(running.status.hostIP);
});

test("Pods, lifecycle", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const select = labelled("time=unique");
  expect((await api.get(`${pods(namespace)}?${select}`)).items).toEqual([]);
  const watching = await api.watch(pods(namespace), select);
  await api.create(pods(namespace), pod("p", { metadata: { labels: { time: "unique" } }, spec: quickly }));
  await watching.next(({ type }) => type === "ADDED");
  expect((await api.get(`${pods(namespace)}?${select}`)).items).toHaveLength(1);
  await watching.next(({ object }) => object.status.phase === "Running");
  await api.delete(`${pods(namespace)}/p`);
  await watching.next(({ object }) => object.metadata.deletionTimestamp !== undefined);
  await watching.next(({ type }) => type === "DELETED");
  watching.stop();
  expect((await api.get(`${pods(namespace)}?${select}`)).items).toEqual([]);
});

test("Pods, update", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await run(namespace, "p", { metadata: { labels: { time: "before" } } });
  expect((await api.get(`${pods(namespace)}?${labelled("time=before")}`)).items).toHaveLength(1);
  await api.edit(`${pods(namespace)}/p`, (object) => {
    object.metadata.labels.time = "after";
  });
  expect((await api.get(`${pods(namespace)}?${labelled("time=after")}`)).items).toHaveLength(1);
});

test("Pods, ActiveDeadlineSeconds", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await run(namespace, "p");
  await api.edit(`${pods(namespace)}/p`, (object) => {
    object.spec.activeDeadlineSeconds = 5;
  });
  const ended = await api.until(`${pods(namespace)}/p`, ({ status }) => status.phase === "Failed");
  expect(ended.status.reason).toBe("DeadlineExceeded");
});

test("Pods, delete a collection", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const labels = { type: "Testing" };
  for (const name of ["a", "b", "c"])
    await api.create(pods(namespace), pod(name, { metadata: { labels }, spec: quickly }));
  expect((await api.get(`${pods(namespace)}?${labelled("type=Testing")}`)).items).toHaveLength(3);
  await api.delete(`${pods(namespace)}?${labelled("type=Testing")}`);
  await api.untilList(`${pods(namespace)}?${labelled("type=Testing")}`, (items) => items.length === 0);
});

test("Pods, patching status", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await run(namespace, "p");
  const path = `${pods(namespace)}/p/status`;
  const patched = await api.patch(path, "strategic", {
    metadata: { annotations: { "e2e.example.com": "patched" } },
    status: { conditions: [{ type: "E2EPatched", status: "True", reason: "Test", message: "Set by a test" }] },
  });
  expect(patched.metadata.annotations["e2e.example.com"]).toBe("patched");
  expect(condition(patched, "E2EPatched")).toMatchObject({ status: "True", message: "Set by a test" });
  expect(condition(await api.get(path), "Ready").status).toBe("True");
});

test("Pods, completes the lifecycle of a Pod and the PodStatus", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const select = labelled("test-pod-static=true");
  const watching = await api.watch(pods(namespace), select);
  await run(namespace, "p", { metadata: { labels: { "test-pod-static": "true" } } });
  await api.patch(`${pods(namespace)}/p`, "strategic", {
    metadata: { labels: { "test-pod": "patched" } },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "c", image: "nginx" }] },
  });
  await watching.next(({ object }) => object.metadata.labels["test-pod"] === "patched");
  const [listed] = (await api.get(`/api/v1/pods?${select}`)).items;
  expect(listed.spec.containers[0].image).toBe("nginx");
  // The node has its own view of readiness and tells it again.
  await api.edit(
    `${pods(namespace)}/p`,
    (object) => {
      condition(object, "Ready").status = "False";
    },
    `${pods(namespace)}/p/status`,
  );
  await watching.next(({ object }) => condition(object, "Ready")?.status === "False");
  await api.delete(`${pods(namespace)}?${select}`);
  await watching.next(({ type }) => type === "DELETED");
  watching.stop();
});

test("Pods, QOS", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const amounts = { cpu: "100m", memory: "100Mi" };
  const made = await api.create(
    pods(namespace),
    pod("p", { spec: { containers: [container({ resources: { requests: amounts, limits: amounts } })] } }),
  );
  expect(made.status.qosClass).toBe("Guaranteed");
});

test("Pods Generation, updates", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const running = await run(namespace, "p");
  expect(running.metadata.generation).toBe(1);
  const path = `${pods(namespace)}/p`;
  const observed = async (generation: number) => {
    expect((await api.get(path)).metadata.generation).toBe(generation);
    await api.until(path, ({ status }) => status.observedGeneration === generation);
  };
  await observed(1);
  await api.patch(path, "strategic", { spec: { activeDeadlineSeconds: 600 } });
  await observed(2);
  const toleration = { key: "e2e", operator: "Exists", effect: "NoSchedule" };
  await api.edit(path, (object) => object.spec.tolerations.push(toleration));
  await observed(3);
  // What is no part of the spec changes nothing.
  await api.patch(path, "merge", { metadata: { annotations: { a: "b" } } });
  await observed(3);
  await api.patch(path, "strategic", { spec: { containers: [{ name: "c", image: "nginx" }] } });
  await observed(4);
  await api.patch(`${path}/ephemeralcontainers`, "strategic", {
    spec: { ephemeralContainers: [{ name: "d", image: "nginx" }] },
  });
  await observed(5);
});

test("Pods Generation, 500 updates", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = `${pods(namespace)}/p`;
  await run(namespace, "p", { spec: { activeDeadlineSeconds: 100_000 } });
  for (let count = 1; count < 500; count++) {
    await api.patch(path, "merge", { spec: { activeDeadlineSeconds: 100_000 - count } });
  }
  const last = await api.until(path, ({ status }) => status.observedGeneration === 500);
  expect(last.metadata.generation).toBe(500);
});

test("Pods Generation, graceful delete", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const finalizers = ["e2e.example.com/finalizer"];
  await run(namespace, "p", { metadata: { finalizers }, spec: { terminationGracePeriodSeconds: 30 } });
  const deleted = await api.delete(`${pods(namespace)}/p`);
  expect(deleted.metadata.generation).toBe(2);
  await api.patch(`${pods(namespace)}/p`, "merge", { metadata: { finalizers: null } });
  await api.untilGone(`${pods(namespace)}/p`);
});

test("Ephemeral Container Creation", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await run(namespace, "p");
  const path = `${pods(namespace)}/p`;
  const debug = { name: "debugger", image: "busybox", command: ["sleep", "10000"], targetContainerName: "c" };
  await api.patch(`${path}/ephemeralcontainers`, "strategic", { spec: { ephemeralContainers: [debug] } });
  const running = await api.until(
    path,
    ({ status }) => status.ephemeralContainerStatuses?.[0]?.state?.running !== undefined,
  );
  expect(running.spec.ephemeralContainers).toHaveLength(1);
});

test("Ephemeral Container, update ephemeral containers", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await run(namespace, "p");
  const path = `${pods(namespace)}/p`;
  const debug = (name: string) => ({ name, image: "busybox", command: ["sleep", "10000"] });
  await api.patch(`${path}/ephemeralcontainers`, "strategic", { spec: { ephemeralContainers: [debug("one")] } });
  await api.until(path, ({ status }) => status.ephemeralContainerStatuses?.[0]?.state?.running !== undefined);
  expect((await api.get(`${path}/ephemeralcontainers`)).spec.ephemeralContainers).toHaveLength(1);
  await api.edit(
    path,
    (object) => {
      object.spec.ephemeralContainers.push(debug("two"));
    },
    `${path}/ephemeralcontainers`,
  );
  const both = await api.get(path);
  expect(both.spec.ephemeralContainers.map((one: Json) => one.name)).toEqual(["one", "two"]);
  await api.until(path, ({ status }) => status.ephemeralContainerStatuses?.length === 2);
});

test("Kubelet, failed pod, terminated reason", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const failing = container({ image: "busybox", command: ["/bin/false"] });
  await api.create(pods(namespace), pod("bin-false", { spec: { restartPolicy: "Never", containers: [failing] } }));
  const ended = await api.until(
    `${pods(namespace)}/bin-false`,
    ({ status }) => status.containerStatuses?.[0]?.state?.terminated !== undefined,
  );
  expect(ended.status.containerStatuses).toHaveLength(1);
  expect(ended.status.containerStatuses[0].state.terminated).toMatchObject({ exitCode: 1, reason: "Error" });
});

test("Kubelet, failed pod, delete", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const failing = container({ image: "busybox", command: ["/bin/false"] });
  await api.create(pods(namespace), pod("bin-false", { spec: { containers: [failing] } }));
  await api.until(`${pods(namespace)}/bin-false`, ({ status }) => status.containerStatuses?.[0]?.restartCount > 0);
  await api.delete(`${pods(namespace)}/bin-false`);
  await api.untilGone(`${pods(namespace)}/bin-false`);
});

const initPod = (restartPolicy: string, first: string, app: Json): Json =>
  pod("p", {
    spec: {
      ...quickly,
      restartPolicy,
      initContainers: [
        { name: "init1", image: "busybox", command: [first] },
        { name: "init2", image: "busybox", command: ["/bin/true"] },
      ],
      containers: [{ name: "run1", ...app }],
    },
  });
const server = { image: "nginx" };
const once = { image: "busybox", command: ["/bin/true"] };

test("init-container-starts-app-restartnever-pod", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(pods(namespace), initPod("Never", "/bin/true", once));
  const ended = await api.until(`${pods(namespace)}/p`, ({ status }) => status.phase === "Succeeded");
  expect(condition(ended, "Initialized")).toMatchObject({ status: "True" });
  expect(ended.status.initContainerStatuses).toHaveLength(2);
  for (const status of ended.status.initContainerStatuses) {
    expect(status.ready).toBe(true);
    expect(status.state.terminated.exitCode).toBe(0);
  }
});

test("init-container-starts-app-restartalways-pod", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(pods(namespace), initPod("Always", "/bin/true", server));
  const running = await api.until(`${pods(namespace)}/p`, isReady);
  expect(condition(running, "Initialized")).toMatchObject({ status: "True" });
  for (const status of running.status.initContainerStatuses) expect(status.state.terminated.exitCode).toBe(0);
});

test("init-container-fails-stops-app-restartnever-pod", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(pods(namespace), initPod("Never", "/bin/false", once));
  const ended = await api.until(`${pods(namespace)}/p`, ({ status }) => status.phase === "Failed");
  expect(condition(ended, "Initialized")).toMatchObject({ status: "False", reason: "ContainersNotInitialized" });
  const [first, second] = ended.status.initContainerStatuses;
  expect(first.state.terminated.exitCode).toBe(1);
  expect(second.state.waiting.reason).toBe("PodInitializing");
  expect(ended.status.containerStatuses[0].state.waiting.reason).toBe("PodInitializing");
});

test("init-container-fails-stops-app-restartalways-pod", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(pods(namespace), initPod("Always", "/bin/false", server));
  const failing = await api.until(
    `${pods(namespace)}/p`,
    ({ status }) => status.initContainerStatuses?.[0]?.restartCount >= 3,
    45_000,
  );
  expect(failing.status.phase).toBe("Pending");
  expect(condition(failing, "Initialized")).toMatchObject({ status: "False" });
  expect(failing.status.initContainerStatuses[1].state.waiting).toBeDefined();
  expect(failing.status.containerStatuses[0].state.waiting.reason).toBe("PodInitializing");
});

const httpProbe = (changes: Json) => ({ httpGet: { path: "/", port: 80 }, ...changes });

test("Pod readiness probe, with initial delay", async () => {
  const namespace = await suite.namespace();
  const readinessProbe = httpProbe({ initialDelaySeconds: 20 });
  const ready = await run(namespace, "p", { spec: { containers: [container({ image: "nginx", readinessProbe })] } });
  const began = Date.parse(ready.status.containerStatuses[0].state.running.startedAt);
  const became = Date.parse(condition(ready, "Ready").lastTransitionTime);
  expect((became - began) / 1000).toBeGreaterThanOrEqual(19);
  expect(ready.status.containerStatuses[0].restartCount).toBe(0);
});

test("Pod readiness probe, failure", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const readinessProbe = { exec: { command: ["/bin/false"] }, periodSeconds: 5 };
  await api.create(
    pods(namespace),
    pod("p", {
      spec: { ...quickly, containers: [container({ image: "busybox", command: ["sleep", "10000"], readinessProbe })] },
    }),
  );
  const watching = await api.watch(pods(namespace));
  await api.untilList(
    `${core(namespace, "events")}`,
    (items) => items.some((one) => one.reason === "Unhealthy" && (one.count ?? 1) >= 3),
    45_000,
  );
  for (const { object } of watching.waiting) expect(isReady(object)).toBe(false);
  watching.stop();
  const object = await api.get(`${pods(namespace)}/p`);
  expect(object.status.containerStatuses[0]).toMatchObject({ ready: false, restartCount: 0 });
});

async function restarts(namespace: string, spec: Json, times: number): Promise<void> {
  const { api } = suite;
  await api.create(pods(namespace), pod("p", { spec: { ...quickly, containers: [container(spec)] } }));
  await api.until(`${pods(namespace)}/p`, ({ status }) => status.containerStatuses?.[0]?.restartCount >= times, 45_000);
}

test("Pod liveness probe, using local file, restart", async () => {
  const namespace = await suite.namespace();
  const command = ["/bin/sh", "-c", "echo ok >/tmp/health; sleep 10; rm -rf /tmp/health; sleep 600"];
  const livenessProbe = { exec: { command: ["cat", "/tmp/health"] }, initialDelaySeconds: 15, failureThreshold: 1 };
  await restarts(namespace, { image: "busybox", command, livenessProbe }, 1);
});

test("Pod liveness probe, using local file, no restart", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const command = ["/bin/sh", "-c", "echo ok >/tmp/health; sleep 600"];
  const livenessProbe = { exec: { command: ["cat", "/tmp/health"] }, periodSeconds: 1, failureThreshold: 1 };
  const readinessProbe = { exec: { command: ["cat", "/tmp/health"] }, initialDelaySeconds: 30 };
  const spec = container({ image: "busybox", command, livenessProbe, readinessProbe });
  // Ready only after thirty probes of its life.
  const alive = await run(namespace, "p", { spec: { containers: [spec] } });
  expect(alive.status.containerStatuses[0].restartCount).toBe(0);
  const { items } = await api.get(core(namespace, "events"));
  expect(items.filter((one: Json) => one.reason === "Unhealthy")).toEqual([]);
});
