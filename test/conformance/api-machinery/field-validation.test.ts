import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { apps } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";
import { workload } from "../support/workloads.ts";

const suite = conformanceSuite({ nodes: false });

/** A deployment whose JSON has `insert` in its spec, right at its beginning. */
function withInSpec(name: string, insert: string): string {
  const text = JSON.stringify({ apiVersion: "apps/v1", kind: "Deployment", ...workload(name, 1) });
  return text.replace('"spec":{', `"spec":{${insert}`);
}

function withInMetadata(name: string, insert: string): string {
  const text = JSON.stringify({ apiVersion: "apps/v1", kind: "Deployment", ...workload(name, 1) });
  return text.replace('"metadata":{', `"metadata":{${insert}`);
}

async function post(
  namespace: string,
  query: string,
  body: string,
): Promise<{ status: number; message: string; warnings: string }> {
  const answer = await suite.api.call("POST", `${apps(namespace, "deployments")}?${query}`, { body });
  return { status: answer.status, message: answer.body.message ?? "", warnings: String(answer.headers.warning ?? "") };
}

test("Server side field validation, typed object", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const invalid = (name: string) =>
    withInSpec(name, '"unknown1":"val1","unknownDupe":"a","paused":true,"paused":false,');
  const strict = await post(namespace, "fieldValidation=Strict", invalid("strict"));
  expect(strict.status).toBe(400);
  expect(strict.message).toContain('unknown field "spec.unknown1"');
  expect(strict.message).toContain('duplicate field "spec.paused"');
  expect(await api.statusOf(`${apps(namespace, "deployments")}/strict`)).toBe(404);

  const both = await post(
    namespace,
    "fieldManager=field_validation_mgr&fieldValidation=Strict",
    withInSpec("both", '"unknownField":"foo","replicas":2,'),
  );
  expect(both.message).toContain(
    'strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"',
  );

  const warned = await post(namespace, "fieldValidation=Warn", invalid("warn"));
  expect(warned.status).toBe(201);
  expect(warned.warnings).toContain('unknown field \\"spec.unknown1\\"');
  expect(warned.warnings).toContain('duplicate field \\"spec.paused\\"');

  const ignored = await post(namespace, "fieldValidation=Ignore", invalid("ignore"));
  expect([ignored.status, ignored.warnings]).toEqual([201, ""]);

  // Patches and applies are validated as well.
  const path = `${apps(namespace, "deployments")}/warn?fieldValidation=Strict`;
  const patched = await api.call("PATCH", path, {
    headers: { "content-type": "application/merge-patch+json" },
    body: { spec: { unknownInPatch: 1 } },
  });
  expect(patched.status).toBe(422);
  expect(patched.body.message).toContain('unknown field "spec.unknownInPatch"');
  const applied = await api.call("PATCH", `${path}&fieldManager=tester&force=true`, {
    headers: { "content-type": "application/apply-patch+yaml" },
    body: { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "warn" }, spec: { unknownInApply: 1 } },
  });
  expect(applied.status).toBeGreaterThanOrEqual(400);
  expect(applied.body.message).toContain("unknownInApply");
});

test("Server side field validation, typed unknown metadata", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const invalid = (name: string) => withInMetadata(name, '"unknownMeta":"unknownVal",');
  const strict = await post(namespace, "fieldValidation=Strict", invalid("strict"));
  expect(strict.status).toBe(400);
  expect(strict.message).toContain('strict decoding error: unknown field "metadata.unknownMeta"');
  const nested: Json = workload("nested", 1);
  nested.spec.template.metadata.unknownSubMeta = "x";
  const below = await post(
    namespace,
    "fieldValidation=Strict",
    JSON.stringify({ apiVersion: "apps/v1", kind: "Deployment", ...nested }),
  );
  expect(below.status).toBe(400);
  expect(below.message).toContain('unknown field "spec.template.metadata.unknownSubMeta"');
  const warned = await post(namespace, "fieldValidation=Warn", invalid("warn"));
  expect(warned.status).toBe(201);
  expect(warned.warnings).toContain("metadata.unknownMeta");
  expect((await api.get(`${apps(namespace, "deployments")}/warn`)).metadata.unknownMeta).toBeUndefined();
});

test("Server side field validation, typed object, that is applied and says a field twice", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const path = `/api/v1/namespaces/${namespace}/configmaps/twice?fieldManager=mgr`;
  const headers = { "content-type": "application/apply-patch+yaml" };
  const yaml =
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twice}\ndata:\n  a: "1"\n  a: "2"\n  b: "1"\n  b: "2"\n';
  const json = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},\n"data":{"a":"1",\n"a":"2"}}';
  const send = (body: string, validation: string) =>
    api.call("PATCH", `${path}&fieldValidation=${validation}`, { body, headers });
  const error = "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:";
  const lines = ['line 6: key "a" already set in map', 'line 8: key "b" already set in map'];
  const strict = await send(yaml, "Strict");
  expect([strict.status, strict.body.message]).toEqual([400, [error, ...lines].join("\n  ")]);
  expect((await send(json, "Strict")).body.message).toBe(`${error}\n  line 3: key "a" already set in map`);
  const warned = await send(yaml, "Warn");
  expect([warned.status, warned.body.data]).toEqual([201, { a: "2", b: "2" }]);
  const quoted = lines.map((line) => `299 - "${line.replaceAll('"', '\\"')}"`);
  expect(String(warned.headers.warning)).toBe(quoted.join(", "));
});
