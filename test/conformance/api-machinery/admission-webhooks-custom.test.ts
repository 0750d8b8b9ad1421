import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { conformanceSuite } from "../support/suite.ts";
import { webhookSuite } from "../support/webhooks.ts";

const suite = conformanceSuite({ nodes: false });
const webhooks = webhookSuite(suite);
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const version = (name: string, storage: boolean, schema: object = open) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: schema },
});

/** A new kind of custom resources, and the path of its objects in a namespace of its own. */
async function defined(plural: string, versions: object[]) {
  const group = "webhook.example.com";
  const names = { plural, singular: plural.slice(0, -1), kind: `E2e${plural}`, listKind: `E2e${plural}List` };
  await suite.api.create(definitions, {
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope: "Namespaced", names, versions },
  });
  await suite.api.until(`${definitions}/${plural}.${group}`, ({ status }: Json) =>
    status?.conditions?.some((one: Json) => one.type === "Established" && one.status === "True"),
  );
  const namespace = await suite.namespace();
  const rules = (...operations: string[]) => ({
    rules: [{ operations, apiGroups: [group], apiVersions: ["*"], resources: [plural] }],
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  });
  const object = (name: string, data: object, apiVersion = "v1") => ({
    apiVersion: `${group}/${apiVersion}`,
    kind: names.kind,
    metadata: { name },
    data,
  });
  const path = (apiVersion = "v1") => `/apis/${group}/${apiVersion}/namespaces/${namespace}/${plural}`;
  return { definition: `${definitions}/${plural}.${group}`, path, rules, object, kind: names.kind, group };
}

/** Adds data in two stages, as the original's webhook does. */
function stages(name: string): string[] {
  const stage = (has: string, add: string) =>
    webhooks.hook(`/${name}/${add}`, ({ object }) =>
      object.data[has] === "yes" ? { patch: [{ op: "add", path: `/data/${add}`, value: "yes" }] } : {},
    );
  return [stage("mutation-start", "mutation-stage-1"), stage("mutation-stage-1", "mutation-stage-2")];
}

test("Admission webhook, deny custom resource create and delete", async () => {
  const made = await defined("denials", [version("v1", true)]);
  const hook = webhooks.hook("/deny-custom", ({ operation, object, oldObject }) => {
    const offends = (operation === "DELETE" ? oldObject : object).data["webhook-e2e-test"];
    const unwanted = operation === "DELETE" ? "webhook-nondeletable" : "webhook-disallow";
    const message = "the custom resource contains unwanted data";
    return offends === unwanted ? { allowed: false, status: { message } } : {};
  });
  await webhooks.register("validating", "deny-custom", [
    webhooks.webhook("deny-unwanted-custom-resource-data.k8s.io", hook, made.rules("CREATE", "UPDATE", "DELETE")),
  ]);
  const because =
    'admission webhook "deny-unwanted-custom-resource-data.k8s.io" denied the request: ' +
    "the custom resource contains unwanted data";
  const bad = { "webhook-e2e-test": "webhook-disallow" };
  const refused = await webhooks.refusal(suite.api.create(made.path(), made.object("bad", bad)));
  expect(refused.body.message).toBe(because);
  await suite.api.create(made.path(), made.object("kept", { "webhook-e2e-test": "webhook-nondeletable" }));
  const changed = await webhooks.refusal(suite.api.patch(`${made.path()}/kept`, "merge", { data: bad }));
  expect(changed.body.message).toBe(because);
  const deleted = await webhooks.refusal(suite.api.delete(`${made.path()}/kept`));
  expect(deleted.body.message).toBe(because);
  await suite.api.patch(`${made.path()}/kept`, "merge", { data: { "webhook-e2e-test": "webhook-allow" } });
  await suite.api.delete(`${made.path()}/kept`);
});

test("Admission webhook, mutate custom resource", async () => {
  const made = await defined("mutants", [version("v1", true)]);
  const [first = "", second = ""] = stages("mutate-custom");
  await webhooks.register("mutating", "mutate-custom", [
    webhooks.webhook("mutate-custom-resource-data-stage-1.k8s.io", first, made.rules("CREATE")),
    webhooks.webhook("mutate-custom-resource-data-stage-2.k8s.io", second, made.rules("CREATE")),
  ]);
  const { data } = await suite.api.create(made.path(), made.object("a", { "mutation-start": "yes" }));
  expect(data).toEqual({ "mutation-start": "yes", "mutation-stage-1": "yes", "mutation-stage-2": "yes" });
});

test("Admission webhook, mutate custom resource with pruning", async () => {
  const known = { type: "string" };
  const schema = {
    type: "object",
    properties: {
      data: { type: "object", properties: { "mutation-start": known, "mutation-stage-1": known } },
    },
  };
  const made = await defined("prunes", [version("v1", true, schema)]);
  const [first = "", second = ""] = stages("prune-custom");
  await webhooks.register("mutating", "prune-custom", [
    webhooks.webhook("mutate-custom-resource-data-stage-1.k8s.io", first, made.rules("CREATE")),
    webhooks.webhook("mutate-custom-resource-data-stage-2.k8s.io", second, made.rules("CREATE")),
  ]);
  const { data } = await suite.api.create(made.path(), made.object("a", { "mutation-start": "yes" }));
  expect(data).toEqual({ "mutation-start": "yes", "mutation-stage-1": "yes" });
});

test("Admission webhook, mutate custom resource with different stored version", async () => {
  const made = await defined("versions", [version("v1", true), version("v2", false)]);
  const [first = ""] = stages("versions-custom");
  await webhooks.register("mutating", "versions-custom", [
    webhooks.webhook("mutate-custom-resource-data-stage-1.k8s.io", first, made.rules("CREATE", "UPDATE")),
  ]);
  const created = await suite.api.create(made.path(), made.object("a", { "mutation-start": "yes" }));
  expect(created.data).toEqual({ "mutation-start": "yes", "mutation-stage-1": "yes" });
  await suite.api.patch(made.definition, "merge", { spec: { versions: [version("v1", false), version("v2", true)] } });
  await suite.api.until(made.definition, ({ status }: Json) => status?.storedVersions?.includes("v2"));
  const patched = await suite.api.patch(`${made.path()}/a`, "merge", { data: { other: "test" } });
  expect(patched.data).toEqual({ "mutation-start": "yes", "mutation-stage-1": "yes", other: "test" });
  const v2 = await suite.api.get(`${made.path("v2")}/a`);
  expect(v2).toMatchObject({ apiVersion: `${made.group}/v2`, data: { other: "test" } });
});
