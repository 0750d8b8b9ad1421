import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { podOf, type TestCluster, testCluster } from "../testing/cluster-suite.ts";

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster({ nodes: [{ name: "node-1", podCIDR: "10.244.0.0/24", cpu: 4, memory: "8Gi" }] });
});
afterEach(() => cluster.stop());

function container(cpu: string, more: Partial<Container> = {}): Container {
  return { name: "a", image: "nginx:1.27", resources: { requests: { cpu }, limits: { cpu } }, ...more };
}

async function resize(name: string, cpu: string): Promise<void> {
  const containers = [{ name: "a", resources: { requests: { cpu }, limits: { cpu } } }];
  const key = { namespace: "default", name };
  await cluster.client.resource(resources.pods).subresource("resize").patch(key, "strategic", { spec: { containers } });
  await cluster.seconds(1);
}

async function statusOf(name: string) {
  const { status } = await cluster.pod(name);
  const [first] = status?.containerStatuses ?? [];
  return {
    conditions: (status?.conditions ?? []).filter(({ type }) => type.startsWith("PodResize")),
    given: first?.allocatedResources?.cpu,
    has: first?.resources?.limits?.cpu,
    restarts: first?.restartCount,
  };
}

test("a running container gets what its pod was resized to, without a restart", async () => {
  await cluster.run(podOf("p", { containers: [container("1")] }));
  await resize("p", "2");
  expect(await statusOf("p")).toEqual({ conditions: [], given: "2", has: "2", restarts: 0 });
});

test("a container whose policy wants it is made anew with what it was resized to", async () => {
  const resizePolicy = [{ resourceName: "cpu", restartPolicy: "RestartContainer" }];
  await cluster.run(podOf("p", { containers: [container("1", { resizePolicy })] }));
  await resize("p", "2");
  await cluster.seconds(30);
  expect(await statusOf("p")).toEqual({ conditions: [], given: "2", has: "2", restarts: 1 });
  expect(await cluster.events("p")).toContain("Killing: Container a resize requires restart");
});

test("what the node can never have is infeasible, and the pod goes on with what it has", async () => {
  await cluster.run(podOf("p", { containers: [container("1")] }));
  await resize("p", "8");
  const { conditions, ...rest } = await statusOf("p");
  expect(rest).toEqual({ given: "1", has: "1", restarts: 0 });
  expect(conditions).toMatchObject([
    {
      type: "PodResizePending",
      status: "True",
      reason: "Infeasible",
      message: "Node didn't have enough capacity: cpu, requested: 8000, capacity: 4000",
    },
  ]);
});

test("what the node has not left now is deferred until another pod goes", async () => {
  await cluster.run(podOf("p", { containers: [container("1")] }), podOf("other", { containers: [container("2")] }));
  await resize("p", "3");
  const { conditions, ...rest } = await statusOf("p");
  expect(rest).toEqual({ given: "1", has: "1", restarts: 0 });
  expect(conditions).toMatchObject([
    {
      reason: "Deferred",
      message: "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000",
    },
  ]);
  await cluster.client.resource(resources.pods).delete({ namespace: "default", name: "other" });
  await cluster.seconds(5);
  expect(await statusOf("p")).toEqual({ conditions: [], given: "3", has: "3", restarts: 0 });
});

test("a resize that waits is still waiting after the kubelet was started again", async () => {
  await cluster.run(podOf("p", { containers: [container("1")] }));
  await resize("p", "8");
  await cluster.restart();
  await cluster.seconds(5);
  const { conditions, ...rest } = await statusOf("p");
  expect(conditions).toMatchObject([{ type: "PodResizePending", reason: "Infeasible" }]);
  expect(rest.given).toBe("1");
});
