import { afterEach, expect, test } from "vitest";
import { resources } from "../client/index.ts";
import { box, podOf, type TestCluster, testCluster } from "./testing/cluster-suite.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

test("a node registers ready at once, with its lease", async () => {
  cluster = await testCluster();
  const node = await cluster.node();
  expect(node.metadata.labels?.["kubernetes.io/hostname"]).toBe("node-1");
  expect(node.status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`)).toEqual([
    "MemoryPressure=False KubeletHasSufficientMemory",
    "DiskPressure=False KubeletHasNoDiskPressure",
    "PIDPressure=False KubeletHasSufficientPID",
    "Ready=True KubeletReady",
  ]);
  const lease = await cluster.client.resource(resources.leases).get({ namespace: "kube-node-lease", name: "node-1" });
  expect(lease.spec).toMatchObject({ holderIdentity: "node-1", leaseDurationSeconds: 40 });
  const before = lease.spec?.renewTime;
  await cluster.seconds(11);
  const later = await cluster.client.resource(resources.leases).get({ namespace: "kube-node-lease", name: "node-1" });
  expect(later.spec?.renewTime).not.toBe(before);
});

test("a lease that somebody deleted is made anew", async () => {
  cluster = await testCluster();
  const leases = cluster.client.resource(resources.leases);
  const key = { namespace: "kube-node-lease", name: "node-1" };
  await leases.delete(key);
  await cluster.seconds(15);
  expect((await leases.find(key))?.spec?.holderIdentity).toBe("node-1");
});

test("a pod becomes running and ready without time passing", async () => {
  cluster = await testCluster();
  await cluster.run(podOf("p"));
  const { status } = await cluster.pod("p");
  expect(status).toMatchObject({ phase: "Running", podIP: "10.244.0.2", hostIP: "192.0.2.2", qosClass: "BestEffort" });
  expect(status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual(
    expect.arrayContaining(["Initialized=True", "Ready=True", "ContainersReady=True", "PodScheduled=True"]),
  );
  expect(status?.containerStatuses?.[0]).toMatchObject({ ready: true, started: true, restartCount: 0, lastState: {} });
  expect(await cluster.events("p")).toEqual([
    'Pulled: Container image "nginx:1.27" already present on machine and can be accessed by the pod',
    "Created: Container created",
    "Started: Container started",
  ]);
});

test("a deleted pod is gone when its containers have ended, its address is free again", async () => {
  cluster = await testCluster();
  await cluster.run(podOf("p", { containers: [box("a", "sleep 1000")], terminationGracePeriodSeconds: 5 }));
  await cluster.client.resource(resources.pods).delete({ namespace: "default", name: "p" });
  await cluster.seconds(4);
  expect((await cluster.findPod("p"))?.metadata.deletionTimestamp).toBeDefined();
  await cluster.seconds(2);
  expect(await cluster.findPod("p")).toBeUndefined();
  expect(await cluster.events("p")).toContain("Killing: Stopping container a");
});

test("a crash loop backs off as the original does", async () => {
  cluster = await testCluster();
  const script = "echo dying; echo last words > /dev/termination-log; exit 3";
  await cluster.run(podOf("p", { containers: [box("a", script)] }));
  await cluster.seconds(24);
  const [status] = (await cluster.pod("p")).status?.containerStatuses ?? [];
  expect(status).toMatchObject({
    restartCount: 2,
    ready: false,
    started: false,
    state: { terminated: { exitCode: 3, reason: "Error", message: "last words\n" } },
    lastState: { terminated: { exitCode: 3, reason: "Error" } },
  });
  const events = await cluster.events("p");
  expect(events).toContain("Started: Container started (3)");
  expect(events.find((event) => event.startsWith("BackOff"))).toMatch(
    /^BackOff: Back-off restarting failed container a in pod p_default\(.*\) \(3\)$/,
  );
  await cluster.seconds(2);
  expect((await cluster.pod("p")).status?.containerStatuses?.[0]?.state?.waiting).toMatchObject({
    reason: "CrashLoopBackOff",
    message: expect.stringMatching(/^back-off 20s restarting failed container=a pod=p_default\(/),
  });
});

test("a container waits for the address range of its node", async () => {
  cluster = await testCluster({ nodes: [{ name: "node-1" }] });
  await cluster.run(podOf("p"));
  expect((await cluster.pod("p")).status?.phase).toBe("Pending");
  const patch = { spec: { podCIDR: "10.9.8.0/24", podCIDRs: ["10.9.8.0/24"] } };
  await cluster.client.resource(resources.nodes).patch({ name: "node-1" }, "merge", patch);
  await cluster.host.clock.settle();
  expect((await cluster.pod("p")).status).toMatchObject({ phase: "Running", podIP: "10.9.8.2" });
});

test("a restart goes on with what ran: the pods do not change", async () => {
  cluster = await testCluster();
  await cluster.run(podOf("p"), podOf("q", { containers: [box("a", "sleep 5; exit 1")] }));
  await cluster.seconds(2);
  const before = await cluster.pod("p");
  const other = await cluster.pod("q");
  await cluster.restart();
  expect(await cluster.pod("p")).toEqual(before);
  expect(await cluster.pod("q")).toEqual(other);
  await cluster.seconds(4);
  expect((await cluster.pod("q")).status?.containerStatuses?.[0]).toMatchObject({ restartCount: 1 });
  await cluster.run(podOf("r"));
  expect((await cluster.pod("r")).status?.podIP).toBe("10.244.0.4");
});
