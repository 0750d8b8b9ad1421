import { beforeAll, expect, test } from "vitest";
import { type Defined, define, objectOf, openSchema, versionOf } from "../support/custom-resources.ts";
import { conformanceSuite } from "../support/suite.ts";
import { webhookSuite } from "../support/webhooks.ts";

const suite = conformanceSuite({ nodes: false });
const webhooks = webhookSuite(suite);
let namespace: string;

beforeAll(async () => {
  namespace = await suite.namespace();
});

/** A webhook about all writes of one custom resource. */
async function register(type: "mutating" | "validating", one: Defined, paths: readonly string[]): Promise<void> {
  const rules = [
    {
      operations: ["CREATE", "UPDATE", "DELETE"],
      apiGroups: [one.group],
      apiVersions: ["*"],
      resources: ["foos"],
    },
  ];
  const hooks = paths.map((path, i) => webhooks.webhook(`hook-${i}.example.com`, path, { rules }));
  await webhooks.register(type, `${type}-${one.group}`, hooks);
}

const adds = (key: string) =>
  webhooks.hook(`/add-${key}`, ({ operation, object }) => {
    if (operation === "DELETE" || object.data === undefined) return {};
    return { patch: [{ op: "add", path: `/data/${key}`, value: "yes" }] };
  });

test("Admission webhook, deny custom resource create and delete", async () => {
  const { api } = suite;
  const one = await define(api);
  const objects = one.objects(namespace);
  const deny = webhooks.hook("/custom-resource", ({ operation, object }) => {
    if (operation === "DELETE") return { allowed: false, status: { reason: "the custom resource cannot be deleted" } };
    const isBad = object.data?.["webhook-e2e-test"] === "webhook-disallow";
    return { allowed: !isBad, status: { reason: "the custom resource contains unwanted data" } };
  });
  await api.create(objects, objectOf(one, "cr-instance-2", { data: { "webhook-e2e-test": "webhook-allow" } }));
  await register("validating", one, [deny]);
  const bad = { data: { "webhook-e2e-test": "webhook-disallow" } };
  const created = await webhooks.refusal(api.create(objects, objectOf(one, "cr-instance-1", bad)));
  expect(created.body.message).toContain("the custom resource contains unwanted data");
  const updated = await webhooks.refusal(api.patch(`${objects}/cr-instance-2`, "merge", bad));
  expect(updated.body.message).toContain("the custom resource contains unwanted data");
  const deleted = await webhooks.refusal(api.delete(`${objects}/cr-instance-2`));
  expect(deleted.body.message).toContain("the custom resource cannot be deleted");
  await api.delete(`/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/validating-${one.group}`);
  await expect.poll(() => api.call("DELETE", `${objects}/cr-instance-2`).then(({ status }) => status)).toBe(200);
});

test("Admission webhook, mutate custom resource", async () => {
  const { api } = suite;
  const one = await define(api);
  await register("mutating", one, [adds("mutation-stage-1"), adds("mutation-stage-2")]);
  const made = await api.create(one.objects(namespace), objectOf(one, "mutated", { data: { start: "yes" } }));
  expect(made.data).toEqual({ start: "yes", "mutation-stage-1": "yes", "mutation-stage-2": "yes" });
});

test("Admission webhook, mutate custom resource with pruning", async () => {
  const { api } = suite;
  const text = { type: "string" };
  const data = { type: "object", properties: { start: text, "mutation-stage-1": text } };
  const one = await define(api, { versions: [versionOf("v1", { type: "object", properties: { data } })] });
  await register("mutating", one, [adds("mutation-stage-1"), adds("mutation-stage-2")]);
  const made = await api.create(one.objects(namespace), objectOf(one, "pruned", { data: { start: "yes" } }));
  expect(made.data).toEqual({ start: "yes", "mutation-stage-1": "yes" });
});

test("Admission webhook, mutate custom resource with different stored version", async () => {
  const { api } = suite;
  const one = await define(api, { versions: [versionOf("v1", openSchema), versionOf("v2", openSchema)] });
  const rule = { apiGroups: [one.group], apiVersions: ["v1", "v2"], resources: ["foos"] };
  await webhooks.register("mutating", `mutating-${one.group}`, [
    webhooks.webhook("mutate-custom-resource-data-stage-1.k8s.io", adds("mutation-stage-1"), {
      rules: [{ ...rule, operations: ["CREATE", "UPDATE"] }],
    }),
    webhooks.webhook("mutate-custom-resource-data-stage-2.k8s.io", adds("mutation-stage-2"), {
      rules: [{ ...rule, operations: ["CREATE"] }],
    }),
  ]);
  const objects = one.objects(namespace);
  await api.create(objects, objectOf(one, "cr-instance-1", { data: { "mutation-start": "yes" } }));
  await api.patch(one.path, "strategic", {
    spec: {
      versions: [versionOf("v1", openSchema, { storage: false }), versionOf("v2", openSchema, { storage: true })],
    },
  });
  const inV2 = `${one.objects(namespace, "v2")}/cr-instance-1`;
  const patched = await api.patch(inV2, "json", [{ op: "add", path: "/dummy", value: "test" }]);
  expect(patched.data).toEqual({ "mutation-start": "yes", "mutation-stage-1": "yes", "mutation-stage-2": "yes" });
  expect(patched.dummy).toBe("test");
  expect(patched.apiVersion).toBe(`${one.group}/v2`);
});
