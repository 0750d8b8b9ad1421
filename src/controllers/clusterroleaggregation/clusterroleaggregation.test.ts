import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

test("a role is the sum of those it selects, and follows them", async () => {
  cluster = await testCluster(["clusterrole-aggregation-controller"]);
  const writer = cluster.client.resource(resources.clusterroles);
  const rule = (resource: string) => ({ apiGroups: [""], resources: [resource], verbs: ["get"] });
  await writer.create({
    metadata: { name: "sum" },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: "yes" } }] },
    rules: [],
  });
  for (const name of ["pods", "nodes"])
    await writer.create({ metadata: { name, labels: { part: "yes" } }, rules: [rule(name)] });
  await cluster.settle();
  expect((await cluster.one(resources.clusterroles, "sum")).rules).toEqual([rule("nodes"), rule("pods")]);
  await writer.delete({ name: "nodes" });
  await cluster.settle();
  expect((await cluster.one(resources.clusterroles, "sum")).rules).toEqual([rule("pods")]);
});
