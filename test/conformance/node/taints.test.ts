import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { fastHost } from "../support/fast-host.ts";
import { pods } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { isReady, pod } from "../support/workloads.ts";

// Minutes of toleration pass in seconds.
const suite = conformanceSuite({ nodes: { count: 2 }, host: fastHost(10) });

const taint = { key: "kubernetes.io/e2e-evict-taint-key", value: "evictTaintVal", effect: "NoExecute" };

function tolerating(name: string, seconds: number): Json {
  const tolerations = [{ ...taint, operator: "Equal", tolerationSeconds: seconds }];
  return pod(name, { spec: { tolerations, terminationGracePeriodSeconds: 0 } });
}

async function setTaints(node: string, taints: Json[]): Promise<void> {
  await suite.api.edit(`/api/v1/nodes/${node}`, (object) => {
    object.spec.taints = taints;
  });
}

test("Pod Eviction, Toleration limits", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const [node] = (await api.get("/api/v1/nodes")).items;
  const nodeName = node.metadata.name;
  const on = (object: Json) => ({ ...object, spec: { ...object.spec, nodeName } });
  await api.create(pods(namespace), on(tolerating("short", 5)));
  await api.create(pods(namespace), on(tolerating("long", 40)));
  for (const name of ["short", "long"]) await api.until(`${pods(namespace)}/${name}`, isReady);
  const watching = await api.watch(pods(namespace));
  await setTaints(nodeName, [taint]);
  const first = await watching.next(({ object }) => object.metadata.deletionTimestamp !== undefined);
  expect(first.object.metadata.name).toBe("short");
  const second = await watching.next(
    ({ object }) => object.metadata.name === "long" && object.metadata.deletionTimestamp !== undefined,
  );
  const between =
    Date.parse(second.object.metadata.deletionTimestamp) - Date.parse(first.object.metadata.deletionTimestamp);
  expect(between / 1000).toBeGreaterThan(25);
  watching.stop();
  await setTaints(nodeName, []);
});

test("Taint, Pod Eviction on taint removal", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  await api.create(pods(namespace), tolerating("tolerating", 20));
  const running = await api.until(`${pods(namespace)}/tolerating`, isReady);
  const { nodeName } = running.spec;
  // A second pod that tolerates less, on the same node and with the same taint, tells when time has passed.
  await setTaints(nodeName, [taint]);
  await setTaints(nodeName, []);
  const later = tolerating("later", 30);
  await api.create(pods(namespace), { ...later, spec: { ...later.spec, nodeName } });
  await api.until(`${pods(namespace)}/later`, isReady);
  await api.delete(`${pods(namespace)}/later`);
  const deadline = { ...pod("clock"), spec: { ...pod("clock").spec, nodeName, activeDeadlineSeconds: 40 } };
  await api.create(pods(namespace), deadline);
  await api.until(`${pods(namespace)}/clock`, ({ status }) => status.phase === "Failed");
  const kept = await api.get(`${pods(namespace)}/tolerating`);
  expect(kept.metadata.uid).toBe(running.metadata.uid);
  expect(kept.metadata.deletionTimestamp).toBeUndefined();
});
