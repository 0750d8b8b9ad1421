import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
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

/** Conditions as clients written in Go give them: what they did not set is null. */
async function expectBareConditions(path: string, kind: string): Promise<void> {
  const { api } = suite;
  const status = await api.get(`${path}/status`);
  expect([status.apiVersion, status.kind]).toEqual(["flowcontrol.apiserver.k8s.io/v1", kind]);
  const types = ({ status: { conditions } }: Json) => conditions.map(({ type }: Json) => type);
  const patched = await api.patch(`${path}/status`, "merge", {
    status: { conditions: [{ type: "PatchStatusFailed", status: "False", reason: "e2e" }] },
  });
  expect(types(patched)).toContain("PatchStatusFailed");
  const bare = { type: "StatusUpdateFailed", status: "False", lastTransitionTime: null, reason: "E2E", message: "Set" };
  const updated = await api.edit(path, ({ status: { conditions } }) => conditions.push(bare), `${path}/status`);
  expect(types(updated)).toContain("StatusUpdateFailed");
}

/** Changes of the spec by merge patch and by update are told as changes. */
async function expectSpecChanges(path: string, patch: Json, change: (spec: Json) => void): Promise<void> {
  const { api } = suite;
  const cut = path.lastIndexOf("/");
  const { resourceVersion } = (await api.get(path.slice(0, cut))).metadata;
  const select = `fieldSelector=metadata.name%3D${path.slice(cut + 1)}`;
  const watching = await api.watch(path.slice(0, cut), `${select}&resourceVersion=${resourceVersion}`);
  const patched = await api.patch(path, "merge", { metadata: { annotations: { patched: "true" } }, spec: patch });
  expect(patched.spec).toMatchObject(patch);
  const updated = await api.edit(path, (object) => {
    object.metadata.annotations.updated = "true";
    change(object.spec);
  });
  expect(updated.metadata.annotations).toEqual(expect.objectContaining({ patched: "true", updated: "true" }));
  const { type } = await watching.next();
  expect(type).toBe("MODIFIED");
  watching.stop();
}

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
  await expectSpecChanges(`${path}/with-status`, { matchingPrecedence: 9999 }, (spec) => {
    spec.matchingPrecedence = 9000;
  });
  await expectBareConditions(`${path}/with-status`, "FlowSchema");
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
  await expectSpecChanges(`${path}/with-status`, { limited: { nominalConcurrencyShares: 4 } }, ({ limited }) => {
    limited.nominalConcurrencyShares = 6;
  });
  await expectBareConditions(`${path}/with-status`, "PriorityLevelConfiguration");
});
