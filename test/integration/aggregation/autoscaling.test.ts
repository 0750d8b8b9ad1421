import { afterEach, beforeEach, expect, test } from "vitest";
import { httpTransport, transportDiscovery } from "../../../src/client/index.ts";
import { type RunningControllers, startControllers } from "../../../src/controllers/index.ts";
import { type Cluster, createCluster, resources, systemHost } from "../../../src/index.ts";
import { eventually } from "../../support/eventually.ts";
import { MetricsServer } from "../../support/metrics-server.ts";

let cluster: Cluster;
let metrics: MetricsServer;
let controllers: RunningControllers;

/** Of what a workload needs; the autoscaler looks often and lets pods' start count. */
const only = [
  "namespace-controller",
  "serviceaccount-controller",
  "root-ca-certificate-publisher-controller",
  "node-lifecycle-controller",
  "node-ipam-controller",
  "deployment-controller",
  "replicaset-controller",
  "horizontal-pod-autoscaler-controller",
];
const autoscaler = { syncPeriodMs: 200, cpuInitializationPeriodMs: 0, initialReadinessDelayMs: 0 };

beforeEach(async () => {
  cluster = await createCluster({ controllers: false, nodes: { count: 2 } });
  const { server, caPem: ca, clientCertPem: cert, clientKeyPem: key } = cluster.kubeconfig;
  const host = systemHost({ log: { level: "error" } });
  const discovery = transportDiscovery(httpTransport({ server, ca, cert, key }, { host, userAgent: "test" }));
  const config = { autoscaler, rootCA: ca, clusterCIDR: "10.244.0.0/16" };
  controllers = startControllers({ client: cluster.client(), discovery, host, config, only });
  metrics = await MetricsServer.start(cluster.client());
  await eventually(
    () => cluster.client().resource(resources.serviceaccounts).list({ namespace: "default" }),
    ({ items }) => items.length > 0,
  );
});
afterEach(async () => {
  metrics.extension.stop();
  await controllers.stop();
  await cluster.stop();
});

const target = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };

async function scaled(metric: object): Promise<void> {
  const labels = { app: "web" };
  await cluster
    .client()
    .resource(resources.deployments)
    .create({
      metadata: { namespace: "default", name: "web" },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [{ name: "c", image: "i", resources: { requests: { cpu: "100m" } } }],
          },
        },
      },
    });
  const behavior = {
    scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 1 }] },
    scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Pods", value: 10, periodSeconds: 1 }] },
  };
  await cluster
    .client()
    .resource(resources.horizontalpodautoscalers)
    .create({
      metadata: { namespace: "default", name: "web" },
      spec: { scaleTargetRef: target, minReplicas: 1, maxReplicas: 5, behavior, metrics: [metric as never] },
    });
}

const replicas = async () => {
  await metrics.follow(cluster.client());
  const { status } = await cluster.client().resource(resources.deployments).get({ namespace: "default", name: "web" });
  return status?.readyReplicas ?? 0;
};

const told = async () => {
  const key = { namespace: "default", name: "web" };
  const { status } = await cluster.client().resource(resources.horizontalpodautoscalers).get(key);
  const active = status?.conditions?.find(({ type }) => type === "ScalingActive");
  return `${active?.status} ${active?.reason}`;
};

const averageOf = (name: string, averageValue: string) => ({
  metric: { name },
  target: { type: "AverageValue", averageValue },
});
const service = { apiVersion: "v1", kind: "Service", name: "front" };

test.each<[string, object, () => void, () => void]>([
  [
    "a resource of its pods",
    { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
    () => {
      metrics.usage = { cpu: "90m", memory: "1Mi" };
    },
    () => {
      metrics.usage = { cpu: "5m", memory: "1Mi" };
    },
  ],
  [
    "a metric of its pods",
    { type: "Pods", pods: averageOf("requests", "10") },
    () => metrics.values.set("requests", "25"),
    () => metrics.values.set("requests", "1"),
  ],
  [
    "a metric of an object",
    {
      type: "Object",
      object: { describedObject: service, metric: { name: "hits" }, target: { type: "Value", value: "100" } },
    },
    () => metrics.values.set("hits", "300"),
    () => metrics.values.set("hits", "10"),
  ],
  [
    "a metric of the outside",
    { type: "External", external: averageOf("queue", "10") },
    () => metrics.values.set("queue", "35"),
    () => metrics.values.set("queue", "9"),
  ],
])("a deployment grows and shrinks by %s that an extension server tells", async (_, metric, busy, idle) => {
  busy();
  await scaled(metric);
  await eventually(replicas, (now) => now >= 2);
  expect(await told()).toBe("True ValidMetricFound");
  idle();
  await eventually(replicas, (now) => now === 1);
});

test("while the metrics' server is away the autoscaler says so, and leaves the replicas as they are", async () => {
  const metric = {
    type: "Resource",
    resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
  };
  metrics.usage = { cpu: "50m", memory: "1Mi" };
  await scaled(metric);
  await eventually(replicas, (now) => now === 1);
  await eventually(told, (now) => now === "True ValidMetricFound");
  metrics.extension.stop();
  await eventually(told, (now) => now === "False FailedGetResourceMetric");
  expect(await replicas()).toBe(1);
});
