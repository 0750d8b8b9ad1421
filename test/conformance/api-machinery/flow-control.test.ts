import { test } from "vitest";
import { expectLifecycle, expectStatusChanges } from "../support/lifecycle.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: false });
const group = { group: "flowcontrol.apiserver.k8s.io", version: "v1", subresources: ["status"] };

const flowSchema = {
  matchingPrecedence: 10000,
  priorityLevelConfiguration: { name: "global-default" },
  distinguisherMethod: { type: "ByUser" },
  rules: [
    {
      subjects: [{ kind: "User", user: { name: "example-e2e-non-existent-user" } }],
      nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
    },
  ],
};
const priorityLevel = {
  type: "Limited",
  limited: { nominalConcurrencyShares: 2, limitResponse: { type: "Reject" } },
};
const condition = {
  type: "Dangling",
  status: "True",
  reason: "patched",
  message: "patched by a test",
  lastTransitionTime: "2026-01-01T00:00:00Z",
};

test("Priority and Fairness FlowSchema API", async () => {
  const resource = "flowschemas";
  await expectLifecycle(suite.api, {
    ...group,
    resource,
    object: (name, labels) => ({ metadata: { name, labels }, spec: flowSchema }),
  });
  const path = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas";
  await suite.api.create(path, { metadata: { name: "with-status" }, spec: flowSchema });
  await expectStatusChanges(suite.api, `${path}/with-status`, { conditions: [condition] }, (status) => {
    status.conditions = [{ ...condition, message: "updated" }];
  });
});

test("Priority and Fairness PriorityLevelConfiguration API", async () => {
  const resource = "prioritylevelconfigurations";
  await expectLifecycle(suite.api, {
    ...group,
    resource,
    object: (name, labels) => ({ metadata: { name, labels }, spec: priorityLevel }),
  });
  const path = `/apis/flowcontrol.apiserver.k8s.io/v1/${resource}`;
  await suite.api.create(path, { metadata: { name: "with-status" }, spec: priorityLevel });
  await expectStatusChanges(suite.api, `${path}/with-status`, { conditions: [condition] }, (status) => {
    status.conditions = [{ ...condition, message: "updated" }];
  });
});
