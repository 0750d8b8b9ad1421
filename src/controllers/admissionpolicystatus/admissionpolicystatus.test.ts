import { afterEach, expect, test } from "vitest";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";

let cluster: TestCluster;
afterEach(() => cluster.stop());

test("a policy says which version of it is in effect", async () => {
  cluster = await testCluster(["validatingadmissionpolicy-status-controller"]);
  const writer = cluster.client.resource(resources.validatingadmissionpolicies);
  const resourceRules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }];
  const policy = {
    metadata: { name: "p" },
    spec: { matchConstraints: { resourceRules }, validations: [{ expression: "true" }] },
  };
  await writer.create(policy);
  await cluster.settle();
  expect((await writer.get({ name: "p" })).status).toEqual({ observedGeneration: 1 });
  await writer.patch({ name: "p" }, "merge", { spec: { validations: [{ expression: "false" }] } });
  await cluster.settle();
  expect((await writer.get({ name: "p" })).status).toEqual({ observedGeneration: 2 });
  cluster.writes();
  await cluster.settle(60_000);
  expect(cluster.writes()).toEqual([]);
});
