import { afterEach, expect, test } from "vitest";
import type { ValidatingAdmissionPolicy } from "../../api/types/index.ts";
import { resources } from "../../client/index.ts";
import { type TestCluster, testCluster } from "../test-cluster.ts";
import { expressionWarnings } from "./type-checking.ts";

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
  expect((await writer.get({ name: "p" })).status).toEqual({ observedGeneration: 1, typeChecking: {} });
  await writer.patch({ name: "p" }, "merge", { spec: { validations: [{ expression: "false" }] } });
  await cluster.settle();
  expect((await writer.get({ name: "p" })).status).toEqual({ observedGeneration: 2, typeChecking: {} });
  cluster.writes();
  await cluster.settle(60_000);
  expect(cluster.writes()).toEqual([]);
});

const rule = (apiGroup: string, apiVersion: string, ...names: string[]) => ({
  apiGroups: [apiGroup],
  apiVersions: [apiVersion],
  operations: ["CREATE"],
  resources: names,
});

test("a policy says what is wrong with its expressions by the types of its resources", async () => {
  cluster = await testCluster(["validatingadmissionpolicy-status-controller"]);
  const writer = cluster.client.resource(resources.validatingadmissionpolicies);
  await writer.create({
    metadata: { name: "typed" },
    spec: {
      matchConstraints: { resourceRules: [rule("apps", "v1", "deployments", "replicasets"), rule("*", "*", "*")] },
      variables: [{ name: "replicas", expression: "object.spec.replicas" }],
      validations: [
        { expression: "object.spec.replicas > 1 && object.metadata.labels['a'] == 'b'" },
        { expression: "object.spec.replicas > '1'", messageExpression: "string(object.spec.xyz)" },
        { expression: "variables.replicas == 'one'" },
        { expression: "object.spec.strategy.type == 'Recreate'" },
        { expression: "object.spec.template.spec.containers.all(c, c.ports.all(p, p.containerPort > 1024))" },
      ],
    },
  });
  await cluster.settle();
  const warnings = (await writer.get({ name: "typed" })).status?.typeChecking?.expressionWarnings ?? [];
  const both = (issue: string) => `apps/v1, Kind=Deployment: ${issue}\n\napps/v1, Kind=ReplicaSet: ${issue}\n`;
  expect(warnings).toEqual([
    {
      fieldRef: "spec.validations[1].expression",
      warning: both(
        "ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n" +
          " | object.spec.replicas > '1'\n | .....................^",
      ),
    },
    {
      fieldRef: "spec.validations[1].messageExpression",
      warning: both("ERROR: <input>:1:19: undefined field 'xyz'\n | string(object.spec.xyz)\n | ..................^"),
    },
    {
      fieldRef: "spec.validations[2].expression",
      warning: both(
        "ERROR: <input>:1:20: found no matching overload for '_==_' applied to '(int, string)'\n" +
          " | variables.replicas == 'one'\n | ...................^",
      ),
    },
    {
      fieldRef: "spec.validations[3].expression",
      warning:
        "apps/v1, Kind=ReplicaSet: ERROR: <input>:1:12: undefined field 'strategy'\n" +
        " | object.spec.strategy.type == 'Recreate'\n | ...........^\n",
    },
  ]);
});

test("expressions about custom resources are checked by the schemas of their definitions", async () => {
  cluster = await testCluster([]);
  const version = (name: string, field: string) => ({
    name,
    served: true,
    storage: name === "v1",
    schema: {
      openAPIV3Schema: {
        type: "object",
        properties: { spec: { type: "object", properties: { [field]: { type: "integer" } } } },
      },
    },
  });
  await cluster.client.resource(resources.customresourcedefinitions).create({
    metadata: { name: "crontabs.stable.example.com" },
    spec: {
      group: "stable.example.com",
      names: { plural: "crontabs", kind: "CronTab" },
      scope: "Namespaced",
      versions: [version("v1", "replicas"), version("v2", "size")],
    },
  });
  const served = [{ group: "stable.example.com", version: "v1", resource: "crontabs", kind: "CronTab" }].map(
    (type) => ({
      ...type,
      namespaced: true,
      verbs: [],
    }),
  );
  const policy: ValidatingAdmissionPolicy = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "typed" },
    spec: {
      matchConstraints: {
        resourceRules: ["v1", "v2"].map((name) => rule("stable.example.com", name, "crontabs", "crontabs/status")),
      },
      validations: [{ expression: "object.spec.replicas > 1" }, { expression: "object.metadata.name != ''" }],
    },
  };
  const found = await expressionWarnings(policy, cluster.client, { resources: async () => served });
  expect(found).toEqual([
    {
      fieldRef: "spec.validations[0].expression",
      warning:
        "stable.example.com/v2, Kind=CronTab: ERROR: <input>:1:12: undefined field 'replicas'\n" +
        " | object.spec.replicas > 1\n | ...........^\n",
    },
  ]);
});
