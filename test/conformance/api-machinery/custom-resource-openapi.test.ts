import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { type Defined, define, openSchema, versionOf } from "../support/custom-resources.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: false });

/** Whole documents are made and read for each look, on machines that have other things to do. */
const isPublished = { timeout: 30_000, interval: 200 };

const barSchema = {
  description: "Foo CRD for Testing",
  type: "object",
  properties: {
    spec: {
      description: "Specification of Foo",
      type: "object",
      properties: {
        bars: {
          description: "List of Bars and their specs.",
          type: "array",
          items: {
            type: "object",
            required: ["name"],
            properties: {
              name: { description: "Name of Bar.", type: "string" },
              age: { description: "Age of Bar.", type: "string" },
              feeling: { type: "string", enum: ["Great", "Down"] },
            },
          },
        },
      },
    },
    status: { description: "Status of Foo", type: "object", properties: { size: { type: "integer", nullable: true } } },
  },
};

function definitionName({ group }: Defined, version = "v1", kind = "Foo"): string {
  return [...group.split(".").reverse(), version, kind].join(".");
}

/** The schema of a kind as both documents have it; undefined where they have none. */
async function published(one: Defined, version = "v1", kind = "Foo"): Promise<{ v2: Json; v3: Json }> {
  const { api } = suite;
  const name = definitionName(one, version, kind);
  const { definitions } = await api.get("/openapi/v2");
  const { paths } = await api.get("/openapi/v3");
  const place = paths[`apis/${one.group}/${version}`];
  const document = place && (await api.get(place.serverRelativeURL));
  return { v2: definitions[name], v3: document?.components.schemas[name] };
}

/** What every object has. */
function expectObject(schema: Json, one: Defined, version = "v1", kind = "Foo"): void {
  expect(schema).toMatchObject({
    type: "object",
    properties: { apiVersion: { type: "string" }, kind: { type: "string" }, metadata: expect.anything() },
    "x-kubernetes-group-version-kind": [{ group: one.group, kind, version }],
  });
}

test("Custom Resource OpenAPI Publish, with validation schema", async () => {
  const one = await define(suite.api, { versions: [versionOf("v1", barSchema)] });
  const { v2, v3 } = await published(one);
  for (const schema of [v2, v3]) {
    expectObject(schema, one);
    expect(schema.description).toBe("Foo CRD for Testing");
    expect(schema.properties.spec.properties.bars.items).toMatchObject({
      required: ["name"],
      properties: { name: { description: "Name of Bar.", type: "string" }, age: { type: "string" } },
    });
  }
  expect(v2.properties.status.properties.size).toEqual({});
  expect(v3.properties.status.properties.size).toEqual({ type: "integer", nullable: true });
});

test("Custom Resource OpenAPI Publish, with x-kubernetes-preserve-unknown-fields in object", async () => {
  const schema = { type: "object", properties: { spec: openSchema, status: openSchema } };
  const one = await define(suite.api, { versions: [versionOf("v1", schema)] });
  const { v2, v3 } = await published(one);
  for (const found of [v2, v3]) expectObject(found, one);
  // What kubectl would check by the older document has no type there.
  expect(v2.properties.spec).toEqual({ "x-kubernetes-preserve-unknown-fields": true });
  expect(v3.properties.spec).toEqual(openSchema);
});

test("Custom Resource OpenAPI Publish, with x-kubernetes-preserve-unknown-fields at root", async () => {
  const one = await define(suite.api, { versions: [versionOf("v1", { ...barSchema, ...openSchema })] });
  const { v2, v3 } = await published(one);
  // Clients of the older document would refuse what its properties do not name.
  expect(v2).toEqual({
    type: "object",
    "x-kubernetes-group-version-kind": [{ group: one.group, kind: "Foo", version: "v1" }],
  });
  expectObject(v3, one);
  expect(v3["x-kubernetes-preserve-unknown-fields"]).toBe(true);
  expect(v3.properties.spec.description).toBe("Specification of Foo");
});

test("Custom Resource OpenAPI Publish, with x-kubernetes-preserve-unknown-fields in embedded object", async () => {
  const embedded = { ...openSchema, "x-kubernetes-embedded-resource": true };
  const schema = { type: "object", properties: { spec: embedded, status: embedded } };
  const one = await define(suite.api, { versions: [versionOf("v1", schema)] });
  const { v2, v3 } = await published(one);
  for (const found of [v2, v3]) expectObject(found, one);
  const { type: _type, ...untyped } = embedded;
  expect(v2.properties.spec).toEqual(untyped);
  const completed = { ...embedded, required: ["kind", "apiVersion"], properties: { metadata: expect.anything() } };
  expect(v3.properties.spec).toMatchObject(completed);
});

test("Custom Resource OpenAPI Publish, varying groups", async () => {
  const one = await define(suite.api, { versions: [versionOf("v1", barSchema)] });
  const other = await define(suite.api, { versions: [versionOf("v1", barSchema)] });
  for (const defined of [one, other]) {
    const { v2, v3 } = await published(defined);
    for (const schema of [v2, v3]) expectObject(schema, defined);
  }
});

test("Custom Resource OpenAPI Publish, varying versions", async () => {
  const one = await define(suite.api, { versions: [versionOf("v1", barSchema), versionOf("v2", barSchema)] });
  for (const version of ["v1", "v2"]) {
    const { v2, v3 } = await published(one, version);
    for (const schema of [v2, v3]) expectObject(schema, one, version);
  }
});

test("Custom Resource OpenAPI Publish, varying kinds", async () => {
  const one = await define(suite.api, { versions: [versionOf("v1", barSchema)] });
  const other = await define(suite.api, { group: one.group, kind: "Waldo", versions: [versionOf("v1", barSchema)] });
  for (const [defined, kind] of [
    [one, "Foo"],
    [other, "Waldo"],
  ] as const) {
    const { v2, v3 } = await published(defined, "v1", kind);
    for (const schema of [v2, v3]) expectObject(schema, defined, "v1", kind);
  }
});

test("Custom Resource OpenAPI Publish, version rename", async () => {
  const { api } = suite;
  const one = await define(api, { versions: [versionOf("v1", barSchema), versionOf("v2", barSchema)] });
  await api.patch(one.path, "json", [
    { op: "test", path: "/spec/versions/1/name", value: "v2" },
    { op: "replace", path: "/spec/versions/1/name", value: "v4" },
  ]);
  await expect.poll(async () => (await published(one, "v4")).v3, isPublished).toBeDefined();
  expect(await published(one, "v2")).toEqual({ v2: undefined, v3: undefined });
  expectObject((await published(one, "v1")).v2, one);
});

test("Custom Resource OpenAPI Publish, stop serving version", async () => {
  const { api } = suite;
  const one = await define(api, { versions: [versionOf("v1", barSchema), versionOf("v2", barSchema)] });
  expectObject((await published(one, "v2")).v2, one, "v2");
  await api.edit(one.path, ({ spec }) => {
    spec.versions[1].served = false;
  });
  await expect.poll(() => published(one, "v2"), isPublished).toEqual({ v2: undefined, v3: undefined });
  expectObject((await published(one)).v3, one);
});
