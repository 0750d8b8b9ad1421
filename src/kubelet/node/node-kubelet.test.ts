import { afterEach, expect, test } from "vitest";
import type { Pod } from "../../api/types/index.ts";
import { createInformerFactory, resources } from "../../client/index.ts";
import { type PodSource, sharedPodSource } from "../pods/pod-source.ts";
import { StatusWriter } from "../pods/status-writer.ts";
import { SimulatedNetwork, SimulatedRuntime, simulatedProber } from "../runtime/simulated/index.ts";
import { box, podOf, type TestCluster, testCluster } from "../testing/cluster-suite.ts";
import { SimulatedVolumes } from "../volumes/index.ts";
import { simulatedFacts } from "./node-facts.ts";
import { NodeKubelet } from "./node-kubelet.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

/** A node whose runtime the test holds in its hands. */
async function nodeWithRuntime(
  source?: PodSource,
): Promise<{ runtime: SimulatedRuntime; kubelet: NodeKubelet; stop(): Promise<void> }> {
  const { client, host } = cluster;
  const runtime = new SimulatedRuntime({ host });
  const network = new SimulatedNetwork(runtime);
  const informers = createInformerFactory(client, host);
  const pods = source ?? sharedPodSource(informers);
  informers.start();
  const kubelet = new NodeKubelet({
    client,
    host,
    node: { name: "bare", podCIDR: "10.1.0.0/24" },
    settings: { statusCheckSeconds: 10 },
    ip: "192.0.2.9",
    backend: {
      runtime,
      network,
      prober: simulatedProber(host.clock, runtime, network),
      volumes: new SimulatedVolumes({ client, host, allocatable: () => ({}) }),
      facts: async () => simulatedFacts({ name: "bare" }),
    },
    pods,
    statuses: new StatusWriter(client, host),
  });
  await kubelet.start();
  const stop = async (): Promise<void> => {
    await kubelet.stop();
    informers.stop();
  };
  return { runtime, kubelet, stop };
}

test("when the sandbox dies the whole pod is built anew, init containers first", async () => {
  cluster = await testCluster();
  const { runtime, stop } = await nodeWithRuntime();
  await cluster.run(podOf("p", { nodeName: "bare", initContainers: [box("i", "echo init")] }));
  expect((await cluster.pod("p")).status?.podIP).toBe("10.1.0.2");
  const [sandbox] = await runtime.listPodSandbox();
  await runtime.stopPodSandbox(sandbox?.id ?? "");
  await cluster.seconds(1);
  const { status } = await cluster.pod("p");
  expect(status).toMatchObject({ phase: "Running", podIP: "10.1.0.3", podIPs: [{ ip: "10.1.0.3" }] });
  expect(status?.initContainerStatuses?.[0]?.restartCount).toBe(1);
  expect(status?.containerStatuses?.[0]).toMatchObject({
    restartCount: 1,
    ready: true,
    lastState: { terminated: { exitCode: 137 } },
  });
  expect(await cluster.events("p")).toContain("SandboxChanged: Pod sandbox changed, it will be killed and re-created.");
  await stop();
});

test("a resource that somebody tells of the node is allocatable, and no longer when it is taken back", async () => {
  cluster = await testCluster();
  const { kubelet, stop } = await nodeWithRuntime();
  const nodes = cluster.client.resource(resources.nodes);
  const tell = async (amount: string | null) => {
    await nodes.patchStatus({ name: "bare" }, "merge", { status: { capacity: { "example.com/dongle": amount } } });
    kubelet.nodeSeen(await cluster.node("bare"));
    await cluster.seconds(11);
    return (await cluster.node("bare")).status?.allocatable?.["example.com/dongle"];
  };
  expect(await tell("5")).toBe("5");
  const { resourceVersion } = (await cluster.node("bare")).metadata;
  await cluster.seconds(30);
  expect((await cluster.node("bare")).metadata.resourceVersion, "nothing is written again").toBe(resourceVersion);
  expect(await tell(null)).toBeUndefined();
  await stop();
});

test("a simulated node does not wait for its next look", async () => {
  cluster = await testCluster();
  const status = { capacity: { "example.com/dongle": "5" } };
  await cluster.client.resource(resources.nodes).patchStatus({ name: "node-1" }, "merge", { status });
  await cluster.seconds(1);
  expect((await cluster.node()).status?.allocatable?.["example.com/dongle"]).toBe("5");
});

test("what a pod had that was deleted by force is free for others at once", async () => {
  cluster = await testCluster({ nodes: [{ name: "node-1", podCIDR: "10.244.0.0/24", cpu: 1 }] });
  const asking = { nodeName: "node-1", terminationGracePeriodSeconds: 60 };
  const c = { ...box("c", "trap '' TERM; sleep 1000"), resources: { requests: { cpu: "1" } } };
  await cluster.run(podOf("a", { ...asking, containers: [c] }));
  const pods = cluster.client.resource(resources.pods);
  await pods.delete({ namespace: "default", name: "a" }, { gracePeriodSeconds: 0 });
  await cluster.run(podOf("b", { ...asking, containers: [c] }));
  expect((await cluster.pod("b")).status?.phase).toBe("Running");
});

test("nothing of a pod that is gone is left in the runtime", async () => {
  cluster = await testCluster();
  const { runtime, kubelet, stop } = await nodeWithRuntime();
  await cluster.run(podOf("p", { nodeName: "bare", containers: [box("a", "exit 1")] }));
  await cluster.seconds(100);
  expect((await runtime.listContainers()).length).toBe(2);
  const { uid = "" } = (await cluster.pod("p")).metadata;
  const pods = cluster.client.resource({ group: "", version: "v1", resource: "pods", kind: "Pod", namespaced: true });
  await pods.delete({ namespace: "default", name: "p" });
  await cluster.seconds(5);
  expect(await runtime.listPodSandbox()).toEqual([]);
  expect(await runtime.listContainers()).toEqual([]);
  expect(kubelet.runner(uid)).toBeUndefined();
  await stop();
});

test("containers for debugging start beside the others", async () => {
  cluster = await testCluster();
  const { stop } = await nodeWithRuntime();
  await cluster.run(podOf("p", { nodeName: "bare" }));
  const pods = cluster.client.resource({ group: "", version: "v1", resource: "pods", kind: "Pod", namespaced: true });
  const patch = { spec: { ephemeralContainers: [{ name: "debug", image: "busybox", command: ["sleep", "100"] }] } };
  await pods.subresource("ephemeralcontainers").patch({ namespace: "default", name: "p" }, "strategic", patch);
  await cluster.seconds(1);
  const { status } = await cluster.pod("p");
  expect(status?.ephemeralContainerStatuses?.[0]).toMatchObject({ name: "debug", state: { running: {} } });
  expect(status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
  await stop();
});

test.each(["..", "../../etc", "a/b", ""])("a pod with the uid %o is left alone", async (uid) => {
  cluster = await testCluster();
  const pod = podOf("p", { nodeName: "bare" });
  const source: PodSource = {
    subscribe: (_, handlers) => {
      handlers.add({ ...pod, metadata: { ...pod.metadata, uid } } as Pod, true);
      return { stop: () => undefined };
    },
    whenSynced: async () => undefined,
  };
  const { runtime, kubelet, stop } = await nodeWithRuntime(source);
  await cluster.seconds(1);
  expect([...kubelet.runners]).toEqual([]);
  expect(await runtime.listPodSandbox()).toEqual([]);
  await stop();
});
