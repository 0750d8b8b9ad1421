import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { apps, core, labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { condition, container, isReady, pod, template, workload } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 2, cpu: "4", memory: "8Gi" } });

const priorityClasses = "/apis/scheduling.k8s.io/v1/priorityclasses";

function requesting(name: string, cpu: string, spec: Json = {}, metadata: Json = {}): Json {
  const resources = { requests: { cpu }, limits: { cpu } };
  return pod(name, {
    metadata,
    spec: { terminationGracePeriodSeconds: 0, containers: [container({ resources })], ...spec },
  });
}

function isScheduled({ spec }: Json): boolean {
  return spec.nodeName !== undefined;
}

async function untilUnschedulable(namespace: string, name: string): Promise<Json> {
  const found = await suite.api.until(
    `${pods(namespace)}/${name}`,
    (object) => condition(object, "PodScheduled") !== undefined,
  );
  expect(condition(found, "PodScheduled")).toMatchObject({ status: "False", reason: "Unschedulable" });
  return found;
}

async function nodeNames(): Promise<string[]> {
  return (await suite.api.get("/api/v1/nodes")).items.map((item: Json) => item.metadata.name);
}

/** Priority classes of this test alone. */
async function priorities(namespace: string, values: Record<string, number>): Promise<(name: string) => string> {
  const full = (name: string) => `${namespace}-${name}`;
  for (const [name, value] of Object.entries(values)) {
    await suite.api.create(priorityClasses, { metadata: { name: full(name) }, value });
  }
  return full;
}

/** What tests leave behind takes room from the next. */
async function leaveNothing(namespace: string): Promise<void> {
  await suite.api.delete(`/api/v1/namespaces/${namespace}`);
  await suite.api.untilGone(`/api/v1/namespaces/${namespace}`);
}

test("Scheduler, resource limits", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const names = await nodeNames();
  // Most of every node is taken, then one more asks for as much.
  for (const name of names) {
    const nodeSelector = { "kubernetes.io/hostname": name };
    await api.create(pods(namespace), requesting(`filler-${name}`, "3", { nodeSelector }));
    await api.until(`${pods(namespace)}/filler-${name}`, isScheduled);
  }
  await api.create(pods(namespace), requesting("additional", "3"));
  const message = condition(await untilUnschedulable(namespace, "additional"), "PodScheduled").message;
  expect(message).toContain("Insufficient cpu");
  await leaveNothing(namespace);
});

test("Scheduler, node selector not matching", async () => {
  const namespace = await suite.namespace();
  await suite.api.create(pods(namespace), requesting("p", "10m", { nodeSelector: { label: "nonempty" } }));
  await untilUnschedulable(namespace, "p");
});

test("Scheduler, node selector matching", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const [name = ""] = await nodeNames();
  const key = `kubernetes.io/e2e-${namespace}`;
  await api.patch(`/api/v1/nodes/${name}`, "merge", { metadata: { labels: { [key]: "42" } } });
  await api.create(pods(namespace), requesting("with-labels", "10m", { nodeSelector: { [key]: "42" } }));
  const scheduled = await api.until(`${pods(namespace)}/with-labels`, isScheduled);
  expect(scheduled.spec.nodeName).toBe(name);
  await api.patch(`/api/v1/nodes/${name}`, "merge", { metadata: { labels: { [key]: null } } });
  await leaveNothing(namespace);
});

test("Scheduling, HostPort and Protocol match, HostIPs different but one is default HostIP (0.0.0.0)", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const [name = ""] = await nodeNames();
  const nodeSelector = { "kubernetes.io/hostname": name };
  const onPort = (hostIP: string) => ({
    nodeSelector,
    containers: [container({ ports: [{ containerPort: 8080, hostPort: 54322, protocol: "TCP", hostIP }] })],
  });
  await api.create(pods(namespace), pod("pod4", { spec: onPort("") }));
  await api.until(`${pods(namespace)}/pod4`, isReady);
  await api.create(pods(namespace), pod("pod5", { spec: onPort("127.0.0.1") }));
  await untilUnschedulable(namespace, "pod5");
  await leaveNothing(namespace);
});

const scarce = "scheduling.k8s.io/foo";

/** Gives every node so much of an extended resource, as somebody who patches their status; null takes it away. */
async function provide(names: readonly string[], resource: string, amount: string | null): Promise<void> {
  const status = { capacity: { [resource]: amount }, allocatable: { [resource]: amount } };
  for (const name of names) await suite.api.patch(`/api/v1/nodes/${name}/status`, "strategic", { status });
}

function asking(name: string, resource: string, amount: string, spec: Json = {}, metadata: Json = {}): Json {
  const resources = { requests: { [resource]: amount }, limits: { [resource]: amount } };
  return pod(name, { metadata, spec: { containers: [container({ resources })], ...spec } });
}

function onNode(name: string): Json {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [name] }];
  const requiredDuringSchedulingIgnoredDuringExecution = { nodeSelectorTerms: [{ matchFields }] };
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution } };
}

async function preempt(spec: (full: (name: string) => string) => Json, target = "default"): Promise<void> {
  const { api } = suite;
  const namespace = await suite.namespace();
  const full = await priorities(namespace, { low: 1, medium: 100, high: 1000 });
  const names = await nodeNames();
  await provide(names, scarce, "5");
  const made: Json[] = [];
  for (const name of names) {
    for (const which of [0, 1]) {
      const priorityClassName = full(made.length === 0 ? "low" : "medium");
      const victim = asking(`${name}-${which}`, scarce, "2", { priorityClassName, affinity: onNode(name) });
      made.push(await api.create(pods(namespace), victim));
    }
  }
  const pathOf = ({ metadata }: Json) => `${pods(namespace)}/${metadata.name}`;
  for (const one of made) await api.until(pathOf(one), ({ status }) => status.phase === "Running");
  const home = target === "default" ? namespace : target;
  await api.create(pods(home), asking("preemptor", scarce, "2", spec(full)));
  const placed = await api.until(`${pods(home)}/preemptor`, ({ status }) => status.phase === "Running");
  expect(placed.spec.nodeName).toBe(names[0]);
  const [victim, ...others] = made;
  expect(await api.statusOf(pathOf(victim))).toBe(404);
  for (const other of others) {
    const { metadata } = await api.get(pathOf(other));
    expect([metadata.uid, metadata.deletionTimestamp]).toEqual([other.metadata.uid, undefined]);
  }
  await api.delete(`${pods(home)}/preemptor?gracePeriodSeconds=0`);
  await leaveNothing(namespace);
  await provide(names, scarce, null);
}

test("Scheduler, Basic Preemption", () => preempt((full) => ({ priorityClassName: full("high") })));

test("Scheduler, Preemption for critical pod", () =>
  preempt(() => ({ priorityClassName: "system-cluster-critical" }), "kube-system"));

test("Verify the DisruptionTarget condition is added to the preempted pod", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const full = await priorities(namespace, { low: 1, high: 1000 });
  const [name = ""] = await nodeNames();
  await provide([name], scarce, "1");
  const affinity = onNode(name);
  const finalizers = ["example.com/test-finalizer"];
  const low = { priorityClassName: full("low"), affinity };
  await api.create(pods(namespace), asking("victim", scarce, "1", low, { finalizers }));
  await api.until(`${pods(namespace)}/victim`, ({ status }) => status.phase === "Running");
  await api.create(pods(namespace), asking("preemptor", scarce, "1", { priorityClassName: full("high"), affinity }));
  const victim = await api.until(
    `${pods(namespace)}/victim`,
    ({ metadata }) => metadata.deletionTimestamp !== undefined,
  );
  expect(condition(victim, "DisruptionTarget")).toMatchObject({ status: "True", reason: "PreemptionByScheduler" });
  await api.patch(`${pods(namespace)}/victim`, "merge", { metadata: { finalizers: null } });
  await api.untilGone(`${pods(namespace)}/victim`);
  await leaveNothing(namespace);
  await provide([name], scarce, null);
});

test("Pod preemption verification", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const [name = ""] = await nodeNames();
  const full = await priorities(namespace, { p1: 1, p2: 2, p3: 3, p4: 4 });
  const fake = "example.com/fakecpu";
  await provide([name], fake, "1000");
  const set = (id: string, amount: string) => {
    const resources = { requests: { [fake]: amount }, limits: { [fake]: amount } };
    const nodeSelector = { "kubernetes.io/hostname": name };
    const spec = { priorityClassName: full(id), nodeSelector, containers: [container({ resources })] };
    return workload(id, 1, { template: template({ app: id }, spec) });
  };
  const made = new Map<string, Set<string>>();
  const watching = await api.watch(pods(namespace));
  const follow = async (enough: () => boolean) => {
    while (!enough()) {
      const { object } = await watching.next(() => true);
      const id: string = object.metadata.labels.app;
      made.set(id, (made.get(id) ?? new Set<string>()).add(object.metadata.uid));
    }
  };
  const ready = (id: string) =>
    api.until(`${apps(namespace, "replicasets")}/${id}`, ({ status }) => status.readyReplicas === 1);
  for (const [id, amount] of [
    ["p1", "200"],
    ["p2", "300"],
    ["p3", "450"],
  ] as const) {
    await api.create(apps(namespace, "replicasets"), set(id, amount));
    await ready(id);
  }
  await api.create(apps(namespace, "replicasets"), set("p4", "500"));
  await ready("p4");
  await ready("p3");
  // The two of lowest priority had to go, and what was made in their places finds no room.
  const seen = (id: string) => made.get(id)?.size ?? 0;
  await follow(() => seen("p1") === 2 && seen("p2") === 2);
  for (const id of ["p1", "p2"]) {
    const [left] = await api.untilList(
      `${pods(namespace)}?${labelled(`app=${id}`)}`,
      (items) => items.length === 1 && condition(items[0], "PodScheduled") !== undefined,
    );
    expect(condition(left, "PodScheduled")).toMatchObject({ status: "False", reason: "Unschedulable" });
  }
  expect([seen("p3"), seen("p4")]).toEqual([1, 1]);
  watching.stop();
  await leaveNothing(namespace);
  await provide([name], fake, null);
});

test("Scheduler, Verify PriorityClass endpoints", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const full = await priorities(namespace, { p1: 1, p2: 2 });
  const { items } = await api.get(priorityClasses);
  const listed = items.map((item: Json) => item.metadata.name);
  for (const name of ["p1", "p2"]) expect(listed).toContain(full(name));
  const path = `${priorityClasses}/${full("p1")}`;
  const patched = await api.patch(path, "merge", { description: "patched" });
  expect(patched.description).toBe("patched");
  const updated = await api.edit(path, (object) => {
    object.description = "updated";
  });
  expect(updated.description).toBe("updated");
  for (const change of [{ value: 7 }, { preemptionPolicy: "Never" }]) {
    const headers = { "content-type": "application/merge-patch+json" };
    expect((await api.call("PATCH", path, { body: change, headers })).status).toBe(422);
    const answer = await api.call("PUT", path, { body: { ...updated, ...change } });
    expect(answer.status).toBe(422);
  }
});

const limits = [
  {
    type: "Container",
    min: { cpu: "50m", memory: "100Mi" },
    max: { cpu: "500m", memory: "500Mi" },
    default: { cpu: "500m", memory: "500Mi" },
    defaultRequest: { cpu: "100m", memory: "200Mi" },
  },
];

test("LimitRange, resources", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const ranges = core(namespace, "limitranges");
  const watching = await api.watch(ranges);
  await api.create(ranges, { metadata: { name: "limit-range" }, spec: { limits } });
  await watching.next(({ type }) => type === "ADDED");
  const sized = (name: string, resources?: Json) => pod(name, { spec: { containers: [container({ resources })] } });
  const none = await api.create(pods(namespace), sized("pod-no-resources"));
  expect(none.spec.containers[0].resources).toEqual({
    requests: limits[0]?.defaultRequest,
    limits: limits[0]?.default,
  });
  const partial = await api.create(
    pods(namespace),
    sized("pod-partial", { requests: { cpu: "150m", memory: "150Mi" } }),
  );
  expect(partial.spec.containers[0].resources).toEqual({
    requests: { cpu: "150m", memory: "150Mi" },
    limits: limits[0]?.default,
  });
  const refused = async (name: string, resources: Json) => {
    const answer = await api.call("POST", pods(namespace), { body: sized(name, resources) });
    expect(answer.status).toBe(403);
  };
  await refused("too-little", { requests: { cpu: "10m", memory: "50Mi" } });
  await refused("too-much", { requests: { cpu: "600m" }, limits: { cpu: "600m" } });
  await api.edit(`${ranges}/limit-range`, (object) => {
    object.spec.limits[0].min = { cpu: "9m", memory: "49Mi" };
  });
  await api.create(pods(namespace), sized("little-now", { requests: { cpu: "10m", memory: "50Mi" } }));
  await refused("too-much", { requests: { cpu: "600m" }, limits: { cpu: "600m" } });
  await api.delete(`${ranges}/limit-range`);
  await watching.next(({ type }) => type === "DELETED");
  watching.stop();
  await api.create(pods(namespace), sized("much-now", { requests: { cpu: "600m" }, limits: { cpu: "600m" } }));
  await leaveNothing(namespace);
});

test("LimitRange, list, patch and delete a LimitRange by collection", async () => {
  const { api } = suite;
  const one = await suite.namespace();
  const two = await suite.namespace();
  const labels = { "e2e-limitrange": one };
  const select = labelled(`e2e-limitrange=${one}`);
  for (const namespace of [one, two]) {
    await api.create(core(namespace, "limitranges"), { metadata: { name: "range", labels }, spec: { limits } });
  }
  expect((await api.get(`/api/v1/limitranges?${select}`)).items).toHaveLength(2);
  const patched = await api.patch(`${core(one, "limitranges")}/range`, "strategic", {
    metadata: { labels: { patched: "true" } },
    spec: { limits: [{ type: "Container", max: { cpu: "600m", memory: "500Mi" } }] },
  });
  expect(patched.metadata.labels.patched).toBe("true");
  expect(patched.spec.limits[0].max.cpu).toBe("600m");
  await api.delete(`${core(one, "limitranges")}?${labelled("patched=true")}`);
  const left = await api.untilList(`/api/v1/limitranges?${select}`, (items) => items.length === 1);
  expect(left[0].metadata.namespace).toBe(two);
});
