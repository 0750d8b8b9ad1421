import { mkdtemp, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createInformerFactory, type InformerFactory, resources } from "../../client/index.ts";
import { simulatedFacts } from "../node/node-facts.ts";
import { NodeKubelet } from "../node/node-kubelet.ts";
import { sharedPodSource } from "../pods/pod-source.ts";
import { StatusWriter } from "../pods/status-writer.ts";
import { SimulatedNetwork, SimulatedRuntime, simulatedProber } from "../runtime/simulated/index.ts";
import { type TestCluster, testCluster } from "../testing/cluster-suite.ts";
import { SimulatedVolumes } from "../volumes/index.ts";

let cluster: TestCluster;
let folder: string;
let informers: InformerFactory;
let runtime: SimulatedRuntime;
let kubelet: NodeKubelet;

beforeEach(async () => {
  cluster = await testCluster();
  folder = await mkdtemp(join(tmpdir(), "sampan-static-"));
  runtime = new SimulatedRuntime({ host: cluster.host });
});
afterEach(async () => {
  await stop();
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const { client, host } = cluster;
  const network = new SimulatedNetwork(runtime);
  informers = createInformerFactory(client, host);
  const pods = sharedPodSource(informers);
  informers.start();
  const node = { name: "bare", podCIDR: "10.1.0.0/24" };
  kubelet = new NodeKubelet({
    client,
    host,
    node,
    settings: {},
    ip: "192.0.2.9",
    backend: {
      runtime,
      network,
      prober: simulatedProber(host.clock, runtime, network),
      volumes: new SimulatedVolumes({ client, host, allocatable: () => ({}) }),
      facts: async () => simulatedFacts(node),
    },
    pods,
    statuses: new StatusWriter(client, host),
    staticPods: { path: folder },
  });
  await kubelet.start();
}

async function stop(): Promise<void> {
  await kubelet?.stop();
  informers?.stop();
}

const manifest = (image: string) =>
  `{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: c, image: "${image}"}]}}`;
const write = (image: string) => writeFile(join(folder, "web.yaml"), manifest(image));
const mirror = () => cluster.findPod("web-bare");
/** Files are read in real time, what follows happens in virtual time. */
const until = (holds: () => Promise<void>) =>
  vi.waitFor(async () => {
    await cluster.seconds(1);
    await holds();
  }, 5000);
const runs = (image: string) =>
  until(async () => {
    const pod = await mirror();
    expect(pod?.status?.phase).toBe("Running");
    expect(pod?.spec?.containers[0]?.image).toBe(image);
  });

test("a manifest runs and is mirrored; another image is another pod, and without the manifest it ends", async () => {
  await write("nginx:1.27");
  await start();
  await runs("nginx:1.27");
  const first = await mirror();
  expect(first?.metadata.annotations?.["kubernetes.io/config.source"]).toBe("file");
  await write("nginx:1.28");
  await runs("nginx:1.28");
  expect((await mirror())?.metadata.uid).not.toBe(first?.metadata.uid);
  expect((await runtime.listPodSandbox({ state: "ready" })).length).toBe(1);
  await unlink(join(folder, "web.yaml"));
  await until(async () => expect(await mirror()).toBeUndefined());
  expect(await runtime.listPodSandbox()).toEqual([]);
});

test("a mirror that somebody deletes comes back, and the pod runs on", async () => {
  await write("nginx:1.27");
  await start();
  await runs("nginx:1.27");
  const before = await mirror();
  const [container] = await runtime.listContainers();
  await cluster.client.resource(resources.pods).delete({ namespace: "default", name: "web-bare" });
  await until(async () => expect((await mirror())?.metadata.uid).not.toBe(before?.metadata.uid));
  await runs("nginx:1.27");
  expect((await runtime.listContainers()).map(({ id }) => id)).toEqual([container?.id]);
});

test("a pod that ended with a shutdown of the machine runs again when the kubelet starts again", async () => {
  await write("nginx:1.27");
  await start();
  await runs("nginx:1.27");
  for (const runner of kubelet.runners) void runner.endForShutdown("Terminated", "the machine goes down", 1);
  await until(async () => expect((await mirror())?.status).toMatchObject({ phase: "Failed", reason: "Terminated" }));
  await stop();
  await start();
  await runs("nginx:1.27");
  expect((await mirror())?.status?.reason).toBeUndefined();
});

test("a pod that completed is not run a second time by a kubelet that starts again", async () => {
  const container = `{name: c, image: "busybox:1", command: [sh, -c, "exit 0"]}`;
  const spec = `{restartPolicy: Never, containers: [${container}]}`;
  await writeFile(join(folder, "web.yaml"), `{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: ${spec}}`);
  await start();
  await until(async () => expect((await mirror())?.status?.phase).toBe("Succeeded"));
  await stop();
  await start();
  await until(async () =>
    expect(
      kubelet.runner((await runtime.listContainers())[0]?.labels["io.kubernetes.pod.uid"] ?? "")?.observed,
    ).toBeDefined(),
  );
  await cluster.seconds(5);
  expect((await mirror())?.status?.phase).toBe("Succeeded");
  expect(await runtime.listContainers()).toHaveLength(1);
});

test("a kubelet that starts again goes on with the pod, and removes a mirror whose manifest went", async () => {
  await write("nginx:1.27");
  await writeFile(join(folder, "other.yaml"), manifest("nginx:1.27").replace("web", "other"));
  await start();
  await runs("nginx:1.27");
  const before = await mirror();
  await stop();
  await unlink(join(folder, "other.yaml"));
  await start();
  await until(async () => expect(await cluster.findPod("other-bare")).toBeUndefined());
  const after = await mirror();
  expect([after?.metadata.uid, after?.status?.startTime]).toEqual([before?.metadata.uid, before?.status?.startTime]);
  expect(after?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
});
