import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, createCluster, renderKubeconfig, resources } from "../../../src/index.ts";
import { clientBinary } from "../../support/binaries.ts";
import { eventually } from "../../support/eventually.ts";
import { MetricsServer } from "../../support/metrics-server.ts";
import { execute } from "../../support/sampan.ts";

let cluster: Cluster;
let metrics: MetricsServer;
const dir = mkdtempSync(join(tmpdir(), "sampan-top-"));

beforeAll(async () => {
  cluster = await createCluster({ nodes: { count: 2 } });
  writeFileSync(join(dir, "kubeconfig"), renderKubeconfig(cluster.kubeconfig));
  metrics = await MetricsServer.start(cluster.client());
  await cluster
    .client()
    .resource(resources.pods)
    .create({
      metadata: { namespace: "default", name: "web", labels: { app: "web" } },
      spec: { containers: [{ name: "c", image: "i" }] },
    });
  await eventually(
    () => cluster.client().resource(resources.pods).get({ namespace: "default", name: "web" }),
    ({ status }) => status?.phase === "Running",
  );
  await metrics.follow(cluster.client());
  metrics.usage = { cpu: "250m", memory: "100Mi" };
  await eventually(
    () => kubectl("get apiservices v1beta1.metrics.k8s.io"),
    (text) => text.includes("True"),
  );
});
afterAll(async () => {
  metrics?.extension.stop();
  await cluster?.stop();
  rmSync(dir, { recursive: true });
});

async function kubectl(args: string): Promise<string> {
  const env = { KUBECONFIG: join(dir, "kubeconfig"), HOME: dir };
  const { code, stdout, stderr } = await execute(clientBinary("kubectl"), args.split(" "), { env });
  if (code !== 0) throw new Error(`kubectl ${args} ended with ${code}: ${stderr}`);
  return stdout;
}

const rows = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).join(" "));

test("kubectl top tells what nodes and pods use", async () => {
  expect(rows(await kubectl("top nodes"))).toEqual([
    "NAME CPU(cores) CPU(%) MEMORY(bytes) MEMORY(%)",
    "node-1 250m 3% 100Mi 0%",
    "node-2 250m 3% 100Mi 0%",
  ]);
  expect(rows(await kubectl("top pods --namespace default"))).toEqual([
    "NAME CPU(cores) MEMORY(bytes)",
    "web 250m 100Mi",
  ]);
  expect(rows(await kubectl("top pods -A -l app=web --containers --no-headers"))).toEqual(["default web c 250m 100Mi"]);
});

test("kubectl finds what other servers serve: by name, by path and in its lists", async () => {
  const shown = rows(await kubectl("api-resources --api-group metrics.k8s.io --no-headers"));
  expect(shown).toEqual([
    "nodes metrics.k8s.io/v1beta1 false NodeMetrics",
    "pods metrics.k8s.io/v1beta1 true PodMetrics",
  ]);
  const raw = JSON.parse(await kubectl("get --raw /apis/metrics.k8s.io/v1beta1/namespaces/default/pods"));
  expect(raw.items[0].containers).toEqual([{ name: "c", usage: { cpu: "250m", memory: "100Mi" } }]);
  expect(await kubectl("get pods.metrics.k8s.io --namespace default -o name")).toBe("podmetrics.metrics.k8s.io/web\n");
  expect(
    rows(await kubectl("get apiservices v1beta1.metrics.k8s.io v1.apps --no-headers")).map((row) =>
      row.split(" ").slice(0, 3),
    ),
  ).toEqual([
    ["v1beta1.metrics.k8s.io", "kube-system/metrics", "True"],
    ["v1.apps", "Local", "True"],
  ]);
});
