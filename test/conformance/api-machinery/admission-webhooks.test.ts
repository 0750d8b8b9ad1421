import { expect, test } from "vitest";
import { conformanceSuite } from "../support/suite.ts";
import { about, webhookPaths, webhookSuite } from "../support/webhooks.ts";

const suite = conformanceSuite({ nodes: { count: 1 } });
const webhooks = webhookSuite(suite);

const configMap = (name: string, data: Record<string, string> = {}) => ({ metadata: { name }, data });
const pod = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: "c", image: "agnhost" }], ...spec },
});
const deniedBy = (name: string, why: string) => `admission webhook "${name}" denied the request: ${why}`;
const adds = (path: string, value: unknown) => ({ patch: [{ op: "add", path, value }] });

async function place() {
  const namespace = await suite.namespace();
  const core = `/api/v1/namespaces/${namespace}`;
  return { namespace, core, configMaps: `${core}/configmaps`, pods: `${core}/pods` };
}

test("Admission webhook, discovery document", async () => {
  const groups = await suite.api.get("/apis");
  const found = groups.groups.find(({ name }: { name: string }) => name === "admissionregistration.k8s.io");
  expect(found.versions).toContainEqual({
    groupVersion: "admissionregistration.k8s.io/v1",
    version: "v1",
  });
  const list = await suite.api.get("/apis/admissionregistration.k8s.io/v1");
  const names = list.resources.map(({ name }: { name: string }) => name);
  expect(names).toContain("mutatingwebhookconfigurations");
  expect(names).toContain("validatingwebhookconfigurations");
});

test("Admission webhook, deny create", async () => {
  const { namespace, pods, configMaps } = await place();
  const exempt = await suite.namespace({ "skip-webhook-admission": "yes" });
  const podHook = webhooks.hook("/deny-create/pods", ({ object }) => {
    if (object.metadata.labels?.["webhook-e2e-test"] === "webhook-disallow") {
      return { allowed: false, status: { message: "the pod contains unwanted label" } };
    }
    return object.metadata.name === "hanging" ? undefined : {};
  });
  const mapHook = webhooks.hook("/deny-create/maps", ({ object }) =>
    object.data?.["webhook-e2e-test"] === "webhook-disallow"
      ? { allowed: false, status: { reason: "the configmap contains unwanted key and value" } }
      : {},
  );
  const scope = {
    namespaceSelector: {
      matchExpressions: [
        { key: "skip-webhook-admission", operator: "NotIn", values: ["yes"] },
        { key: "kubernetes.io/metadata.name", operator: "In", values: [namespace, exempt] },
      ],
    },
  };
  await webhooks.register("validating", "deny-create", [
    webhooks.webhook("deny-unwanted-pod-container-name-and-label.k8s.io", podHook, {
      ...about(namespace, "pods", "CREATE"),
      ...scope,
      timeoutSeconds: 1,
    }),
    webhooks.webhook("deny-unwanted-configmap-data.k8s.io", mapHook, {
      ...about(namespace, "configmaps", "CREATE", "UPDATE"),
      ...scope,
    }),
  ]);
  const labels = { "webhook-e2e-test": "webhook-disallow" };
  const refusedPod = await webhooks.refusal(
    suite.api.create(pods, { ...pod("bad"), metadata: { name: "bad", labels } }),
  );
  expect(refusedPod.status).toBe(400);
  expect(refusedPod.body.message).toBe(
    deniedBy("deny-unwanted-pod-container-name-and-label.k8s.io", "the pod contains unwanted label"),
  );
  const hanging = await webhooks.refusal(suite.api.create(pods, pod("hanging")));
  expect(hanging.status).toBe(500);
  expect(hanging.body).toMatchObject({ reason: "InternalError" });
  expect(hanging.body.message).toMatch(
    /^Internal error occurred: failed calling webhook "deny-unwanted-pod-container-name-and-label.k8s.io": failed to call webhook: Post "https:\/\/127.0.0.1:[0-9]+\/deny-create\/pods\?timeout=1s": context deadline exceeded$/,
  );
  const because = deniedBy("deny-unwanted-configmap-data.k8s.io", "the configmap contains unwanted key and value");
  const bad = { "webhook-e2e-test": "webhook-disallow" };
  const refusedMap = await webhooks.refusal(suite.api.create(configMaps, configMap("bad", bad)));
  expect(refusedMap.body.message).toBe(because);
  await suite.api.create(configMaps, configMap("good"));
  const updated = await webhooks.refusal(suite.api.update(`${configMaps}/good`, configMap("good", bad)));
  expect(updated.body.message).toBe(because);
  const patched = await webhooks.refusal(suite.api.patch(`${configMaps}/good`, "merge", { data: bad }));
  expect(patched.body.message).toBe(because);
  await suite.api.create(`/api/v1/namespaces/${exempt}/configmaps`, configMap("bad", bad));
});

test("Admission webhook, deny attach", async () => {
  const { namespace, pods } = await place();
  const path = webhooks.hook("/deny-attach", ({ object }) => ({
    allowed: object.kind !== "PodAttachOptions",
    status: { message: "attaching to pod 'to-be-attached-pod' is not allowed" },
  }));
  const { namespaceSelector } = about(namespace, "pods") as { namespaceSelector: object };
  await webhooks.register("validating", "deny-attach", [
    webhooks.webhook("deny-attaching-pod.k8s.io", path, {
      rules: [{ operations: ["CONNECT"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods/attach"] }],
      namespaceSelector,
    }),
  ]);
  await suite.api.create(pods, pod("to-be-attached-pod"));
  const answer = await suite.api.call("POST", `${pods}/to-be-attached-pod/attach?stdin=true`, {
    headers: { connection: "upgrade", upgrade: "SPDY/3.1", "x-stream-protocol-version": "v4.channel.k8s.io" },
  });
  expect(answer.body.message).toBe(
    deniedBy("deny-attaching-pod.k8s.io", "attaching to pod 'to-be-attached-pod' is not allowed"),
  );
  const asked = webhooks.server.asked.find((one) => one.path === path)?.request;
  expect(asked).toMatchObject({
    kind: { group: "", version: "v1", kind: "PodAttachOptions" },
    resource: { group: "", version: "v1", resource: "pods" },
    subResource: "attach",
    name: "to-be-attached-pod",
    namespace,
    operation: "CONNECT",
    object: { kind: "PodAttachOptions", apiVersion: "v1", stdin: true },
    oldObject: null,
    options: null,
  });
});

test("Admission webhook, deny custom resource definition", async () => {
  const path = webhooks.hook("/deny-crd", () => ({
    allowed: false,
    status: { message: "the crd contains unwanted label" },
  }));
  await webhooks.register("validating", "deny-crd", [
    webhooks.webhook("deny-crd-with-unwanted-label.k8s.io", path, {
      rules: [
        {
          operations: ["CREATE"],
          apiGroups: ["apiextensions.k8s.io"],
          apiVersions: ["*"],
          resources: ["customresourcedefinitions"],
        },
      ],
      objectSelector: { matchLabels: { "webhook-e2e-test": "webhook-disallow" } },
    }),
  ]);
  const definition = {
    metadata: { name: "testcrds.example.com", labels: { "webhook-e2e-test": "webhook-disallow" } },
    spec: {
      group: "example.com",
      names: { plural: "testcrds", kind: "TestCrd" },
      scope: "Cluster",
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
    },
  };
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const refused = await webhooks.refusal(suite.api.create(definitions, definition));
  expect(refused.body.message).toBe(deniedBy("deny-crd-with-unwanted-label.k8s.io", "the crd contains unwanted label"));
  expect(await suite.api.statusOf(`${definitions}/testcrds.example.com`)).toBe(404);
});

test("Admission webhook, fail closed", async () => {
  const { namespace, configMaps } = await place();
  const { caBundle: _, ...clientConfig } = webhooks.server.clientConfig("/fail-closed") as { caBundle: string };
  await webhooks.register("validating", "fail-closed", [
    webhooks.webhook("fail-closed.k8s.io", "/", { ...about(namespace, "configmaps", "CREATE"), clientConfig }),
  ]);
  const refused = await webhooks.refusal(suite.api.create(configMaps, configMap("foo")));
  expect(refused.status).toBe(500);
  expect(refused.body.message).toBe(
    'Internal error occurred: failed calling webhook "fail-closed.k8s.io": failed to call webhook: ' +
      `Post "https://127.0.0.1:${webhooks.server.port}/fail-closed?timeout=10s": ` +
      "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  );
});

test("Admission webhook, ordered mutation", async () => {
  const { namespace, configMaps } = await place();
  const stage = (has: string, add: string) =>
    webhooks.hook(`/ordered/${add}`, ({ object }) => (object.data?.[has] ? adds(`/data/${add}`, "yes") : {}));
  await webhooks.register("mutating", "ordered", [
    webhooks.webhook("adding-configmap-data-stage-1.k8s.io", stage("mutation-start", "mutation-stage-1"), {
      ...about(namespace, "configmaps", "CREATE"),
    }),
    webhooks.webhook("adding-configmap-data-stage-2.k8s.io", stage("mutation-stage-1", "mutation-stage-2"), {
      ...about(namespace, "configmaps", "CREATE"),
    }),
  ]);
  const made = await suite.api.create(configMaps, configMap("to-be-mutated", { "mutation-start": "yes" }));
  expect(made.data).toEqual({ "mutation-start": "yes", "mutation-stage-1": "yes", "mutation-stage-2": "yes" });
});

test("Admission webhook, mutation with defaulting", async () => {
  const { namespace, pods } = await place();
  const path = webhooks.hook("/mutate-pod", () =>
    adds("/spec/initContainers", [{ name: "webhook-added-init-container", image: "webhook-added-image" }]),
  );
  await webhooks.register("mutating", "mutate-pod", [
    webhooks.webhook("adding-init-container.k8s.io", path, about(namespace, "pods", "CREATE")),
  ]);
  const made = await suite.api.create(pods, pod("webhook-to-be-mutated"));
  expect(made.spec.initContainers).toMatchObject([
    { name: "webhook-added-init-container", terminationMessagePolicy: "File", imagePullPolicy: "Always" },
  ]);
});

test("Admission webhook, admission control not allowed on webhook configuration objects", async () => {
  const rules = [
    {
      operations: ["CREATE", "UPDATE", "DELETE"],
      apiGroups: ["admissionregistration.k8s.io"],
      apiVersions: ["*"],
      resources: ["*"],
    },
  ];
  const deny = webhooks.hook("/deny-configurations", () => ({ allowed: false }));
  const change = webhooks.hook("/change-configurations", () => adds("/metadata/labels", { changed: "yes" }));
  await webhooks.register("validating", "deny-configurations", [
    webhooks.webhook("deny-webhook-configuration-deletions.k8s.io", deny, { rules }),
  ]);
  await webhooks.register("mutating", "change-configurations", [
    webhooks.webhook("add-label-to-webhook-configurations.k8s.io", change, { rules }),
  ]);
  for (const type of ["validating", "mutating"] as const) {
    const name = `dummy-${type}`;
    await webhooks.register(type, name, [
      webhooks.webhook("dummy.k8s.io", "/", {
        rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["invalid"] }],
      }),
    ]);
    expect((await suite.api.get(`${webhookPaths[type]}/${name}`)).metadata.labels).toBeUndefined();
    await suite.api.delete(`${webhookPaths[type]}/${name}`);
  }
  await suite.api.delete(`${webhookPaths.validating}/deny-configurations`);
  await suite.api.delete(`${webhookPaths.mutating}/change-configurations`);
});

test("Admission webhook, honor timeout", async () => {
  const { namespace, configMaps } = await place();
  const path = webhooks.hook("/slow", () => new Promise((resolve) => setTimeout(() => resolve({}), 1500)));
  const register = (name: string, timeoutSeconds: number, failurePolicy: string) =>
    webhooks.register("validating", name, [
      webhooks.webhook(`${name}.slow.k8s.io`, path, {
        ...about(namespace, "configmaps", "CREATE"),
        timeoutSeconds,
        failurePolicy,
      }),
    ]);
  await register("short-fail", 1, "Fail");
  const refused = await webhooks.refusal(suite.api.create(configMaps, configMap("slow")));
  expect(refused.body.message).toContain('/slow?timeout=1s": context deadline exceeded');
  await suite.api.delete(`${webhookPaths.validating}/short-fail`);
  await register("short-ignore", 1, "Ignore");
  await suite.api.create(configMaps, configMap("ignored"));
  await suite.api.delete(`${webhookPaths.validating}/short-ignore`);
  await register("long-fail", 10, "Fail");
  await suite.api.create(configMaps, configMap("waited-for"));
  expect(webhooks.server.asked.filter((one) => one.path === path).map(({ query }) => query)).toEqual([
    "timeout=1s",
    "timeout=1s",
    "timeout=10s",
  ]);
});

test("Admission webhook, update validating webhook", async () => {
  const { namespace, configMaps } = await place();
  const path = webhooks.hook("/update-validating", () => ({ allowed: false, status: { message: "no" } }));
  const name = "update-validating";
  await webhooks.register("validating", name, [
    webhooks.webhook("deny-unwanted-configmap-data.k8s.io", path, about(namespace, "configmaps", "CREATE")),
  ]);
  await webhooks.refusal(suite.api.create(configMaps, configMap("one")));
  const at = `${webhookPaths.validating}/${name}`;
  await suite.api.edit(at, ({ webhooks: [webhook] }) => {
    webhook.rules[0].operations = ["UPDATE"];
  });
  await suite.api.create(configMaps, configMap("two"));
  await suite.api.patch(at, "json", [{ op: "replace", path: "/webhooks/0/rules/0/operations", value: ["CREATE"] }]);
  await webhooks.refusal(suite.api.create(configMaps, configMap("three")));
});

test("Admission webhook, update mutating webhook", async () => {
  const { namespace, configMaps } = await place();
  const path = webhooks.hook("/update-mutating", () => adds("/data/mutated", "yes"));
  const name = "update-mutating";
  await webhooks.register("mutating", name, [
    webhooks.webhook("adding-configmap-data.k8s.io", path, about(namespace, "configmaps", "CREATE")),
  ]);
  const at = `${webhookPaths.mutating}/${name}`;
  await suite.api.edit(at, ({ webhooks: [webhook] }) => {
    webhook.rules[0].operations = ["UPDATE"];
  });
  const plain = await suite.api.create(configMaps, configMap("one", { start: "yes" }));
  expect(plain.data).toEqual({ start: "yes" });
  await suite.api.patch(at, "json", [{ op: "replace", path: "/webhooks/0/rules/0/operations", value: ["CREATE"] }]);
  const mutated = await suite.api.create(configMaps, configMap("two", { start: "yes" }));
  expect(mutated.data).toEqual({ start: "yes", mutated: "yes" });
});

async function registerTen(type: "validating" | "mutating", namespace: string, path: string): Promise<string> {
  const labels = { "e2e-list-test": namespace };
  for (let n = 0; n < 10; n++) {
    await webhooks.register(
      type,
      `list-${type}-${n}`,
      [webhooks.webhook(`list-${n}.k8s.io`, path, about(namespace, "configmaps", "CREATE"))],
      labels,
    );
  }
  return `${webhookPaths[type]}?labelSelector=e2e-list-test%3D${namespace}`;
}

test("Admission webhook, list validating webhooks", async () => {
  const { namespace, configMaps } = await place();
  const path = webhooks.hook("/list-validating", () => ({ allowed: false }));
  const selected = await registerTen("validating", namespace, path);
  expect((await suite.api.get(selected)).items).toHaveLength(10);
  const refused = await webhooks.refusal(suite.api.create(configMaps, configMap("one")));
  expect(refused.body.message).toMatch(
    /^admission webhook "list-[0-9].k8s.io" denied the request without explanation$/,
  );
  await suite.api.delete(selected);
  await suite.api.create(configMaps, configMap("one"));
});

test("Admission webhook, list mutating webhooks", async () => {
  const { namespace, configMaps } = await place();
  const path = webhooks.hook("/list-mutating", ({ object }) =>
    adds("/data/count", String(Number(object.data.count ?? "0") + 1)),
  );
  const selected = await registerTen("mutating", namespace, path);
  expect((await suite.api.get(selected)).items).toHaveLength(10);
  expect((await suite.api.create(configMaps, configMap("one", { count: "0" }))).data).toEqual({ count: "10" });
  await suite.api.delete(selected);
  expect((await suite.api.create(configMaps, configMap("two", { count: "0" }))).data).toEqual({ count: "0" });
});

async function keepsConditions(type: "mutating" | "validating"): Promise<void> {
  const name = `conditions-${type}`;
  const matchConditions = [{ name: "expression-1", expression: "object.metadata.namespace == 'production'" }];
  await webhooks.register(type, name, [
    webhooks.webhook("conditions.k8s.io", "/", { ...about("none", "configmaps", "CREATE"), matchConditions }),
  ]);
  const at = `${webhookPaths[type]}/${name}`;
  expect((await suite.api.get(at)).webhooks[0].matchConditions).toEqual(matchConditions);
  const next = [
    { name: "expression-1", expression: "object.metadata.namespace == 'staging'" },
    { name: "expression-2", expression: "object.metadata.name == 'a'" },
  ];
  await suite.api.edit(at, (configuration) => {
    configuration.webhooks[0].matchConditions = next;
  });
  expect((await suite.api.get(at)).webhooks[0].matchConditions).toEqual(next);
}

test("Mutating Admission webhook, create and update mutating webhook configuration with matchConditions", () =>
  keepsConditions("mutating"));

test("Validating Admission webhook, create and update validating webhook configuration with matchConditions", () =>
  keepsConditions("validating"));

async function refusesConditions(type: "mutating" | "validating"): Promise<void> {
  const matchConditions = [{ name: "invalid-expression", expression: "... [] bad expression" }];
  const registering = webhooks.register(type, `invalid-${type}`, [
    webhooks.webhook("conditions.k8s.io", "/", { ...about("none", "configmaps", "CREATE"), matchConditions }),
  ]);
  expect((await webhooks.refusal(registering)).body.message).toContain("compilation failed");
}

test("Mutating Admission webhook, reject mutating webhook configurations with invalid matchConditions", () =>
  refusesConditions("mutating"));

test("Validing Admission webhook, reject validating webhook configurations with invalid matchConditions", () =>
  refusesConditions("validating"));

test("Mutating Admission webhook, mutating webhook excluding object with specific name", async () => {
  const { namespace, configMaps } = await place();
  const path = webhooks.hook("/skip-me", () => adds("/data/mutated", "yes"));
  await webhooks.register("mutating", "skip-me", [
    webhooks.webhook("adding-configmap-data.k8s.io", path, {
      ...about(namespace, "configmaps", "CREATE"),
      matchConditions: [{ name: "skip-me", expression: "object.metadata.name != 'skip-me'" }],
    }),
  ]);
  const skipped = await suite.api.create(configMaps, configMap("skip-me", { start: "yes" }));
  expect(skipped.data).toEqual({ start: "yes" });
  const mutated = await suite.api.create(configMaps, configMap("not-me", { start: "yes" }));
  expect(mutated.data).toEqual({ start: "yes", mutated: "yes" });
});

test("Admission webhook, admission control not allowed on webhook configuration objects, whose services may have an empty path", async () => {
  for (const type of ["mutating", "validating"] as const) {
    const service = { namespace: "default", name: "e2e-test-webhook", path: "", port: 8443 };
    const made = await suite.api.create(webhookPaths[type], {
      metadata: { name: `empty-path-${type}` },
      webhooks: [
        {
          name: "dummy-webhook.k8s.io",
          rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["invalid"] }],
          clientConfig: { service },
          sideEffects: "None",
          admissionReviewVersions: ["v1", "v1beta1"],
          failurePolicy: "Ignore",
        },
      ],
    });
    expect(made.webhooks[0].clientConfig.service).toEqual(service);
    await suite.api.delete(`${webhookPaths[type]}/empty-path-${type}`);
  }
});

test("Admission webhook, deny create, though the role that lets it read its certificates is bound without a group", async () => {
  const path = "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings";
  const made = await suite.api.create(path, {
    metadata: { name: "webhook-auth-reader", annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" } },
    roleRef: { apiGroup: "", kind: "Role", name: "extension-apiserver-authentication-reader" },
    subjects: [{ kind: "ServiceAccount", name: "default", namespace: "default" }],
  });
  expect(made.roleRef.apiGroup).toBe("rbac.authorization.k8s.io");
  await suite.api.delete(`${path}/webhook-auth-reader`);
});
