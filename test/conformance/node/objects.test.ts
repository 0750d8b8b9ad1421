import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { expectLifecycle } from "../support/lifecycle.ts";
import { core, labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { container, isReady, pod, template } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 2 } });

test("ConfigMap lifecycle", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = core(namespace, "configmaps");
  const labels = { "test-configmap-static": namespace };
  const watching = await api.watch(path, labelled(`test-configmap-static=${namespace}`));
  await api.create(path, { metadata: { name: "m", labels }, data: { valueName: "value" } });
  await watching.next(({ type }) => type === "ADDED");
  await api.patch(`${path}/m`, "strategic", {
    metadata: { labels: { "test-configmap": "patched" } },
    data: { valueName: "value1" },
  });
  await watching.next(({ object }) => object.metadata.labels["test-configmap"] === "patched");
  const read = await api.get(`${path}/m`);
  expect([read.data.valueName, read.metadata.labels["test-configmap"]]).toEqual(["value1", "patched"]);
  const listed = await api.get(`/api/v1/configmaps?${labelled(`test-configmap-static=${namespace}`)}`);
  expect(listed.items.map((item: Json) => item.data.valueName)).toEqual(["value1"]);
  await api.delete(`${path}?${labelled(`test-configmap-static=${namespace}`)}`);
  await watching.next(({ type }) => type === "DELETED");
  watching.stop();
});

test("ConfigMap Update", async () => {
  const { api } = suite;
  const path = core(await suite.namespace(), "configmaps");
  await api.create(path, { metadata: { name: "m" }, data: { a: "1" } });
  await api.edit(`${path}/m`, (object) => {
    object.data = { a: "2", b: "3" };
  });
  expect((await api.get(`${path}/m`)).data).toEqual({ a: "2", b: "3" });
});

test("ConfigMap, with empty-key", async () => {
  const path = core(await suite.namespace(), "configmaps");
  const answer = await suite.api.call("POST", path, { body: { metadata: { name: "m" }, data: { "": "value-1" } } });
  expect(answer.status).toBe(422);
});

test("Secrets, with empty-key", async () => {
  const path = core(await suite.namespace(), "secrets");
  const answer = await suite.api.call("POST", path, {
    body: { metadata: { name: "s" }, data: { "": "dmFsdWUtMQ==" } },
  });
  expect(answer.status).toBe(422);
});

test("Secret patching", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = core(namespace, "secrets");
  const select = labelled(`testsecret-constant=${namespace}`);
  await api.create(path, {
    metadata: { name: "s", labels: { "testsecret-constant": namespace } },
    data: { key: "dmFsdWU=" },
  });
  expect((await api.get(`/api/v1/secrets?${select}`)).items).toHaveLength(1);
  await api.patch(`${path}/s`, "strategic", {
    metadata: { labels: { testsecret: "true" } },
    data: { key: "dmFsdWUx" },
  });
  const read = await api.get(`${path}/s`);
  expect([read.data.key, read.metadata.labels.testsecret]).toEqual(["dmFsdWUx", "true"]);
  await api.delete(`${path}?${select}`);
  expect((await api.get(`/api/v1/secrets?${select}`)).items).toEqual([]);
});

test("PodTemplate lifecycle", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = core(namespace, "podtemplates");
  await api.create(path, {
    metadata: { name: "t", labels: { "podtemplate-static": namespace } },
    template: template({ a: "b" }),
  });
  await api.patch(`${path}/t`, "strategic", { metadata: { labels: { podtemplate: "patched" } } });
  expect((await api.get(`${path}/t`)).metadata.labels.podtemplate).toBe("patched");
  const listed = await api.get(`/api/v1/podtemplates?${labelled(`podtemplate-static=${namespace}`)}`);
  expect(listed.items.map((item: Json) => item.metadata.labels.podtemplate)).toEqual(["patched"]);
  await api.delete(`${path}/t`);
  expect((await api.get(`/api/v1/podtemplates?${labelled(`podtemplate-static=${namespace}`)}`)).items).toEqual([]);
});

test("PodTemplate, delete a collection", async () => {
  const { api } = suite;
  const path = core(await suite.namespace(), "podtemplates");
  const labels = { "podtemplate-set": "true" };
  for (const name of ["a", "b", "c"])
    await api.create(path, { metadata: { name, labels }, template: template({ a: "b" }) });
  expect((await api.get(`${path}?${labelled("podtemplate-set=true")}`)).items).toHaveLength(3);
  await api.delete(`${path}?${labelled("podtemplate-set=true")}`);
  expect((await api.get(`${path}?${labelled("podtemplate-set=true")}`)).items).toEqual([]);
});

test("PodTemplate, replace", async () => {
  const { api } = suite;
  const path = core(await suite.namespace(), "podtemplates");
  await api.create(path, { metadata: { name: "t" }, template: template({ a: "b" }) });
  const replaced = await api.edit(`${path}/t`, (object) => {
    object.metadata.annotations = { updated: "true" };
  });
  expect(replaced.metadata.annotations).toEqual({ updated: "true" });
});

test("lease API should be available", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const spec = {
    holderIdentity: "holder",
    leaseDurationSeconds: 30,
    acquireTime: "2026-01-01T00:00:00.000000Z",
    renewTime: "2026-01-01T00:00:05.000000Z",
    leaseTransitions: 0,
  };
  await api.create(path, { metadata: { name: "lease" }, spec });
  expect((await api.get(`${path}/lease`)).spec).toEqual(spec);
  const changed = { ...spec, holderIdentity: "holder2", leaseDurationSeconds: 45, leaseTransitions: 1 };
  await api.edit(`${path}/lease`, (object) => {
    object.spec = changed;
  });
  expect((await api.get(`${path}/lease`)).spec).toEqual(changed);
  await api.patch(`${path}/lease`, "strategic", { spec: { holderIdentity: "holder3", leaseTransitions: 2 } });
  expect((await api.get(`${path}/lease`)).spec).toEqual({ ...changed, holderIdentity: "holder3", leaseTransitions: 2 });
  await api.create(path, { metadata: { name: "lease2", labels: { deletecollection: "true" } }, spec });
  expect((await api.get(path)).items).toHaveLength(2);
  await api.delete(`${path}?${labelled("deletecollection=true")}`);
  const { items } = await api.get(path);
  expect(items.map((item: Json) => item.metadata.name)).toEqual(["lease"]);
  await api.delete(`${path}/lease`);
  expect(await api.statusOf(`${path}/lease`)).toBe(404);
});

test("Node, resource lifecycle", async () => {
  const { api } = suite;
  const made = await api.create("/api/v1/nodes", {
    metadata: { name: "e2e-fake-node", labels: { "e2e-node": "true" } },
    spec: { unschedulable: true },
    status: { phase: "Running" },
  });
  expect((await api.get("/api/v1/nodes/e2e-fake-node")).metadata.uid).toBe(made.metadata.uid);
  await api.patch("/api/v1/nodes/e2e-fake-node", "strategic", { metadata: { labels: { patched: "true" } } });
  expect((await api.get(`/api/v1/nodes?${labelled("patched=true")}`)).items).toHaveLength(1);
  const updated = await api.edit("/api/v1/nodes/e2e-fake-node", (object) => {
    object.metadata.labels.updated = "true";
  });
  expect(updated.metadata.labels).toMatchObject({ patched: "true", updated: "true" });
  await api.delete(`/api/v1/nodes?${labelled("updated=true")}`);
  await api.untilGone("/api/v1/nodes/e2e-fake-node");
});

const node = { group: "node.k8s.io", version: "v1" };
const runtimeClasses = "/apis/node.k8s.io/v1/runtimeclasses";

test("RuntimeClass API", async () => {
  await expectLifecycle(suite.api, {
    ...node,
    resource: "runtimeclasses",
    object: (name, labels) => ({ metadata: { name, labels }, handler: "test-handler" }),
  });
});

test("Pod with the non-existing RuntimeClass is rejected.", async () => {
  const namespace = await suite.namespace();
  const body = pod("p", { spec: { runtimeClassName: `${namespace}-nonexistent` } });
  const answer = await suite.api.call("POST", pods(namespace), { body });
  expect(answer.status).toBe(403);
  expect(answer.body.message).toContain("RuntimeClass");
});

test("Pod with the deleted RuntimeClass is rejected.", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(runtimeClasses, { metadata: { name: namespace }, handler: "preconfigured" });
  await api.delete(`${runtimeClasses}/${namespace}`);
  await api.untilGone(`${runtimeClasses}/${namespace}`);
  const answer = await api.call("POST", pods(namespace), { body: pod("p", { spec: { runtimeClassName: namespace } }) });
  expect(answer.status).toBe(403);
});

test("Can schedule a pod requesting existing RuntimeClass.", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(runtimeClasses, { metadata: { name: namespace }, handler: "preconfigured" });
  await api.create(pods(namespace), pod("p", { spec: { runtimeClassName: namespace } }));
  const scheduled = await api.until(`${pods(namespace)}/p`, ({ spec }) => spec.nodeName !== undefined);
  expect(scheduled.spec.overhead).toBeUndefined();
});

test("RuntimeClass Overhead field must be respected.", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const podFixed = { cpu: "10m", memory: "1Mi" };
  await api.create(runtimeClasses, { metadata: { name: namespace }, handler: "preconfigured", overhead: { podFixed } });
  await api.create(pods(namespace), pod("p", { spec: { runtimeClassName: namespace } }));
  const scheduled = await api.until(`${pods(namespace)}/p`, ({ spec }) => spec.nodeName !== undefined);
  expect(scheduled.spec.overhead).toEqual(podFixed);
});

test("Sysctls, reject invalid sysctls", async () => {
  const namespace = await suite.namespace();
  const sysctls = [
    { name: "foo-", value: "bar" },
    { name: "kernel.shmmax", value: "100000000" },
    { name: "safe-and-unsafe", value: "100000000" },
    { name: "bar..", value: "42" },
  ];
  const answer = await suite.api.call("POST", pods(namespace), {
    body: pod("p", { spec: { securityContext: { sysctls } } }),
  });
  expect(answer.status).toBe(422);
  expect(answer.body.message).toContain('Invalid value: "foo-"');
  expect(answer.body.message).toContain('Invalid value: "bar.."');
  expect(answer.body.message).not.toContain("safe-and-unsafe");
  expect(answer.body.message).not.toContain("kernel.shmmax");
});

const dynamic = { group: "resource.k8s.io", version: "v1" };
const requests = [{ name: "req-0", exactly: { deviceClassName: "class" } }];

test("CRUD operations for deviceclasses", async () => {
  await expectLifecycle(suite.api, {
    ...dynamic,
    resource: "deviceclasses",
    object: (name, labels) => ({ metadata: { name, labels }, spec: {} }),
  });
});

test("CRUD operations for resourceclaims", async () => {
  await expectLifecycle(suite.api, {
    ...dynamic,
    resource: "resourceclaims",
    namespace: await suite.namespace(),
    subresources: ["status"],
    object: (name, labels) => ({ metadata: { name, labels }, spec: { devices: { requests } } }),
  });
});

test("CRUD operations for resourceclaimtemplates", async () => {
  await expectLifecycle(suite.api, {
    ...dynamic,
    resource: "resourceclaimtemplates",
    namespace: await suite.namespace(),
    object: (name, labels) => ({ metadata: { name, labels }, spec: { spec: { devices: { requests } } } }),
  });
});

test("CRUD operations for resoureslices", async () => {
  await expectLifecycle(suite.api, {
    ...dynamic,
    resource: "resourceslices",
    object: (name, labels) => ({
      metadata: { name, labels },
      spec: {
        nodeName: "a-node",
        driver: "driver.example.com",
        pool: { name, generation: 1, resourceSliceCount: 1 },
        devices: [{ name: "dev-0" }],
      },
    }),
  });
});

interface Sizes {
  readonly requests: Json;
  readonly limits?: Json;
}

/** A pod of these containers; then each has its sizes changed in place, and the node says that it has done so. */
async function expectResized(before: Record<string, Sizes>, after: Record<string, Sizes>): Promise<void> {
  const { api } = suite;
  const namespace = await suite.namespace();
  const containers = Object.entries(before).map(([name, resources]) => container({ name, resources }));
  await api.create(pods(namespace), pod("p", { spec: { containers } }));
  const running = await api.until(`${pods(namespace)}/p`, isReady);
  const change = Object.entries(after).map(([name, resources]) => ({ name, resources }));
  const asked = await api.patch(`${pods(namespace)}/p/resize`, "strategic", { spec: { containers: change } });
  expect(asked.metadata.generation).toBe(running.metadata.generation + 1);
  await expectSizes(namespace, { ...before, ...after });
}

async function expectSizes(namespace: string, sizes: Record<string, Sizes>): Promise<void> {
  const resized = await suite.api.until(
    `${pods(namespace)}/p`,
    ({ metadata, status }) =>
      status.observedGeneration === metadata.generation &&
      status.containerStatuses.every(
        (one: Json) => JSON.stringify(one.resources?.requests) === JSON.stringify(sizes[one.name]?.requests),
      ),
  );
  for (const status of resized.status.containerStatuses) {
    expect(status.resources).toEqual(sizes[status.name]);
    expect(status.restartCount).toBe(0);
    expect(resized.spec.containers.find(({ name }: Json) => name === status.name).resources).toMatchObject(
      sizes[status.name] ?? {},
    );
  }
  const pending = (resized.status.conditions ?? []).filter(({ type }: Json) => type.startsWith("PodResize"));
  expect(pending).toEqual([]);
}

const exactly = (cpu: string, memory: string): Sizes => ({ requests: { cpu, memory }, limits: { cpu, memory } });

test("In-place Pod Resize, guaranteed pods with multiple containers, net increase", () =>
  expectResized(
    { c1: exactly("20m", "20Mi"), c2: exactly("20m", "20Mi"), c3: exactly("20m", "20Mi") },
    { c1: exactly("35m", "35Mi"), c2: exactly("15m", "15Mi"), c3: exactly("35m", "35Mi") },
  ));

test("In-place Pod Resize, guaranteed pods with multiple containers, net decrease", () =>
  expectResized(
    { c1: exactly("30m", "30Mi"), c2: exactly("30m", "30Mi"), c3: exactly("30m", "30Mi") },
    { c1: exactly("20m", "20Mi"), c2: exactly("35m", "35Mi"), c3: exactly("20m", "20Mi") },
  ));

test("In-place Pod Resize, guaranteed pods with multiple containers, various operations", () =>
  expectResized(
    { c1: exactly("20m", "20Mi"), c2: exactly("20m", "20Mi"), c3: exactly("20m", "20Mi") },
    { c1: exactly("35m", "20Mi"), c2: exactly("20m", "35Mi"), c3: exactly("15m", "15Mi") },
  ));

test("In-place Pod Resize, burstable pod resized with equivalents", () =>
  expectResized(
    { c1: { requests: { cpu: "2m" }, limits: { cpu: "10m" } } },
    { c1: { requests: { cpu: "1m" }, limits: { cpu: "5m" } } },
  ));

test("In-place Pod Resize, read and replace endpoints", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(
    pods(namespace),
    pod("p", { spec: { containers: [container({ name: "c1", resources: exactly("20m", "20Mi") })] } }),
  );
  await api.until(`${pods(namespace)}/p`, isReady);
  await api.edit(`${pods(namespace)}/p/resize`, (object) => {
    object.spec.containers[0].resources = exactly("30m", "30Mi");
  });
  await expectSizes(namespace, { c1: exactly("30m", "30Mi") });
  expect(await api.get(`${pods(namespace)}/p/resize`)).toEqual(await api.get(`${pods(namespace)}/p`));
});
