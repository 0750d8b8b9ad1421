import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { labelled, pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { isReady, pod } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: { count: 2 } });

const budgets = (namespace: string) => `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;
const labels = { foo: "bar" };

function budget(name: string, minAvailable: number, more: Json = {}): Json {
  return { metadata: { name, labels: more }, spec: { selector: { matchLabels: labels }, minAvailable } };
}

async function runPods(namespace: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await suite.api.create(pods(namespace), pod(`pod-${index}`, { metadata: { labels } }));
  }
  await suite.api.untilList(pods(namespace), (items) => items.length === count && items.every(isReady));
}

function untilObserved(namespace: string, name: string, holds: (status: Json) => boolean = () => true): Promise<Json> {
  return suite.api.until(
    `${budgets(namespace)}/${name}`,
    ({ metadata, status }) => status?.observedGeneration === metadata.generation && holds(status),
  );
}

test("PodDisruptionBudget: create, update, patch, and delete object", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(budgets(namespace), budget("foo", 1));
  await untilObserved(namespace, "foo");
  const updated = await api.edit(`${budgets(namespace)}/foo`, (object) => {
    object.spec.minAvailable = 2;
  });
  expect(updated.spec.minAvailable).toBe(2);
  const patched = await api.patch(`${budgets(namespace)}/foo`, "strategic", { spec: { minAvailable: "3%" } });
  expect(patched.spec.minAvailable).toBe("3%");
  await untilObserved(namespace, "foo");
  await api.delete(`${budgets(namespace)}/foo`);
  expect(await api.statusOf(`${budgets(namespace)}/foo`)).toBe(404);
});

test("PodDisruptionBudget: list and delete collection", async () => {
  const { api } = suite;
  const one = await suite.namespace();
  const two = await suite.namespace();
  const run = { run: one };
  await api.create(budgets(one), budget("foo", 1, run));
  await api.create(budgets(one), budget("foo2", 2, run));
  await api.create(budgets(two), budget("foo", 1, run));
  const everywhere = await api.get(`/apis/policy/v1/poddisruptionbudgets?${labelled(`run=${one}`)}`);
  expect(everywhere.items).toHaveLength(3);
  await api.delete(`${budgets(one)}?${labelled(`run=${one}`)}`);
  expect((await api.get(budgets(one))).items).toEqual([]);
  expect((await api.get(budgets(two))).items).toHaveLength(1);
});

test("PodDisruptionBudget: Status updates", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(budgets(namespace), budget("foo", 1));
  await runPods(namespace, 3);
  const observed = await untilObserved(namespace, "foo", ({ disruptionsAllowed }) => disruptionsAllowed === 2);
  expect(observed.status).toMatchObject({ currentHealthy: 3, desiredHealthy: 1, expectedPods: 3 });
});

test("PodDisruptionBudget: update and patch status", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(budgets(namespace), budget("foo", 1));
  await runPods(namespace, 1);
  await untilObserved(namespace, "foo", ({ currentHealthy }) => currentHealthy === 1);
  const path = `${budgets(namespace)}/foo`;
  const updated = await api.edit(
    path,
    (object) => {
      object.status.disruptedPods = { "pod-0": "2026-01-01T00:00:00Z" };
    },
    `${path}/status`,
  );
  expect(updated.status.disruptedPods).toEqual({ "pod-0": "2026-01-01T00:00:00Z" });
  const patched = await api.patch(`${path}/status`, "merge", { status: { disruptedPods: null } });
  expect(patched.status.disruptedPods ?? {}).toEqual({});
});

test("PodDisruptionBudget: block an eviction until the PDB is updated to allow it", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const evict = (name: string) =>
    api.call("POST", `${pods(namespace)}/${name}/eviction`, {
      body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } },
    });
  await api.create(budgets(namespace), budget("foo", 2));
  await runPods(namespace, 2);
  await untilObserved(namespace, "foo", ({ currentHealthy }) => currentHealthy === 2);
  const refused = await evict("pod-0");
  expect(refused.status).toBe(429);
  expect(refused.body.details.causes[0].reason).toBe("DisruptionBudget");
  await api.patch(`${budgets(namespace)}/foo`, "merge", { spec: { minAvailable: 1 } });
  await untilObserved(namespace, "foo", ({ disruptionsAllowed }) => disruptionsAllowed === 1);
  expect((await evict("pod-0")).status).toBe(201);
  await api.untilGone(`${pods(namespace)}/pod-0`);
});
