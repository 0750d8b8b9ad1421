import { afterEach, expect, test } from "vitest";
import { type Cluster, createCluster, resources } from "../../../src/index.ts";

let cluster: Cluster | undefined;
afterEach(() => cluster?.stop());

test("a cluster inside a program runs a deployment without HTTP", async () => {
  cluster = await createCluster({ nodes: { count: 2 } });
  const client = cluster.client();
  const labels = { app: "web" };
  await client.resource(resources.deployments).create({
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas: 4,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "nginx" }] } },
    },
  });
  const available = Promise.withResolvers<void>();
  const watching = await client.resource(resources.deployments).watch(
    { namespace: "default" },
    {
      events: (batch) => {
        for (const event of batch) {
          const status = "object" in event && "status" in event.object ? event.object.status : undefined;
          if ((status as { availableReplicas?: number } | undefined)?.availableReplicas === 4) available.resolve();
        }
      },
      end: () => {},
    },
  );
  await available.promise;
  watching.stop();
  const { items } = await client.resource(resources.pods).list({ namespace: "default" });
  expect(new Set(items.map((pod) => pod.spec?.nodeName)).size).toBe(2);
  expect(items.map((pod) => pod.status?.phase)).toEqual(["Running", "Running", "Running", "Running"]);
});
