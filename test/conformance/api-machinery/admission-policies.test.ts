import { expect, test } from "vitest";
import { expectLifecycle, expectStatusChanges } from "../support/lifecycle.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: false });
const group = { group: "admissionregistration.k8s.io", version: "v1" };
const path = "/apis/admissionregistration.k8s.io/v1";

const matchConstraints = {
  namespaceSelector: { matchLabels: { "no-namespace-has": "this-label" } },
  resourceRules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] }],
};
const validating = { matchConstraints, validations: [{ expression: "object.spec.replicas <= 100" }] };
const mutating = {
  matchConstraints,
  reinvocationPolicy: "Never",
  mutations: [
    {
      patchType: "ApplyConfiguration",
      applyConfiguration: { expression: "Object{spec: Object.spec{replicas: object.spec.replicas + 1}}" },
    },
  ],
};

test("ValidatingAdmissionPolicy API", async () => {
  await expectLifecycle(suite.api, {
    ...group,
    resource: "validatingadmissionpolicies",
    subresources: ["status"],
    object: (name, labels) => ({ metadata: { name, labels }, spec: validating }),
  });
  const one = `${path}/validatingadmissionpolicies`;
  await suite.api.create(one, { metadata: { name: "with-status.example.com" }, spec: validating });
  const condition = {
    type: "Patched",
    status: "True",
    reason: "Test",
    message: "patched",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  await expectStatusChanges(suite.api, `${one}/with-status.example.com`, { conditions: [condition] }, (status) => {
    status.conditions = [{ ...condition, message: "updated" }];
  });
});

test("ValidatingadmissionPolicyBinding API", async () => {
  await expectLifecycle(suite.api, {
    ...group,
    resource: "validatingadmissionpolicybindings",
    object: (name, labels) => ({
      metadata: { name, labels },
      spec: { policyName: "replicalimit-policy.example.com", validationActions: ["Deny"] },
    }),
  });
});

test("MutatingAdmissionPolicy API", async () => {
  await expectLifecycle(suite.api, {
    ...group,
    resource: "mutatingadmissionpolicies",
    object: (name, labels) => ({ metadata: { name, labels }, spec: mutating }),
  });
});

test("MutatingAdmissionPolicyBinding API", async () => {
  await expectLifecycle(suite.api, {
    ...group,
    resource: "mutatingadmissionpolicybindings",
    object: (name, labels) => ({ metadata: { name, labels }, spec: { policyName: "mutate-policy.example.com" } }),
  });
});

test("MutatingAdmissionPolicy API: what is created without a selector is changed by merge patch and by update", async () => {
  const { api } = suite;
  const resource = `${path}/mutatingadmissionpolicies`;
  const { resourceRules } = matchConstraints;
  const expression = `
    Object{
      metadata: Object.metadata{
        annotations: {
          "my-foo-annotation": "myAnnotationValue"
        }
      }
    }`;
  const { metadata } = await api.create(resource, {
    metadata: { generateName: "e2e-example-map-", creationTimestamp: null },
    spec: {
      matchConstraints: { resourceRules },
      mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression } }],
      reinvocationPolicy: "Never",
    },
  });
  const one = `${resource}/${metadata.name}`;
  const patch = {
    metadata: { annotations: { patched: "true" } },
    spec: { failurePolicy: "Ignore", reinvocationPolicy: "IfNeeded" },
  };
  expect(await api.patch(one, "merge", patch)).toMatchObject(patch);
  const updated = await api.edit(one, (policy) => {
    policy.metadata.annotations.updated = "true";
    policy.spec.failurePolicy = "Fail";
    policy.spec.reinvocationPolicy = "Never";
  });
  const { failurePolicy, reinvocationPolicy } = updated.spec;
  expect([updated.metadata.annotations.updated, failurePolicy, reinvocationPolicy]).toEqual(["true", "Fail", "Never"]);
  await api.delete(one);
  expect(await api.statusOf(one)).toBe(404);
});

test("MutatingAdmissionPolicyBinding API: the policy that is bound may be changed", async () => {
  const { api } = suite;
  const kinds = {
    mutatingadmissionpolicybindings: {},
    validatingadmissionpolicybindings: { validationActions: ["Deny"] },
  };
  for (const [resource, more] of Object.entries(kinds)) {
    const { metadata } = await api.create(`${path}/${resource}`, {
      metadata: { generateName: "e2e-example-binding-", creationTimestamp: null },
      spec: { policyName: "replicalimit-policy.example.com", ...more },
    });
    const one = `${path}/${resource}/${metadata.name}`;
    const patch = { metadata: { annotations: { patched: "true" } }, spec: { policyName: "new-policy.example.com" } };
    expect(await api.patch(one, "merge", patch)).toMatchObject(patch);
    const updated = await api.edit(one, ({ spec }) => {
      spec.policyName = "replicalimit-policy.example.com";
    });
    expect(updated.spec.policyName).toBe("replicalimit-policy.example.com");
    await api.delete(one);
    expect(await api.statusOf(one)).toBe(404);
  }
});
