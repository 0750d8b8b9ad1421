import { AppsV1Api, CoreV1Api, KubeConfig, makeInformer, type V1ConfigMap, Watch } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Sandbox } from "../support/sampan.ts";

const box = new Sandbox();
const config = new KubeConfig();
beforeAll(async () => {
  await box.start(["--ephemeral"]);
  config.loadFromFile(box.kubeconfig);
});
afterAll(() => box.remove());

test("create, read, replace, patch, list and delete", async () => {
  const core = config.makeApiClient(CoreV1Api);
  const namespace = "default";
  const made = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "a" }, data: { k: "1" } } });
  expect(made.metadata?.uid).toBeTruthy();
  const read = await core.readNamespacedConfigMap({ name: "a", namespace });
  const replaced = await core.replaceNamespacedConfigMap({ name: "a", namespace, body: { ...read, data: { k: "2" } } });
  expect(replaced.data).toEqual({ k: "2" });
  await expect(
    core.replaceNamespacedConfigMap({ name: "a", namespace, body: { ...read, data: { k: "3" } } }),
  ).rejects.toMatchObject({ code: 409 });
  const patched = await core.patchNamespacedConfigMap({
    name: "a",
    namespace,
    body: [{ op: "add", path: "/data/x", value: "y" }],
  });
  expect(patched.data).toEqual({ k: "2", x: "y" });
  const listed = await core.listNamespacedConfigMap({ namespace, fieldSelector: "metadata.name=a" });
  expect(listed.items.map((item) => item.metadata?.name)).toEqual(["a"]);
  await core.deleteNamespacedConfigMap({ name: "a", namespace });
  await expect(core.readNamespacedConfigMap({ name: "a", namespace })).rejects.toMatchObject({ code: 404 });
});

test("a watch sees what happens", async () => {
  const core = config.makeApiClient(CoreV1Api);
  const seen: string[] = [];
  const controller = await new Watch(config).watch(
    "/api/v1/namespaces/default/configmaps",
    { fieldSelector: "metadata.name=watched" },
    (phase: string) => seen.push(phase),
    () => {},
  );
  await core.createNamespacedConfigMap({ namespace: "default", body: { metadata: { name: "watched" } } });
  await core.deleteNamespacedConfigMap({ namespace: "default", name: "watched" });
  await eventually(
    async () => seen,
    (phases) => phases.length >= 2,
  );
  controller.abort();
  expect(seen).toEqual(["ADDED", "DELETED"]);
});

test("an informer follows deployments until they are ready", async () => {
  const apps = config.makeApiClient(AppsV1Api);
  const informer = makeInformer(config, "/apis/apps/v1/namespaces/default/deployments", () =>
    apps.listNamespacedDeployment({ namespace: "default" }),
  );
  const ready: number[] = [];
  informer.on("update", (deployment: V1ConfigMap & { status?: { readyReplicas?: number } }) => {
    ready.push(deployment.status?.readyReplicas ?? 0);
  });
  informer.on("error", () => {}); // aborted by stop()
  await informer.start();
  const labels = { app: "informed" };
  await apps.createNamespacedDeployment({
    namespace: "default",
    body: {
      metadata: { name: "informed" },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "nginx" }] } },
      },
    },
  });
  await eventually(
    async () => ready.at(-1),
    (count) => count === 2,
  );
  expect(informer.list()[0]?.metadata?.name).toBe("informed");
  await informer.stop();
});
