import { afterEach, expect, test } from "vitest";
import { formatMicroTime, formatTime } from "../../api/meta/index.ts";
import { resources } from "../../client/index.ts";
import type { ControllersConfig } from "../index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

async function start(names = ["node-1"], config: ControllersConfig = {}) {
  cluster = await testCluster(["node-lifecycle-controller", "taint-eviction-controller"], config);
  await cluster.client.resource(resources.namespaces).create({ metadata: { name: "kube-node-lease" }, spec: {} });
  for (const name of names) {
    await cluster.client.resource(resources.nodes).create({ metadata: { name }, spec: {} });
    await beat(name, true);
  }
  await cluster.settle();
}

async function beat(name: string, isFirst = false) {
  const { client, host } = cluster;
  const now = formatTime(host.clock.now());
  const node = await client.resource(resources.nodes).get({ name });
  const conditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"].map((type) => {
    return { type, status: type === "Ready" ? "True" : "False", lastHeartbeatTime: now, lastTransitionTime: now };
  });
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
  if (!ready) await client.resource(resources.nodes).updateStatus({ ...node, status: { ...node.status, conditions } });
  const lease = {
    metadata: { namespace: "kube-node-lease", name },
    spec: { renewTime: formatMicroTime(host.clock.now()) },
  };
  if (isFirst) await client.resource(resources.leases).create(lease);
  else await client.resource(resources.leases).patch(lease.metadata, "merge", { spec: lease.spec });
}

async function passTime(seconds: number, beating: string[] = []) {
  for (let passed = 0; passed < seconds; passed += 10) {
    for (const name of beating) await beat(name);
    await cluster.settle(10_000);
  }
}

function taintsOf(node: { spec?: { taints?: { key: string; effect: string }[] } }) {
  return (node.spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
}

async function makePod(tolerationSeconds?: number) {
  const tolerations = [
    { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds },
  ];
  await cluster.client.resource(resources.pods).create({
    metadata: { namespace: "default", name: "p" },
    spec: { containers: [{ name: "c", image: "i" }], tolerations, terminationGracePeriodSeconds: 1 },
  });
  await cluster.runPods();
}

test("leases that are renewed keep a node ready", async () => {
  await start();
  await passTime(120, ["node-1"]);
  const node = await cluster.one(resources.nodes, "node-1");
  expect(node.status?.conditions?.[0]?.status).toBe("True");
  expect(await cluster.events()).toEqual([
    "Normal RegisteredNode Node: Node node-1 event: Registered Node node-1 in Controller",
  ]);
});

test("a silent node becomes Unknown after 50 seconds, is tainted, and its pods are not ready", async () => {
  await start(["node-1", "node-2"]);
  await makePod();
  await passTime(40, ["node-2"]);
  expect((await cluster.one(resources.nodes, "node-1")).status?.conditions?.[0]?.status).toBe("True");
  await passTime(20, ["node-2"]);
  const node = await cluster.one(resources.nodes, "node-1");
  expect(node.status?.conditions?.[0]).toMatchObject({
    type: "Ready",
    status: "Unknown",
    reason: "NodeStatusUnknown",
    message: "Kubelet stopped posting node status.",
  });
  expect(taintsOf(node)).toEqual([
    "node.kubernetes.io/unreachable:NoExecute",
    "node.kubernetes.io/unreachable:NoSchedule",
  ]);
  const pod = await cluster.one(resources.pods, "p");
  expect(pod.status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("False");
  expect(await cluster.events()).toEqual(
    expect.arrayContaining([
      "Normal NodeNotReady Node: Node node-1 status is now: NodeNotReady",
      "Warning NodeNotReady Pod: Node is not ready",
    ]),
  );
});

test("a node that comes back loses its taints", async () => {
  await start(["node-1", "node-2"]);
  await passTime(60, ["node-2"]);
  await passTime(10, ["node-1", "node-2"]);
  expect(taintsOf(await cluster.one(resources.nodes, "node-1"))).toEqual([]);
});

test("when no node answers, none is emptied", async () => {
  await start(["node-1", "node-2"]);
  await passTime(120);
  expect(taintsOf(await cluster.one(resources.nodes, "node-1"))).toEqual(["node.kubernetes.io/unreachable:NoSchedule"]);
});

test("a pod leaves an unreachable node when the time it tolerates has run out", async () => {
  await start(["node-1", "node-2"]);
  await makePod(30);
  await passTime(70, ["node-2"]);
  expect((await cluster.one(resources.pods, "p")).metadata.deletionTimestamp).toBeUndefined();
  await passTime(30, ["node-2"]);
  const pod = await cluster.one(resources.pods, "p");
  expect(pod.metadata.deletionTimestamp).toBeDefined();
  expect(pod.status?.conditions?.find(({ type }) => type === "DisruptionTarget")).toMatchObject({
    status: "True",
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
  });
  expect(await cluster.events()).toContain("Normal TaintManagerEviction Pod: Marking for deletion Pod default/p");
});

const isEmptied = (node: { spec?: { taints?: { key: string; effect: string }[] } }) =>
  taintsOf(node).includes("node.kubernetes.io/unreachable:NoExecute");
const emptied = async () => (await cluster.all(resources.nodes)).filter(isEmptied).map(({ metadata }) => metadata.name);
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `node-${String(i).padStart(2, "0")}`);

test("nodes are emptied one in ten seconds, as long as most of their zone answers", async () => {
  const names = numbered(10);
  await start(names);
  await passTime(60, names.slice(4));
  const first = (await emptied()).length;
  expect(first).toBeGreaterThanOrEqual(1);
  expect(first).toBeLessThan(4);
  await passTime(40, names.slice(4));
  expect(await emptied()).toEqual(names.slice(0, 4));
});

test("when much of a small zone falls silent, none of it is emptied; of a large one, slowly", async () => {
  const names = numbered(10);
  await start(names);
  await passTime(120, names.slice(6));
  expect(await emptied()).toEqual([]);
  await cluster.stop();
  await start(names, { nodeEviction: { largeClusterSizeThreshold: 5, secondaryPerSecond: 0.02 } });
  await passTime(60, names.slice(6));
  const before = (await emptied()).length;
  await passTime(100, names.slice(6));
  expect((await emptied()).length - before).toBe(2);
});

test("when the last node falls silent, those that were being emptied are left alone; when one comes back, all begin anew", async () => {
  await start(["node-1", "node-2"]);
  await passTime(70, ["node-2"]);
  expect(await emptied()).toEqual(["node-1"]);
  await passTime(60);
  expect(await emptied()).toEqual([]);
  await passTime(20, ["node-2"]);
  await passTime(60, ["node-2"]);
  expect(await emptied()).toEqual(["node-1"]);
  expect(await cluster.host.metrics.render()).toContain('node_collector_zone_size{zone=":"} 2');
});
