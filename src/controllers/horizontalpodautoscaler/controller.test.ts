import { afterEach, expect, test } from "vitest";
import { errors, formatTime, type KubeObject } from "../../api/meta/index.ts";
import type { autoscalingV2, Pod } from "../../api/types/index.ts";
import { type ClientRequest, resources, type Transport } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

type Spec = autoscalingV2.HorizontalPodAutoscalerSpec;

let cluster: TestCluster;
afterEach(() => cluster.stop());

/** What the metrics APIs answer: set by tests, asked through the controllers' transport. */
type Answer = (request: ClientRequest) => readonly object[] | undefined;
let answer: Answer = () => undefined;
let asked: ClientRequest[] = [];

function withMetrics(inner: Transport): Transport {
  return {
    ...inner,
    request: async (request) => {
      if (!request.group.endsWith("metrics.k8s.io")) return inner.request(request);
      asked.push(request);
      const items = answer(request);
      if (items === undefined) throw errors.genericNotFound();
      return { kind: "object", object: { apiVersion: "v1", kind: "List", metadata: {}, items } as KubeObject };
    },
    watch: (request, sink) => inner.watch(request, sink),
  };
}

async function start(spec: Partial<Spec>, replicas = 2): Promise<void> {
  answer = () => undefined;
  asked = [];
  const names = ["horizontal-pod-autoscaler-controller", "deployment-controller", "replicaset-controller"];
  cluster = await testCluster(names, {}, { transport: withMetrics });
  const resourcesOf = { requests: { cpu: "100m" } };
  await cluster.client.resource(resources.deployments).create({
    metadata: { namespace: "default", name: "web" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "c", image: "i", resources: resourcesOf }], terminationGracePeriodSeconds: 1 },
      },
    },
  });
  await cluster.settle();
  await runPods();
  await cluster.client.resource(resources.horizontalpodautoscalers).create({
    metadata: { namespace: "default", name: "h" },
    spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, maxReplicas: 10, ...spec },
  });
}

/** Started long enough ago for their CPU use to count. */
const runPods = () => cluster.runPods(() => ({ startTime: formatTime(cluster.host.clock.now() - 3_600_000) }));

function usesCpu(milli: (pod: Pod) => number | undefined): void {
  let pods: readonly Pod[] = [];
  answer = ({ group }) => {
    if (group !== "metrics.k8s.io") return undefined;
    return pods.flatMap((pod) => {
      const used = milli(pod);
      if (used === undefined) return [];
      const containers = [{ name: "c", usage: { cpu: `${used}m` } }];
      return [{ metadata: pod.metadata, timestamp: formatTime(cluster.host.clock.now()), window: "30s", containers }];
    });
  };
  refresh = async () => {
    pods = await cluster.all(resources.pods);
  };
}
let refresh: () => Promise<void> = async () => {};

/** One sync period: what is there is measured, decided upon, and new pods run. */
async function period(): Promise<void> {
  await refresh();
  await cluster.settle(15_000);
  await runPods();
  await cluster.endDeletedPods();
}

const autoscaler = () => cluster.one(resources.horizontalpodautoscalers, "h");
const replicas = async () => (await cluster.one(resources.deployments, "web")).spec.replicas;
async function conditions(): Promise<string[]> {
  const { status } = await autoscaler();
  return (status?.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);
}
const events = async () => (await cluster.events()).filter((line) => line.includes("HorizontalPodAutoscaler"));
const cpu = (averageUtilization: number) => [
  { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization } } },
];

test("without a metrics API it says so, once in a sync period, and scales nothing", async () => {
  await start({ metrics: cpu(50) });
  await cluster.settle(14_000);
  expect((await autoscaler()).status?.conditions ?? []).toEqual([]);
  await cluster.settle(2000);
  const why =
    "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)";
  const { status } = await autoscaler();
  expect(status).toMatchObject({ currentReplicas: 2, desiredReplicas: 0, currentMetrics: [{ type: "" }] });
  expect(status?.conditions?.at(-1)).toMatchObject({
    type: "ScalingActive",
    status: "False",
    reason: "FailedGetResourceMetric",
    message: `the HPA was unable to compute the replica count: ${why}`,
  });
  expect(await events()).toEqual([
    `Warning FailedGetResourceMetric HorizontalPodAutoscaler: ${why}`,
    `Warning FailedComputeMetricsReplicas HorizontalPodAutoscaler: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${why}`,
  ]);
  expect(await replicas()).toBe(2);
});

test("without a metrics API its warnings grow rare, and its status is written once", async () => {
  await start({ metrics: cpu(50) });
  await cluster.settle(16_000);
  cluster.writes();
  const newest = async () =>
    Math.max(...(await cluster.all(resources.events)).map(({ metadata }) => Number(metadata.resourceVersion)));
  const before = await newest();
  await cluster.settle(30 * 60_000);
  expect(cluster.writes()).toEqual([]);
  const told = (await cluster.all(resources.events)).filter(
    ({ involvedObject }) => involvedObject.kind === "HorizontalPodAutoscaler",
  );
  expect(told.map(({ reason }) => reason).sort()).toEqual(["FailedComputeMetricsReplicas", "FailedGetResourceMetric"]);
  // 120 periods: each is counted, but only 25 at once and then one in five minutes are written.
  expect(Math.max(...told.map(({ count = 0 }) => count))).toBeGreaterThan(100);
  expect((await newest()) - before).toBeLessThan(32);
});

test("grows at most to the double in a period, and tells why and what held it back", async () => {
  await start({ metrics: cpu(50) });
  usesCpu(() => 300);
  await period();
  expect(await replicas()).toBe(4);
  expect(await conditions()).toEqual([
    "AbleToScale=True SucceededRescale",
    "ScalingActive=True ValidMetricFound",
    "ScalingLimited=True ScaleUpLimit",
  ]);
  expect((await autoscaler()).status).toMatchObject({
    currentReplicas: 2,
    desiredReplicas: 4,
    currentMetrics: [
      { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 300, averageValue: "300m" } } },
    ],
  });
  await period();
  expect(await replicas()).toBe(8);
  await period();
  expect(await replicas()).toBe(10);
  expect((await conditions()).at(-1)).toBe("ScalingLimited=True TooManyReplicas");
  expect(await events()).toEqual([
    "Normal SuccessfulRescale HorizontalPodAutoscaler: New size: 4; reason: cpu resource utilization (percentage of request) above target",
    "Normal SuccessfulRescale HorizontalPodAutoscaler: New size: 8; reason: cpu resource utilization (percentage of request) above target",
    "Normal SuccessfulRescale HorizontalPodAutoscaler: New size: 10; reason: cpu resource utilization (percentage of request) above target",
  ]);
});

test("shrinks only when nothing of the last five minutes asked for more", async () => {
  await start({ metrics: cpu(50), minReplicas: 2 }, 6);
  usesCpu(() => 50);
  await period();
  usesCpu(() => 10);
  for (let passed = 0; passed < 19; passed++) await period();
  expect(await replicas()).toBe(6);
  expect((await conditions())[0]).toBe("AbleToScale=True ScaleDownStabilized");
  for (let passed = 0; passed < 3; passed++) await period();
  expect(await replicas()).toBe(2);
  expect((await events()).at(-1)).toContain("New size: 2; reason: All metrics below target");
  for (let passed = 0; passed < 21; passed++) await period();
  expect(await conditions()).toEqual([
    "AbleToScale=True ReadyForNewScale",
    "ScalingActive=True ValidMetricFound",
    "ScalingLimited=True TooFewReplicas",
  ]);
});

test("behavior: so many pods in so much time, its own windows and tolerances", async () => {
  const behavior = {
    scaleUp: { policies: [{ type: "Pods", value: 1, periodSeconds: 60 }], tolerance: "0.5" },
    scaleDown: {
      selectPolicy: "Disabled",
      stabilizationWindowSeconds: 0,
      policies: [{ type: "Pods", value: 1, periodSeconds: 60 }],
    },
  };
  await start({ metrics: cpu(50), behavior });
  usesCpu(() => 70);
  await period();
  expect(await replicas()).toBe(2);
  usesCpu(() => 200);
  await period();
  expect(await replicas()).toBe(3);
  for (let passed = 0; passed < 3; passed++) await period();
  expect(await replicas()).toBe(3);
  await period();
  expect(await replicas()).toBe(4);
  usesCpu(() => 1);
  for (let passed = 0; passed < 3; passed++) await period();
  expect(await replicas()).toBe(4);
  expect((await conditions()).at(-1)).toBe("ScalingLimited=True ScaleDownLimit");
});

test("pods without metrics stand against the change", async () => {
  await start({ metrics: cpu(50) }, 4);
  const [first] = await cluster.all(resources.pods);
  usesCpu((pod) => (pod.metadata.name === first?.metadata.name ? undefined : 60));
  await period();
  expect(await replicas()).toBe(4);
});

test("of several metrics the largest wish counts; one that fails keeps it from shrinking", async () => {
  const external = { metric: { name: "queue" }, target: { type: "AverageValue", averageValue: "10" } };
  await start({ metrics: [...cpu(50), { type: "External", external }] }, 4);
  usesCpu(() => 10);
  await period();
  expect(await replicas()).toBe(4);
  expect((await conditions())[1]).toBe("ScalingActive=False FailedGetExternalMetric");
  const cpuAnswer = answer;
  answer = (request) =>
    request.group === "external.metrics.k8s.io" ? [{ metricName: "queue", value: "60" }] : cpuAnswer(request);
  await period();
  expect(await replicas()).toBe(6);
  expect((await events()).at(-1)).toContain("New size: 6; reason: external metric queue(nil) above target");
});

test("pods and object metrics are asked of the custom metrics API", async () => {
  const pods = {
    metric: { name: "qps", selector: { matchLabels: { verb: "GET" } } },
    target: { type: "AverageValue", averageValue: "10" },
  };
  const object = {
    metric: { name: "hits" },
    describedObject: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    target: { type: "Value", value: "100" },
  };
  await start({
    metrics: [
      { type: "Pods", pods },
      { type: "Object", object },
    ],
  });
  const found = await cluster.all(resources.pods);
  const timestamp = formatTime(cluster.host.clock.now());
  answer = ({ resource }) =>
    resource === "pods"
      ? found.map((pod) => ({ describedObject: { kind: "Pod", name: pod.metadata.name }, timestamp, value: "15" }))
      : [{ describedObject: { kind: "Deployment", name: "web" }, timestamp, value: "200" }];
  await period();
  expect(asked.map(({ resource, name, subresource, options }) => [resource, name, subresource, options])).toEqual([
    ["pods", "*", "qps", { labelSelector: "app=web", metricLabelSelector: "verb=GET" }],
    ["deployments.apps", "web", "hits", {}],
  ]);
  expect(await replicas()).toBe(4);
});

test("a target that cannot be scaled, or is scaled to nothing, is left alone", async () => {
  await start({ metrics: cpu(50) });
  const target = { namespace: "default", name: "web" };
  await cluster.client.resource(resources.deployments).patch(target, "merge", { spec: { replicas: 0 } });
  await period();
  expect(await conditions()).toEqual(["AbleToScale=True SucceededGetScale", "ScalingActive=False ScalingDisabled"]);
  await cluster.client.resource(resources.deployments).delete(target);
  await period();
  expect((await conditions())[0]).toBe("AbleToScale=False FailedGetScale");
  expect(await events()).toContain('Warning FailedGetScale HorizontalPodAutoscaler: deployments.apps "web" not found');
});

test("two autoscalers of the same pods both stand still", async () => {
  await start({ metrics: cpu(50) });
  usesCpu(() => 300);
  const spec = { ...(await autoscaler()).spec };
  await cluster.client
    .resource(resources.horizontalpodautoscalers)
    .create({ metadata: { namespace: "default", name: "other" }, spec });
  await period();
  await period();
  expect((await conditions())[1]).toBe("ScalingActive=False AmbiguousSelector");
  expect(await events()).toContain(
    "Warning AmbiguousSelector HorizontalPodAutoscaler: pods by selector app=web are controlled by multiple HPAs: [default/h default/other]",
  );
});
