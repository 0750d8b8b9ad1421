import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, type TestClusterOptions, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

async function start(replicas: number, options?: TestClusterOptions) {
  const names = ["endpointslice-controller", "endpoints-controller", "replicaset-controller"];
  cluster = await testCluster(names, {}, options);
  await cluster.client.resource(resources.services).create({
    metadata: { namespace: "default", name: "web" },
    spec: {
      selector: { app: "web" },
      ports: [{ name: "http", port: 80, targetPort: 8080, protocol: "TCP" }],
      clusterIP: "10.96.0.10",
      clusterIPs: ["10.96.0.10"],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
    },
  });
  await cluster.client.resource(resources.replicasets).create({
    metadata: { namespace: "default", name: "web" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "c", image: "i" }] },
      },
    },
  });
  await cluster.settle();
}

test("endpoints and slices follow the pods, as the original words them", async () => {
  await start(2);
  const [placeholder] = await cluster.all(resources.endpointslices);
  expect(placeholder?.endpoints ?? []).toEqual([]);
  await cluster.runPods();
  const [slice, ...more] = await cluster.all(resources.endpointslices);
  const pods = await cluster.all(resources.pods);
  expect(more).toEqual([]);
  expect(slice?.metadata).toMatchObject({
    name: placeholder?.metadata.name,
    generateName: "web-",
    labels: {
      "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
      "kubernetes.io/service-name": "web",
    },
    ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "web", controller: true, blockOwnerDeletion: true }],
  });
  expect(slice?.addressType).toBe("IPv4");
  expect(slice?.ports).toEqual([{ name: "http", protocol: "TCP", port: 8080 }]);
  const endpointOf = (pod: (typeof pods)[number]) => ({
    addresses: [pod.status?.podIP],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: "Pod", namespace: "default", name: pod.metadata.name, uid: pod.metadata.uid },
    nodeName: "node-1",
  });
  expect(slice?.endpoints).toHaveLength(2);
  expect(slice?.endpoints).toEqual(expect.arrayContaining(pods.map(endpointOf)));
  const [endpoints] = await cluster.all(resources.endpoints);
  expect(endpoints?.metadata.labels).toEqual({ "endpoints.kubernetes.io/managed-by": "endpoint-controller" });
  expect(endpoints?.subsets?.[0]?.ports).toEqual([{ name: "http", port: 8080, protocol: "TCP" }]);
  expect(endpoints?.subsets?.[0]?.addresses?.map(({ ip }) => ip)).toEqual(["10.244.0.1", "10.244.0.2"]);
});

test("a terminating pod serves on in its slice, no longer ready; then it is gone", async () => {
  await start(2);
  await cluster.runPods();
  await cluster.client
    .resource(resources.replicasets)
    .patch({ namespace: "default", name: "web" }, "merge", { spec: { replicas: 1 } });
  await cluster.settle();
  const conditions = (await cluster.all(resources.endpointslices))[0]?.endpoints?.map(
    (endpoint) => endpoint.conditions,
  );
  expect(conditions).toContainEqual({ ready: false, serving: true, terminating: true });
  await cluster.endDeletedPods();
  expect((await cluster.all(resources.endpointslices))[0]?.endpoints).toHaveLength(1);
  expect((await cluster.all(resources.endpoints))[0]?.subsets?.[0]?.addresses).toHaveLength(1);
});

test("writes nothing when nothing changed", async () => {
  await start(3);
  await cluster.runPods();
  cluster.writes();
  await cluster.client.resource(resources.services).patch({ namespace: "default", name: "web" }, "merge", {
    metadata: { annotations: { touched: "yes" } },
  });
  await cluster.settle();
  expect(cluster.writes()).toEqual([]);
});

test("250 pods fill three slices and leave them in place when one goes", async () => {
  await start(250);
  await cluster.runPods();
  const before = await cluster.all(resources.endpointslices);
  expect(before.map((slice) => slice.endpoints?.length).sort()).toEqual([100, 100, 50]);
  const [victim] = await cluster.all(resources.pods);
  await cluster.client.resource(resources.pods).updateStatus({
    ...(victim ?? { apiVersion: "v1", kind: "Pod", metadata: {}, spec: { containers: [] } }),
    status: { ...victim?.status, phase: "Failed" },
  });
  await cluster.settle(1000);
  const after = await cluster.all(resources.endpointslices);
  const changed = after.filter(
    (slice, index) => slice.metadata.resourceVersion !== before[index]?.metadata.resourceVersion,
  );
  expect(changed).toHaveLength(1);
});

test("a service that wants its clients near says of each endpoint for whom it is near", async () => {
  await start(1);
  const labels = { "topology.kubernetes.io/zone": "a" };
  await cluster.client.resource(resources.nodes).create({ metadata: { name: "node-1", labels }, spec: {} });
  await cluster.runPods();
  const hints = async () => (await cluster.all(resources.endpointslices))[0]?.endpoints?.[0]?.hints;
  const prefer = async (trafficDistribution: string | null) => {
    const key = { namespace: "default", name: "web" };
    await cluster.client.resource(resources.services).patch(key, "merge", { spec: { trafficDistribution } });
    await cluster.settle();
  };
  expect(await hints()).toBeUndefined();
  for (const zone of ["PreferClose", "PreferSameZone"]) {
    await prefer(zone);
    expect(await hints()).toEqual({ forZones: [{ name: "a" }] });
  }
  await prefer("PreferSameNode");
  expect(await hints()).toEqual({ forZones: [{ name: "a" }], forNodes: [{ name: "node-1" }] });
  await prefer(null);
  expect(await hints()).toBeUndefined();
});

test("slices that are seen late are not made twice, and no endpoint is missing in between", async () => {
  await start(3, {
    transport: (inner) => ({
      ...inner,
      watch: (request, sink) => {
        if (request.resource !== "endpointslices") return inner.watch(request, sink);
        const events: typeof sink.events = (batch) => {
          cluster.host.clock.setTimer(500, () => sink.events(batch));
        };
        return inner.watch(request, { events, end: () => sink.end() });
      },
    }),
  });
  await cluster.runPods();
  await cluster.settle(5000);
  const written = cluster.writes().filter((line) => line.includes("endpointslices"));
  expect(written.map((line) => line.split(" ")[0])).toEqual(["create", "update"]);
  const [slice, ...more] = await cluster.all(resources.endpointslices);
  expect([slice?.endpoints?.length, more]).toEqual([3, []]);
});

test("endpoints and slices tell when what they tell anew began, and nothing when a pod went", async () => {
  await start(2);
  const trigger = "endpoints.kubernetes.io/last-change-trigger-time";
  const told = async () => {
    const { annotations } = (await cluster.one(resources.endpoints, "web")).metadata;
    const [slice] = await cluster.all(resources.endpointslices);
    return [annotations?.[trigger], slice?.metadata.annotations?.[trigger]];
  };
  const { creationTimestamp } = (await cluster.one(resources.services, "web")).metadata;
  expect(await told()).toEqual([creationTimestamp, creationTimestamp]);
  await cluster.settle(5000);
  await cluster.runPods();
  const [pod] = await cluster.all(resources.pods);
  const readySince = pod?.status?.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime;
  expect(await told()).toEqual([readySince, readySince]);
  const key = { namespace: "default", name: "web" };
  await cluster.client.resource(resources.replicasets).patch(key, "merge", { spec: { replicas: 1 } });
  await cluster.settle();
  await cluster.endDeletedPods();
  expect((await cluster.one(resources.endpoints, "web")).subsets?.[0]?.addresses).toHaveLength(1);
  expect(await told()).toEqual([undefined, undefined]);
});
