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

const cronPattern = schema.properties.spec.properties.cronSpec;
const noxuPorts = {
  type: "array",
  "x-kubernetes-list-map-keys": ["containerPort", "protocol"],
  "x-kubernetes-list-type": "map",
  items: {
    type: "object",
    required: ["containerPort", "protocol"],
    properties: {
      containerPort: { type: "integer", format: "int32" },
      hostIP: { type: "string" },
      hostPort: { type: "integer", format: "int32" },
      name: { type: "string" },
      protocol: { type: "string" },
    },
  },
};
const noxuSpec = { foo: { type: "string" }, cronSpec: cronPattern, ports: noxuPorts };

/** Of the whole cluster; the version that is written is not the one that is stored, and one is not served. */
async function defineNoxu(schemaOfAll: Json = openSchema): Promise<Defined> {
  const versions = ["v1beta1", "v0", "v1beta2"].map((name) =>
    versionOf(name, schemaOfAll, { served: name !== "v0", storage: name === "v1beta2" }),
  );
  const names = { plural: "noxus", singular: "nonenglishnoxu", kind: "WishIHadChosenNoxu", listKind: "NoxuItemList" };
  return define(suite.api, { kind: "Noxu", versions, spec: { scope: "Cluster", names } });
}

/** Strict server-side apply of YAML whose spec, and what else there is, are these lines. */
async function applyNoxu({ group }: Defined, lines: readonly string[]): Promise<Json> {
  const body = [
    "",
    `apiVersion: ${group}/v1beta1`,
    "kind: WishIHadChosenNoxu",
    "metadata:",
    "  name: mytest",
    ...lines,
    '  cronSpec: "* * * * */5"',
    "  ports:",
    "  - name: x",
    "    containerPort: 80",
    "    protocol: TCP",
  ].join("\n");
  const query = "fieldManager=field_validation_mgr&fieldValidation=Strict";
  return suite.api.call("PATCH", `/apis/${group}/v1beta1/noxus/mytest?${query}`, {
    body,
    headers: { "content-type": "application/apply-patch+yaml", accept: "application/json" },
  });
}

const finalized = ["  finalizers:", "  - test-finalizer"];

test("Server side field validation, valid CR with validation schema, applied as YAML to another than the stored version", async () => {
  const one = await defineNoxu({ type: "object", properties: { spec: { type: "object", properties: noxuSpec } } });
  const valid = await applyNoxu(one, [...finalized, "spec:", "  foo: foo1"]);
  expect([valid.status, valid.body.spec]).toEqual([
    201,
    { foo: "foo1", cronSpec: "* * * * */5", ports: [{ name: "x", containerPort: 80, protocol: "TCP" }] },
  ]);
});

test("Server side field validation, unknown fields CR no validation schema, applied as YAML", async () => {
  const applied = await applyNoxu(await defineNoxu(), [...finalized, "spec:", "  unknown: uk1"]);
  expect([applied.status, applied.body.spec.unknown]).toEqual([201, "uk1"]);
});

test("Server side field validation, unknown fields CR fails validation, applied as YAML", async () => {
  const one = await defineNoxu({ type: "object", properties: { spec: { type: "object", properties: noxuSpec } } });
  const invalid = await applyNoxu(one, [...finalized, "unknownField: unknown", "spec:", "  foo: foo1"]);
  expect(invalid.text).toContain(".unknownField: field not declared in schema");
});

test("Server side field validation, unknown metadata, applied as YAML", async () => {
  const template = {
    type: "object",
    "x-kubernetes-embedded-resource": true,
    properties: { metadata: { type: "object", properties: { name: { type: "string" } } }, spec: { type: "object" } },
  };
  const spec = { ...openSchema, properties: { template, ...noxuSpec } };
  const one = await defineNoxu({ type: "object", properties: { spec } });
  const invalid = await applyNoxu(one, [
    "  unknownMeta: unknown",
    ...finalized,
    "spec:",
    "  template:",
    "    apiversion: foo/v1",
    "    kind: Sub",
    "    metadata:",
    "        unknownSubMeta: unknown",
    "        name: subobject",
    "        namespace: default",
    "  foo: foo1",
  ]);
  expect(invalid.text).toMatch(
    /\.spec\.template\.metadata\.unknownSubMeta: field not declared in schema|\.metadata\.unknownMeta: field not declared in schema/,
  );
});

test("Server side field validation, CR duplicates, applied as YAML", async () => {
  const spec = { ...openSchema, properties: noxuSpec };
  const one = await defineNoxu({ type: "object", properties: { spec } });
  const invalid = await applyNoxu(one, [...finalized, "spec:", "  unknown: uk1", "  foo: foo1", "  foo: foo2"]);
  expect(invalid.text).toContain('line 11: key \\"foo\\" already set in map');
  expect(invalid.body.message).toBe(
    'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 11: key "foo" already set in map',
  );
  expect(invalid.status).toBe(400);
});
