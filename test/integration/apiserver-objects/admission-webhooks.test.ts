import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Cluster, createCluster } from "../../../src/index.ts";
import { Api, type Json, Refused } from "../../conformance/support/api.ts";
import { type Verdict, type Webhook, WebhookServer } from "../../support/webhook-server.ts";

let cluster: Cluster;
let api: Api;
let server: WebhookServer;
const group = "/apis/admissionregistration.k8s.io/v1";
const maps = "/api/v1/namespaces/default/configmaps";

beforeAll(async () => {
  cluster = await createCluster({ nodes: false });
  api = new Api(cluster);
  server = await WebhookServer.start("hook.default.svc");
});

afterAll(async () => {
  server.stop();
  api.close();
  await cluster.stop();
});

beforeEach(async () => {
  for (const type of ["mutating", "validating"]) await api.delete(`${group}/${type}webhookconfigurations`);
  await api.delete(maps);
  server.asked.length = 0;
});

let count = 0;

async function register(type: "mutating" | "validating", hook: Webhook, fields: object = {}, name = `hook-${count++}`) {
  const path = `/${name}`;
  server.hooks.set(path, hook);
  const rules = [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }];
  const webhook = {
    name: `${name}.example.com`,
    clientConfig: server.clientConfig(path),
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    rules,
    ...fields,
  };
  await api.create(`${group}/${type}webhookconfigurations`, { metadata: { name }, webhooks: [webhook] });
  return { path, name: webhook.name };
}

const sets = (path: string, value: unknown): Verdict => ({ patch: [{ op: "add", path, value }] });
const map = (name: string, data: object = {}) => ({ metadata: { name }, data });

async function message(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error("it was not refused"),
    (refused: unknown) => refused,
  );
  if (error instanceof Refused) return error.answer.body.message;
  throw error;
}

test("a webhook is told who asks for what, with which options", async () => {
  await register("validating", () => ({}));
  await api.call("POST", `${maps}?fieldManager=me&dryRun=All`, { body: map("a", { k: "v" }) });
  const [asked] = server.asked;
  expect(asked?.query).toBe("timeout=10s");
  expect(asked?.request).toMatchObject({
    kind: { group: "", version: "v1", kind: "ConfigMap" },
    resource: { group: "", version: "v1", resource: "configmaps" },
    requestKind: { group: "", version: "v1", kind: "ConfigMap" },
    requestResource: { group: "", version: "v1", resource: "configmaps" },
    name: "a",
    namespace: "default",
    operation: "CREATE",
    userInfo: { groups: expect.arrayContaining(["system:masters", "system:authenticated"]) },
    object: { kind: "ConfigMap", apiVersion: "v1", data: { k: "v" }, metadata: { uid: expect.any(String) } },
    oldObject: null,
    dryRun: true,
    options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1", dryRun: ["All"], fieldManager: "me" },
  });
  await api.create(maps, map("a"));
  await api.patch(`${maps}/a`, "merge", { data: { k: "w" } });
  await api.delete(`${maps}/a`, { gracePeriodSeconds: 0, propagationPolicy: "Background" });
  expect(server.asked.slice(2).map(({ request }) => request)).toMatchObject([
    { operation: "UPDATE", oldObject: { metadata: { name: "a" } }, options: { kind: "UpdateOptions" } },
    {
      operation: "DELETE",
      object: null,
      oldObject: { data: { k: "w" } },
      options: { kind: "DeleteOptions", gracePeriodSeconds: 0, propagationPolicy: "Background" },
    },
  ]);
});

test("who wants it sees in a second round what others changed after it, and there is no third", async () => {
  const seen: string[] = [];
  const stage = (name: string, has: string, add: string) => async (): Promise<void> => {
    const policy = name === "never" ? "Never" : "IfNeeded";
    await register(
      "mutating",
      ({ object }) => {
        seen.push(name);
        const data: Json = object.data ?? {};
        return data[has] && !data[add] ? sets(`/data/${add}`, "yes") : {};
      },
      {
        reinvocationPolicy: policy,
        rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }],
      },
      name,
    );
  };
  await stage("a-first", "late", "first")();
  await stage("b-last", "start", "late")();
  await stage("never", "first", "never")();
  const { data } = await api.create(maps, map("x", { start: "yes" }));
  expect(data).toEqual({ start: "yes", late: "yes", first: "yes" });
  expect(seen).toEqual(["a-first", "b-last", "never", "a-first", "b-last"]);
});

test("warnings reach the client, also those of a webhook that refuses", async () => {
  await register("validating", ({ object }) => ({ allowed: object.data?.bad === undefined, warnings: ["beware"] }));
  const created = await api.call("POST", maps, { body: map("w") });
  expect(created.headers.warning).toBe('299 - "beware"');
  const refused = await api.call("POST", maps, { body: map("x", { bad: "yes" }) });
  expect([refused.status, refused.headers.warning]).toEqual([400, '299 - "beware"']);
});

test("a refusal carries the status that the webhook gives", async () => {
  const status = { code: 409, reason: "Conflict", message: "not now", details: { causes: [{ message: "moon" }] } };
  const { name } = await register("validating", () => ({ allowed: false, status }));
  const answer = await api.call("POST", maps, { body: map("c") });
  expect(answer.status).toBe(409);
  expect(answer.body).toMatchObject({
    kind: "Status",
    reason: "Conflict",
    message: `admission webhook "${name}" denied the request: not now`,
    details: { causes: [{ message: "moon" }] },
  });
});

test("answers that say nothing are failures, which the failure policy may ignore", async () => {
  const { name } = await register("validating", () => ({ patch: [] }));
  const prefix = `Internal error occurred: failed calling webhook "${name}": received invalid webhook response:`;
  expect(await message(api.create(maps, map("a")))).toBe(`${prefix} validating webhook may not return response.patch`);
  await api.patch(`${group}/validatingwebhookconfigurations/${name.split(".")[0]}`, "json", [
    { op: "add", path: "/webhooks/0/failurePolicy", value: "Ignore" },
  ]);
  await api.create(maps, map("a"));
  const text = (await api.call("GET", "/metrics")).text;
  expect(text).toContain(`apiserver_admission_webhook_fail_open_count{name="${name}",type="validating"} 1`);
  expect(text).toContain(
    `apiserver_admission_webhook_rejection_count{name="${name}",type="validating",operation="CREATE",` +
      'error_type="calling_webhook_error",rejection_code="503"} 1',
  );
});

test("a patch that does not apply, or has nothing to apply to, refuses", async () => {
  await register("mutating", ({ operation }) =>
    operation === "DELETE" ? sets("/data", {}) : { patch: [{ op: "remove", path: "/data/none" }] },
  );
  expect(await message(api.create(maps, map("a")))).toMatch(/^Internal error occurred: .*\/data\/none/);
  await api.delete(`${group}/mutatingwebhookconfigurations`);
  await api.create(maps, map("a"));
  const { name } = await register("mutating", () => sets("/data", {}));
  expect(await message(api.delete(`${maps}/a`))).toBe(
    `Internal error occurred: admission webhook "${name}" attempted to modify the object, ` +
      "which is not supported for this operation",
  );
});

test("equivalent versions of a resource match, and are shown in the version of the rule", async () => {
  const rules = [{ operations: ["CREATE"], apiGroups: ["autoscaling"], apiVersions: ["v1"], resources: ["*"] }];
  const seen: string[] = [];
  const hook: Webhook = ({ object, kind, requestKind }) => {
    seen.push(`${object.apiVersion} ${kind.version} ${requestKind.version}`);
    return {};
  };
  await register("validating", hook, { rules });
  await register("validating", hook, { rules, matchPolicy: "Exact" });
  const spec = { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" }, maxReplicas: 2 };
  await api.create("/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", {
    metadata: { name: "h" },
    spec,
  });
  expect(seen).toEqual(["autoscaling/v1 v1 v2"]);
});

test("who is asked about the subresource scale sees a Scale, and may change how many", async () => {
  const rules = [
    { operations: ["UPDATE"], apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments/scale"] },
  ];
  const most: Webhook = ({ object }) =>
    Number(object.spec?.replicas ?? 0) > 5 ? { patch: [{ op: "replace", path: "/spec/replicas", value: 5 }] } : {};
  await register("mutating", most, { rules });
  await register("validating", ({ object }) => ({ allowed: object.spec?.replicas !== 3 }), { rules });
  const deployments = "/apis/apps/v1/namespaces/default/deployments";
  const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "c", image: "i" }] } };
  await api.create(deployments, {
    metadata: { name: "scaled" },
    spec: { replicas: 1, selector: { matchLabels: { app: "a" } }, template },
  });
  const scale = (replicas: number) => api.patch(`${deployments}/scaled/scale`, "merge", { spec: { replicas } });
  expect(await scale(2)).toMatchObject({ kind: "Scale", spec: { replicas: 2 } });
  expect(server.asked.at(-1)?.request).toMatchObject({
    kind: { group: "autoscaling", version: "v1", kind: "Scale" },
    resource: { group: "apps", version: "v1", resource: "deployments" },
    subResource: "scale",
    object: {
      kind: "Scale",
      apiVersion: "autoscaling/v1",
      metadata: { name: "scaled", namespace: "default", uid: expect.any(String) },
      spec: { replicas: 2 },
      status: { selector: "app=a" },
    },
    oldObject: { kind: "Scale", spec: { replicas: 1 } },
  });
  expect(await scale(9)).toMatchObject({ spec: { replicas: 5 } });
  expect(await api.get(`${deployments}/scaled`)).toMatchObject({ spec: { replicas: 5, template } });
  expect(await message(scale(3))).toContain("denied the request");
  await api.delete(`${deployments}/scaled`);
});

test("selectors and match conditions say which objects are meant", async () => {
  const { name } = await register("validating", () => ({ allowed: false }), {
    objectSelector: { matchLabels: { guarded: "yes" } },
    matchConditions: [
      { name: "not-me", expression: "request.userInfo.username != 'nobody'" },
      { name: "has-data", expression: "object.data.size() > 0" },
    ],
  });
  const guarded = (id: string, data?: object) => ({ metadata: { name: id, labels: { guarded: "yes" } }, data });
  await api.create(maps, map("free", { k: "v" }));
  expect(await message(api.create(maps, guarded("a", { k: "v" })))).toContain(`admission webhook "${name}" denied`);
  expect(await message(api.create(maps, guarded("a")))).toBe(
    "configmaps \"a\" is forbidden: expression 'object.data.size() > 0' resulted in error: no such key: data",
  );
  await api.delete(`${group}/validatingwebhookconfigurations`);
});

test("a webhook with side effects is not asked about a dry run", async () => {
  const sideEffects = "NoneOnDryRun";
  await register("validating", () => ({}), { sideEffects });
  expect((await api.call("POST", `${maps}?dryRun=All`, { body: map("d") })).status).toBe(201);
  expect(server.asked).toHaveLength(1);
});

test("no webhook gets more time than the request has", async () => {
  await register("validating", () => undefined, { timeoutSeconds: 30 });
  const answer = await api.call("POST", `${maps}?timeout=1s`, { body: map("t") });
  expect(answer.status).toBeGreaterThanOrEqual(500);
  expect(server.asked[0]?.query).toBe("timeout=1s");
  expect(await api.statusOf(`${maps}/t`)).toBe(404);
});

test("a service of the cluster is called under its own name", async () => {
  const services = "/api/v1/namespaces/default/services";
  await api.create(services, { metadata: { name: "hook" }, spec: { type: "ExternalName", externalName: "localhost" } });
  const service = { namespace: "default", name: "hook", path: "/by-service", port: server.port };
  server.hooks.set("/by-service", () => ({ allowed: false, status: { message: "by service" } }));
  const { name } = await register("validating", () => ({}), { clientConfig: { service, caBundle: server.caBundle } });
  expect(await message(api.create(maps, map("s")))).toBe(`admission webhook "${name}" denied the request: by service`);
});
