import { afterEach, expect, test } from "vitest";
import { createClient, resources } from "../client/index.ts";
import { startKubelet } from "./index.ts";
import { box, podOf, type TestCluster, testCluster } from "./testing/cluster-suite.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

const key = (name: string) => ({ namespace: "default", name });
const pods = () => cluster.client.resource(resources.pods);
const firstStatus = async (name: string) => (await cluster.pod(name)).status?.containerStatuses?.[0];

async function logOf(name: string, options: object = {}): Promise<string> {
  let text = "";
  for await (const piece of cluster.kubelets.logs(await cluster.pod(name), { container: "a", ...options }))
    text += piece;
  return text;
}

test("an image that is not there is pulled once, and told of", async () => {
  cluster = await testCluster({ pullMs: 1500 });
  const containers = [{ name: "a", image: "example.org/app:1" }];
  await cluster.run(podOf("p", { containers }));
  expect((await firstStatus("p"))?.state?.waiting?.reason).toBe("ContainerCreating");
  await cluster.seconds(2);
  expect((await firstStatus("p"))?.ready).toBe(true);
  expect((await cluster.events("p")).slice(0, 2)).toEqual([
    'Pulling: Pulling image "example.org/app:1"',
    expect.stringMatching(
      /^Pulled: Successfully pulled image "example.org\/app:1" in 1.5s \(1.5s including waiting\). Image size: \d+ bytes.$/,
    ),
  ]);
  await cluster.run(podOf("q", { containers }));
  expect((await firstStatus("q"))?.ready).toBe(true);
});

test("an image that cannot be pulled is tried again, later each time", async () => {
  cluster = await testCluster();
  await cluster.run(podOf("p", { containers: [{ name: "a", image: "registry.invalid/app:1" }] }));
  expect((await firstStatus("p"))?.state?.waiting?.reason).toBe("ErrImagePull");
  await cluster.seconds(2);
  const { reason, message } = (await firstStatus("p"))?.state?.waiting ?? {};
  expect(reason).toBe("ImagePullBackOff");
  expect(message).toMatch(/^Back-off pulling image "registry.invalid\/app:1": ErrImagePull: rpc error: code = Unknown/);
  await cluster.seconds(60);
  const events = await cluster.events("p");
  expect(events).toContain("Failed: Error: ErrImagePull (3)");
  expect(events.some((event) => event.startsWith('BackOff: Back-off pulling image "registry.invalid/app:1"'))).toBe(
    true,
  );
});

test("a container whose liveness probe fails is restarted", async () => {
  cluster = await testCluster();
  const livenessProbe = { exec: { command: ["false"] }, periodSeconds: 1, failureThreshold: 2 };
  await cluster.run(podOf("p", { containers: [box("a", "sleep 1000", { livenessProbe })] }));
  await cluster.seconds(3.5);
  expect(await firstStatus("p")).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 137 } } });
  expect(await cluster.events("p")).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^Unhealthy: Liveness probe failed: /),
      "Killing: Container a failed liveness probe, will be restarted",
    ]),
  );
});

test("readiness follows the pod's annotations while it runs", async () => {
  cluster = await testCluster();
  const readinessProbe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 1 };
  await cluster.run(podOf("p", { containers: [{ name: "a", image: "nginx", readinessProbe }] }));
  await cluster.seconds(1);
  expect((await firstStatus("p"))?.ready).toBe(true);
  await pods().patch(key("p"), "merge", { metadata: { annotations: { "sampan.dev/readiness": "fail" } } });
  await cluster.seconds(2);
  expect((await firstStatus("p"))?.ready).toBe(false);
  await pods().patch(key("p"), "merge", { metadata: { annotations: { "sampan.dev/readiness": null } } });
  await cluster.seconds(2);
  expect((await firstStatus("p"))?.ready).toBe(true);
});

test("annotations say when and how a container ends", async () => {
  cluster = await testCluster();
  const { metadata, spec } = podOf("p", { restartPolicy: "Never" });
  const annotations = { "sampan.dev/exit-after": "5s", "sampan.dev/exit-code.a": "4" };
  await cluster.run({ metadata: { ...metadata, annotations }, spec });
  await cluster.seconds(4);
  expect((await cluster.pod("p")).status?.phase).toBe("Running");
  await cluster.seconds(2);
  expect((await cluster.pod("p")).status?.phase).toBe("Failed");
  expect((await firstStatus("p"))?.state?.terminated?.exitCode).toBe(4);
});

test("a program of which nothing is known serves, but completes where it has to", async () => {
  cluster = await testCluster();
  const migrate = { name: "migrate", image: "example.org/migrate", command: ["./migrate"] };
  await cluster.run(
    podOf("web", { initContainers: [migrate] }),
    podOf("job", { restartPolicy: "Never", containers: [migrate] }),
  );
  await cluster.seconds(3);
  expect((await cluster.pod("web")).status?.phase).toBe("Running");
  expect((await cluster.pod("job")).status?.phase).toBe("Succeeded");
});

test("a pod for which there is no room is refused", async () => {
  cluster = await testCluster({ nodes: [{ name: "node-1", podCIDR: "10.0.0.0/24", pods: 1, cpu: 2 }] });
  await cluster.run(podOf("p"), podOf("q"));
  expect((await cluster.pod("q")).status).toMatchObject({
    phase: "Failed",
    reason: "OutOfpods",
    message: "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 1, capacity: 1",
  });
  await pods().delete(key("q"));
  await cluster.seconds(1);
  expect(await cluster.findPod("q")).toBeUndefined();
});

test("a pod that does not select its node is refused", async () => {
  cluster = await testCluster();
  await cluster.run(podOf("p", { nodeSelector: { disk: "ssd" } }));
  expect((await cluster.pod("p")).status?.reason).toBe("NodeAffinity");
});

test("a pod that another wrote to be over keeps what was written", async () => {
  cluster = await testCluster();
  await cluster.run(podOf("p", { restartPolicy: "Never" }));
  await pods().patchStatus(key("p"), "merge", { status: { phase: "Succeeded" } });
  await cluster.seconds(30);
  expect((await cluster.pod("p")).status?.phase).toBe("Succeeded");
  expect((await cluster.events("p")).filter((event) => event.startsWith("Killing"))).toEqual([]);
});

test("a pod deleted at once leaves its address", async () => {
  cluster = await testCluster({ nodes: [{ name: "node-1", podCIDR: "10.0.0.0/30" }] });
  await cluster.run(podOf("p"));
  await pods().delete(key("p"), { gracePeriodSeconds: 0 });
  await cluster.seconds(2);
  await cluster.run(podOf("q"));
  expect((await cluster.pod("q")).status).toMatchObject({ phase: "Running", podIP: "10.0.0.2" });
});

test("logs are the container's lines", async () => {
  cluster = await testCluster();
  await cluster.run(podOf("p", { containers: [box("a", "echo one; sleep 2; echo two; sleep 2; exit 1")] }));
  await cluster.seconds(3);
  expect(await logOf("p")).toBe("one\ntwo\n");
  expect(await logOf("p", { tailLines: 1 })).toBe("two\n");
  expect(await logOf("p", { sinceSeconds: 2 })).toBe("two\n");
  expect(await logOf("p", { limitBytes: 5 })).toBe("one\nt");
  expect(await logOf("p", { timestamps: true, tailLines: 1 })).toBe("2026-01-01T00:00:02.000000000Z two\n");
  await expect(logOf("p", { previous: true })).rejects.toThrow(
    'previous terminated container "a" in pod "p" not found',
  );
  const following = logOf("p", { follow: true });
  await cluster.seconds(2);
  expect(await following).toBe("one\ntwo\n");
  expect(await logOf("p", { previous: true })).toBe("one\ntwo\n");
});

test("a pod that waits says why it has no log", async () => {
  cluster = await testCluster({ pullMs: 60_000 });
  await cluster.run(podOf("p", { containers: [{ name: "a", image: "example.org/app" }] }));
  await expect(logOf("p")).rejects.toThrow('container "a" in pod "p" is waiting to start: ContainerCreating');
});

test("a kubelet on its own watches only its node", async () => {
  cluster = await testCluster();
  const { client, host } = cluster;
  const alone = startKubelet({
    client: createClient(client.transport),
    host,
    node: { name: "alone", podCIDR: "10.7.0.0/24" },
  });
  await alone.ready;
  await cluster.run(podOf("p", { nodeName: "alone" }));
  await cluster.seconds(1);
  expect((await cluster.pod("p")).status).toMatchObject({ phase: "Running", podIP: "10.7.0.2" });
  await alone.stop();
});

test("a restart goes on with a crash loop, a sidecar and what ended", async () => {
  cluster = await testCluster();
  await cluster.run(
    podOf("crash", { containers: [box("a", "exit 1")] }),
    podOf("side", { initContainers: [box("s", "sleep 100", { restartPolicy: "Always" })] }),
    podOf("over", { restartPolicy: "Never", containers: [box("a", "echo done")] }),
  );
  await cluster.seconds(3);
  const before = await Promise.all([cluster.pod("side"), cluster.pod("over")]);
  await cluster.restart();
  expect(await Promise.all([cluster.pod("side"), cluster.pod("over")])).toEqual(before);
  await cluster.seconds(60);
  expect((await firstStatus("crash"))?.restartCount).toBeGreaterThan(2);
});

test("a container whose image changes is restarted in place, the others go on", async () => {
  cluster = await testCluster();
  await cluster.run(podOf("p", { containers: [{ name: "a", image: "nginx:1.27" }, box("b", "sleep 1000")] }));
  const before = (await cluster.pod("p")).status;
  await pods().patch(key("p"), "strategic", { spec: { containers: [{ name: "a", image: "nginx:1.28" }] } });
  await cluster.seconds(1);
  const { status } = await cluster.pod("p");
  expect(status).toMatchObject({ phase: "Running", observedGeneration: 2, podIP: before?.podIP });
  expect(status?.containerStatuses?.[0]).toMatchObject({
    restartCount: 1,
    image: "docker.io/library/nginx:1.28",
    ready: true,
  });
  expect(status?.containerStatuses?.[1]).toEqual(before?.containerStatuses?.[1]);
  expect(await cluster.events("p")).toContain("Killing: Container a definition changed, will be restarted");
});

test("a deleted pod ends its main containers, then its sidecars", async () => {
  cluster = await testCluster();
  const initContainers = [box("side", "trap 'exit 0' TERM; sleep 1000", { restartPolicy: "Always" })];
  const containers = [box("a", "sleep 1000")];
  await cluster.run(podOf("p", { initContainers, containers, terminationGracePeriodSeconds: 4 }));
  await pods().delete(key("p"));
  await cluster.seconds(3);
  const { status } = await cluster.pod("p");
  expect(status?.initContainerStatuses?.[0]?.state?.running).toBeDefined();
  expect((await cluster.events("p")).filter((event) => event.startsWith("Killing"))).toEqual([
    "Killing: Stopping container a",
  ]);
  await cluster.seconds(2);
  expect(await cluster.findPod("p")).toBeUndefined();
  expect(await cluster.events("p")).toContain("Killing: Stopping container side");
});

test("a readiness gate holds a pod back until its condition is true", async () => {
  cluster = await testCluster();
  await cluster.run(podOf("p", { readinessGates: [{ conditionType: "example.org/g" }] }));
  const ready = async () => (await cluster.pod("p")).status?.conditions?.find(({ type }) => type === "Ready");
  expect(await ready()).toMatchObject({
    status: "False",
    reason: "ReadinessGatesNotReady",
    message: 'corresponding condition of pod readiness gate "example.org/g" does not exist.',
  });
  const conditions = [{ type: "example.org/g", status: "True" }];
  await pods().patchStatus(key("p"), "strategic", { status: { conditions } });
  await cluster.seconds(1);
  expect((await ready())?.status).toBe("True");
});

test("two pods do not get the same port of their node", async () => {
  cluster = await testCluster();
  const containers = [{ name: "a", image: "nginx", ports: [{ containerPort: 80, hostPort: 8080 }] }];
  await cluster.run(podOf("p", { containers }), podOf("q", { containers }));
  expect((await cluster.pod("p")).status?.phase).toBe("Running");
  expect((await cluster.pod("q")).status).toMatchObject({
    reason: "NodePorts",
    message: "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  });
});

test("a variable of a config map that is made later lets the container start", async () => {
  cluster = await testCluster();
  const env = [{ name: "X", valueFrom: { configMapKeyRef: { name: "settings", key: "x" } } }];
  await cluster.run(podOf("p", { containers: [box("a", "echo $X; sleep 1000", { env })] }));
  await cluster.seconds(3);
  expect((await firstStatus("p"))?.state?.waiting?.reason).toBe("CreateContainerConfigError");
  const metadata = { namespace: "default", name: "settings" };
  await cluster.client.resource(resources.configmaps).create({ metadata, data: { x: "found" } });
  await cluster.seconds(15);
  expect(await logOf("p")).toBe("found\n");
});

test("a node that nobody deleted keeps its status fresh, a deleted one is not made anew", async () => {
  cluster = await testCluster();
  const beat = async () => (await cluster.node()).status?.conditions?.[3]?.lastHeartbeatTime;
  const before = await beat();
  await cluster.seconds(301);
  expect(await beat()).not.toBe(before);
  await cluster.client.resource(resources.nodes).delete({ name: "node-1" });
  await cluster.seconds(400);
  await expect(cluster.node()).rejects.toThrow('nodes "node-1" not found');
});

test("a pod for which the node has no address gets one when another is gone", async () => {
  cluster = await testCluster({ nodes: [{ name: "node-1", podCIDR: "10.0.0.0/30" }] });
  await cluster.run(podOf("p"), podOf("q"));
  expect((await cluster.pod("q")).status?.phase).toBe("Pending");
  expect((await cluster.events("q"))[0]).toMatch(
    /^FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown/,
  );
  await pods().delete(key("p"));
  await cluster.seconds(21);
  expect((await cluster.pod("q")).status).toMatchObject({ phase: "Running", podIP: "10.0.0.2" });
});
