import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { type Defined, define, objectOf, openSchema, versionOf } from "../support/custom-resources.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: false });

const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["foo"],
      properties: {
        foo: { type: "string" },
        cronSpec: { type: "string", pattern: "^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$" },
        ports: {
          type: "array",
          "x-kubernetes-list-map-keys": ["containerPort"],
          "x-kubernetes-list-type": "map",
          items: {
            type: "object",
            required: ["containerPort"],
            properties: { containerPort: { type: "integer", format: "int32" }, hostIP: { type: "string" } },
          },
        },
        embeddedObj: { type: "object", "x-kubernetes-embedded-resource": true, properties: { spec: openSchema } },
      },
    },
  },
};

async function send(method: "POST" | "PATCH", path: string, body: Json | string): Promise<Json> {
  const headers: Record<string, string> = method === "PATCH" ? { "content-type": "application/apply-patch+yaml" } : {};
  const query = method === "PATCH" ? "&fieldManager=test" : "";
  const { status, body: answer } = await suite.api.call(method, `${path}?fieldValidation=Strict${query}`, {
    body,
    headers,
  });
  return { status, message: answer.message ?? "" };
}

test("Server side field validation, unknown fields CR no validation schema", async () => {
  const namespace = await suite.namespace();
  const one = await define(suite.api);
  const path = one.objects(namespace);
  const body = objectOf(one, "mytest", { spec: { unknown: 1 } });
  expect((await send("POST", path, body)).status).toBe(201);
  expect((await send("PATCH", `${path}/applied`, objectOf(one, "applied", { any: { thing: [1] } }))).status).toBe(201);
});

async function validated(): Promise<{ one: Defined; path: string }> {
  const namespace = await suite.namespace();
  const one = await define(suite.api, { versions: [versionOf("v1", schema)] });
  return { one, path: one.objects(namespace) };
}

test("Server side field validation, valid CR with validation schema", async () => {
  const { one, path } = await validated();
  const spec = { foo: "foo1", cronSpec: "* * * * */5", ports: [{ containerPort: 8080, hostIP: "10.0.0.1" }] };
  expect((await send("POST", path, objectOf(one, "mytest", { spec }))).status).toBe(201);
  expect((await send("PATCH", `${path}/applied`, objectOf(one, "applied", { spec }))).status).toBe(201);
});

test("Server side field validation, unknown fields CR fails validation", async () => {
  const { one, path } = await validated();
  const spec = { foo: "foo1", extraProperty: "arbitrary-value" };
  const created = await send("POST", path, objectOf(one, "mytest", { spec }));
  expect(created.status).toBe(400);
  expect(created.message).toContain('strict decoding error: unknown field "spec.extraProperty"');
  const applied = await send("PATCH", `${path}/mytest`, objectOf(one, "mytest", { spec }));
  expect(applied.status).toBe(500);
  expect(applied.message).toContain(".spec.extraProperty: field not declared in schema");
});

test("Server side field validation, CR duplicates", async () => {
  const namespace = await suite.namespace();
  const one = await define(suite.api);
  const text = JSON.stringify(objectOf(one, "mytest", { spec: { foo: 1 } }));
  const doubled = text.replace('"spec":{', '"spec":{"foo":2,"unknown":1,');
  const created = await send("POST", one.objects(namespace), doubled);
  expect(created.status).toBe(400);
  expect(created.message).toContain('strict decoding error: duplicate field "spec.foo"');
  expect(created.message).not.toContain("unknown");
});

test("Server side field validation, unknown metadata", async () => {
  const { one, path } = await validated();
  const body = objectOf(one, "mytest", {
    spec: {
      foo: "foo1",
      embeddedObj: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "inner", unknownSubMeta: "foo" } },
    },
  });
  body.metadata.unknownMeta = "foo";
  const created = await send("POST", path, body);
  expect(created.status).toBe(400);
  expect(created.message).toContain('unknown field "metadata.unknownMeta"');
  expect(created.message).toContain('unknown field "spec.embeddedObj.metadata.unknownSubMeta"');
});
