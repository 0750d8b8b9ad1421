import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { core, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { isReady, pod } from "../support/workloads.ts";

const suite = conformanceSuite();

const path = "/api/v1/namespaces";

test("namespace-deletion-removes-pods", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(pods(namespace), pod("test-pod"));
  await api.until(`${pods(namespace)}/test-pod`, isReady);
  await api.delete(`${path}/${namespace}`);
  await api.untilGone(`${path}/${namespace}`);
  await api.create(path, { metadata: { name: namespace } });
  expect((await api.get(pods(namespace))).items).toEqual([]);
});

test("namespace-deletion-removes-services", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(core(namespace, "services"), {
    metadata: { name: "test-service" },
    spec: { selector: { foo: "bar" }, ports: [{ port: 80, targetPort: 80 }] },
  });
  await api.delete(`${path}/${namespace}`);
  await api.untilGone(`${path}/${namespace}`);
  await api.create(path, { metadata: { name: namespace } });
  expect(await api.statusOf(`${core(namespace, "services")}/test-service`)).toBe(404);
});

test("Namespace patching", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.patch(`${path}/${namespace}`, "strategic", { metadata: { labels: { testLabel: "testValue" } } });
  expect((await api.get(`${path}/${namespace}`)).metadata.labels.testLabel).toBe("testValue");
});

test("Namespace, apply update to a namespace", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const updated = await api.edit(`${path}/${namespace}`, (object) => {
    object.metadata.labels[namespace] = "updated";
  });
  expect(updated.metadata.labels[namespace]).toBe("updated");
});

test("Namespace, apply changes to a namespace status", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const status = `${path}/${namespace}/status`;
  expect((await api.get(status)).status.phase).toBe("Active");
  const condition = (type: string) => ({
    type,
    status: "False",
    reason: "E2E",
    message: "Set by a test",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  });
  const patched = await api.patch(status, "merge", {
    metadata: { annotations: { "e2e-patched-ns-status": namespace } },
    status: { conditions: [condition("StatusPatch")] },
  });
  expect(patched.status.conditions).toEqual([condition("StatusPatch")]);
  expect(patched.metadata.annotations["e2e-patched-ns-status"]).toBe(namespace);
  const updated = await api.edit(status, (object) => object.status.conditions.push(condition("StatusUpdate")));
  expect(updated.status.conditions.map((one: Json) => one.type)).toEqual(["StatusPatch", "StatusUpdate"]);
  expect(updated.status.phase).toBe("Active");
  // As clients written in Go give conditions: times they did not set are null.
  const bare = { type: "Bare", status: "True", lastTransitionTime: null, reason: "E2E", message: "Patched" };
  const repatched = await api.patch(status, "merge", { status: { conditions: [bare] } });
  expect(repatched.status.conditions.map((one: Json) => [one.type, one.message])).toEqual([["Bare", "Patched"]]);
  const appended = await api.edit(status, (object) => object.status.conditions.push({ ...bare, type: "Again" }));
  expect(appended.status.conditions.map((one: Json) => one.type)).toEqual(["Bare", "Again"]);
});

test("Namespace, apply finalizer to a namespace", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const finalizer = "e2e.example.com/fakeFinalizer";
  const finalize = `${path}/${namespace}/finalize`;
  const object = await api.get(`${path}/${namespace}`);
  object.spec.finalizers.push(finalizer);
  const added = await api.update(finalize, object);
  expect(added.spec.finalizers).toContain(finalizer);
  const current = await api.get(`${path}/${namespace}`);
  current.spec.finalizers = current.spec.finalizers.filter((name: string) => name !== finalizer);
  const removed = await api.update(finalize, current);
  expect(removed.spec.finalizers).toEqual(["kubernetes"]);
});

test("Ordered Namespace Deletion", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  // A pod that stays until its finalizer is taken away, beside an object that nothing holds.
  await api.create(pods(namespace), pod("kept", { metadata: { finalizers: ["e2e.example.com/finalizer"] } }));
  await api.create(core(namespace, "configmaps"), { metadata: { name: "last" } });
  await api.until(`${pods(namespace)}/kept`, isReady);
  await api.delete(`${path}/${namespace}`);
  const waiting = await api.until(`${path}/${namespace}`, ({ status }) =>
    (status.conditions ?? []).some((one: Json) => one.type === "NamespaceContentRemaining" && one.status === "True"),
  );
  expect(waiting.status.phase).toBe("Terminating");
  expect(waiting.status.conditions.map((one: Json) => one.type)).toContain("NamespaceDeletionContentFailure");
  const held = await api.until(`${pods(namespace)}/kept`, ({ metadata }) => metadata.deletionTimestamp !== undefined);
  expect(held.metadata.finalizers).toEqual(["e2e.example.com/finalizer"]);
  expect(await api.statusOf(`${core(namespace, "configmaps")}/last`)).toBe(200);
  await api.edit(`${pods(namespace)}/kept`, (object) => {
    object.metadata.finalizers = [];
  });
  await api.untilGone(`${pods(namespace)}/kept`);
  await api.untilGone(`${path}/${namespace}`);
});
