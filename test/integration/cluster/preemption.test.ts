import { afterEach, expect, test } from "vitest";
import { type Cluster, createCluster, resources, testHost } from "../../../src/index.ts";

let cluster: Cluster | undefined;
afterEach(() => cluster?.stop());

const pod = (name: string, cpu: string, priorityClassName?: string) => ({
  metadata: { name, namespace: "default" },
  spec: {
    priorityClassName,
    terminationGracePeriodSeconds: 1,
    containers: [{ name: "c", image: "nginx", resources: { requests: { cpu } } }],
  },
});

test("an important pod takes the place of less important ones, which are told", async () => {
  const host = testHost({ seed: 3 });
  cluster = await createCluster({ host, nodes: { count: 1, cpu: "2" }, defaultStorageClass: false });
  const client = cluster.client();
  const pods = client.resource(resources.pods);
  await client.resource(resources.priorityclasses).create({ metadata: { name: "high" }, value: 1000 });
  await pods.create(pod("low-1", "1"));
  await pods.create(pod("low-2", "1"));
  await host.clock.advance(3000);
  await pods.create(pod("high", "2", "high"));
  await host.clock.advance(30_000);
  const { items } = await pods.list({ namespace: "default" });
  expect(items.map(({ metadata, status }) => [metadata.name, status?.phase])).toEqual([["high", "Running"]]);
  const events = await client.resource(resources.eventsV1).list({ namespace: "default" });
  const preempted = events.items.filter(({ reason }) => reason === "Preempted").map(({ regarding }) => regarding?.name);
  expect(preempted.sort()).toEqual(["low-1", "low-2"]);
});
