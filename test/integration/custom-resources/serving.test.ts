import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { JsonValue } from "../../../src/api/meta/index.ts";
import { type Cluster, createCluster } from "../../../src/index.ts";
import { type Answer, Api, type Json } from "../../conformance/support/api.ts";
import { widget, widgetDefinition, widgetSchema } from "./definitions.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const widgets = "/apis/example.org/v1/namespaces/default/widgets";

describe("custom resources", () => {
  let cluster: Cluster;
  let api: Api;

  beforeAll(async () => {
    cluster = await createCluster({ nodes: false });
    api = new Api(cluster);
  });

  afterAll(async () => {
    api?.close();
    await cluster?.stop();
  });

  beforeEach(async () => {
    const found = await api.get(definitions);
    for (const { metadata } of found.items) {
      await api.delete(`${definitions}/${metadata.name}`);
      await api.untilGone(`${definitions}/${metadata.name}`);
    }
  });

  function isEstablished({ status }: Json): boolean {
    return status?.conditions?.some(({ type, status: is }: Json) => type === "Established" && is === "True");
  }

  async function define(definition: Json): Promise<Json> {
    await api.create(definitions, definition);
    return api.until(`${definitions}/${definition.metadata.name}`, isEstablished);
  }

  const both = { status: {}, scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size" } };

  test("are served once their definition is established, with what a definition's status says", async () => {
    const { status } = await define(widgetDefinition());
    expect(status).toMatchObject({
      acceptedNames: {
        plural: "widgets",
        singular: "widget",
        kind: "Widget",
        listKind: "WidgetList",
        shortNames: ["wd"],
        categories: ["all"],
      },
      storedVersions: ["v1"],
      conditions: [
        { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" },
        {
          type: "Established",
          status: "True",
          reason: "InitialNamesAccepted",
          message: "the initial names have been accepted",
        },
      ],
    });
    const created = await api.create(widgets, widget("one", { color: "red", unknown: 1, free: { any: ["thing"] } }));
    expect(created.spec).toEqual({ size: 1, color: "red", free: { any: ["thing"] } });
    expect(created.metadata).toMatchObject({ name: "one", namespace: "default", generation: 1 });
    const list = await api.get(widgets);
    expect([list.kind, list.apiVersion, list.items.length]).toEqual(["WidgetList", "example.org/v1", 1]);
    const resources = await api.get("/apis/example.org/v1");
    expect(resources.resources[0]).toMatchObject({ name: "widgets", kind: "Widget", shortNames: ["wd"] });
  });

  test("are validated by their schema and its rules, in the original's words", async () => {
    await define(widgetDefinition());
    const refused = async (spec: Json): Promise<string> => {
      const answer = await api.call("POST", widgets, { body: widget("bad", spec) });
      expect(answer.status, answer.text).toBe(422);
      return answer.body.message;
    };
    expect(await refused({ size: "x" })).toBe(
      'Widget.example.org "bad" is invalid: [spec.size: Invalid value: "string": spec.size in body must be of type integer: "string", <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]',
    );
    expect(await refused({ size: -1 })).toBe(
      'Widget.example.org "bad" is invalid: spec.size: Invalid value: -1: spec.size in body should be greater than or equal to 0',
    );
    expect(await refused({ size: 200 })).toBe(
      'Widget.example.org "bad" is invalid: spec: Invalid value: "object": too big',
    );
    expect(await refused({ color: "green" })).toContain(
      'spec.color: Unsupported value: "green": supported values: "red", "blue"',
    );
    expect(await refused({ ports: [{ name: "a" }] })).toContain("spec.ports[0].port: Required value");
    expect(await refused({ ports: [{ port: 1 }, { port: 1 }] })).toContain(
      'spec.ports[1]: Duplicate value: {"port":1}',
    );
  });

  test("tell of unknown fields as fieldValidation asks", async () => {
    await define(widgetDefinition());
    const body = widget("strict", { unknown: 1, ports: [{ port: 1, extra: true }] });
    const strict = await api.call("POST", `${widgets}?fieldValidation=Strict`, { body });
    expect([strict.status, strict.body.message]).toEqual([
      400,
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.ports[0].extra", unknown field "spec.unknown"',
    ]);
    const warned = await api.call("POST", `${widgets}?fieldValidation=Warn`, { body });
    expect(warned.status).toBe(201);
    expect(String(warned.headers.warning)).toContain('unknown field \\"spec.unknown\\"');
  });

  test("have status and scale as parts of their own, and count the changes of the rest", async () => {
    await define(widgetDefinition({ subresources: both }));
    const one = await api.create(widgets, widget("one", { size: 3 }, { status: { size: 9 } }));
    expect(one.status).toBeUndefined();
    const reported = await api.patch(`${widgets}/one/status`, "merge", { status: { size: 2 }, spec: { size: 7 } });
    expect([reported.spec.size, reported.status.size, reported.metadata.generation]).toEqual([3, 2, 1]);
    const scale = await api.get(`${widgets}/one/scale`);
    expect([scale.kind, scale.spec.replicas, scale.status.replicas]).toEqual(["Scale", 3, 2]);
    await api.update(`${widgets}/one/scale`, { ...scale, spec: { replicas: 5 } });
    const scaled = await api.get(`${widgets}/one`);
    expect([scaled.spec.size, scaled.metadata.generation]).toEqual([5, 2]);
    const unconditional: Answer = await api.call("PUT", `${widgets}/one`, { body: widget("one", { size: 1 }) });
    expect(unconditional.body.message).toContain("metadata.resourceVersion: Invalid value: 0: must be specified");
  });

  test("are patched in every way but the strategic one, and applied by the rules of their lists", async () => {
    await define(widgetDefinition());
    await api.create(widgets, widget("one", { size: 1 }));
    await api.patch(`${widgets}/one`, "json", [{ op: "replace", path: "/spec/size", value: 2 }]);
    const strategic = await api.call("PATCH", `${widgets}/one`, {
      body: { spec: { size: 3 } },
      headers: { "content-type": "application/strategic-merge-patch+json" },
    });
    expect([strategic.status, strategic.body.message]).toEqual([
      415,
      "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    ]);
    const apply = (manager: string, spec: Json, force = false) =>
      api.patch(`${widgets}/one?fieldManager=${manager}&force=${force}`, "apply", widget("one", spec));
    await apply("a", { ports: [{ port: 1, name: "a" }], free: { x: { y: 1 } } });
    const merged = await apply("b", { ports: [{ port: 2 }], free: { x: { z: 1 } } });
    expect(merged.spec).toEqual({
      size: 2,
      ports: [{ port: 1, name: "a" }, { port: 2 }],
      free: { x: { y: 1, z: 1 } },
    });
    await expect(apply("b", { ports: [{ port: 1, name: "b" }] })).rejects.toThrow(
      'conflict with "a": .spec.ports[port=1].name',
    );
    const less = await apply("a", {});
    expect(less.spec).toEqual({ size: 2, ports: [{ port: 2 }], free: { x: { z: 1 } } });
    const wrong = await api.call("PATCH", `${widgets}/one?fieldManager=a`, {
      body: widget("one", { nope: 1 }),
      headers: { "content-type": "application/apply-patch+yaml" },
    });
    expect([wrong.status, wrong.body.message]).toEqual([
      500,
      "failed to create typed patch object (default/one; example.org/v1, Kind=Widget): .spec.nope: field not declared in schema",
    ]);
  });

  test("are watched until their definition goes, which deletes them and ends in 404", async () => {
    await define(widgetDefinition());
    await api.create(widgets, widget("one"));
    const watching = await api.watch(widgets);
    await watching.next(({ type }) => type === "ADDED");
    await api.delete(`${definitions}/widgets.example.org`);
    await watching.next(({ type }) => type === "DELETED");
    await api.untilGone(`${definitions}/widgets.example.org`);
    expect(await api.statusOf(widgets)).toBe(404);
    expect((await api.get("/apis")).groups.map(({ name }: Json) => name)).not.toContain("example.org");
  });

  test("take nothing new while their definition waits for what a finalizer holds", async () => {
    await define(widgetDefinition());
    const held = widget("held", {}, { metadata: { name: "held", finalizers: ["example.org/hold"] } });
    await api.create(widgets, held);
    await api.delete(`${definitions}/widgets.example.org`);
    const late = await api.call("POST", widgets, { body: widget("late") });
    expect([late.status, late.body.message]).toEqual([
      405,
      "create not allowed while custom resource definition is terminating",
    ]);
    expect((await api.get("/apis/example.org/v1")).resources[0].verbs).not.toContain("create");
    await api.patch(`${widgets}/held`, "merge", { metadata: { finalizers: null } });
    await api.untilGone(`${definitions}/widgets.example.org`);
  });

  test("have no protobuf form", async () => {
    await define(widgetDefinition());
    const accept = "application/vnd.kubernetes.protobuf";
    const asked = await api.call("GET", `${widgets}/one`, { headers: { accept } });
    expect([asked.status, asked.body.message]).toEqual([
      406,
      "only the following media types are accepted: application/json, application/yaml",
    ]);
    const either = await api.call("GET", widgets, { headers: { accept: `${accept},application/json` } });
    expect(either.body.kind).toBe("WidgetList");
    const sent = await api.call("POST", widgets, { body: "k8s", headers: { "content-type": accept } });
    expect([sent.status, sent.body.message]).toEqual([
      415,
      "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml",
    ]);
  });

  test("of a deprecated version say so", async () => {
    await define(widgetDefinition({ deprecated: true }));
    const answer = await api.call("GET", widgets);
    expect(answer.headers.warning).toBe('299 - "example.org/v1 Widget is deprecated"');
  });

  test("must say what they are, and be what the collection is of", async () => {
    await define(widgetDefinition());
    const { kind: _, ...untyped } = widget("one");
    const without = await api.call("POST", widgets, { body: untyped });
    expect(without.body.message).toContain("Object 'Kind' is missing in");
    const other = await api.call("POST", widgets, { body: { ...widget("one"), kind: "Gadget" } });
    expect([other.status, other.body.message]).toEqual([
      422,
      'Widget.example.org "one" is invalid: kind: Invalid value: "Gadget": must be Widget',
    ]);
    const version = await api.call("POST", widgets, { body: { ...widget("one"), apiVersion: "example.org/v2" } });
    expect(version.body.message).toBe(
      "the API version in the data (example.org/v2) does not match the expected API version (example.org/v1)",
    );
  });

  test("are printed by the columns of their definition", async () => {
    const columns = [
      { name: "Size", type: "integer", jsonPath: ".spec.size" },
      { name: "First", type: "string", jsonPath: ".spec.ports[?(@.port==8)].name", priority: 1, description: "d" },
    ];
    await define(widgetDefinition({ additionalPrinterColumns: columns as JsonValue }));
    await api.create(
      widgets,
      widget("one", {
        size: 3,
        ports: [
          { port: 7, name: "x" },
          { port: 8, name: "y" },
        ],
      }),
    );
    const headers = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
    const table = (await api.call("GET", widgets, { headers })).body;
    expect(table.columnDefinitions.map(({ name, priority }: Json) => [name, priority])).toEqual([
      ["Name", 0],
      ["Size", 0],
      ["First", 1],
    ]);
    expect(table.rows[0].cells).toEqual(["one", 3, "y"]);
  });

  test("read what was stored before by the schema of now, in every version", async () => {
    await define(widgetDefinition());
    await api.create(widgets, widget("old", { size: 1, color: "red" }));
    await api.edit(`${definitions}/widgets.example.org`, (definition) => {
      const [version] = definition.spec.versions;
      delete version.schema.openAPIV3Schema.properties.spec.properties.color;
      version.schema.openAPIV3Schema.properties.spec.properties.shape = { type: "string", default: "round" };
      version.storage = false;
      definition.spec.versions.push({ ...version, name: "v2", storage: true });
    });
    const path = "/apis/example.org/v2/namespaces/default/widgets/old";
    await api.until(path, () => true);
    expect(await api.get(path)).toMatchObject({ apiVersion: "example.org/v2", spec: { size: 1, shape: "round" } });
    expect((await api.get(path)).spec.color).toBeUndefined();
    const { items } = await api.get(widgets);
    expect(items[0]).toMatchObject({ apiVersion: "example.org/v1", spec: { size: 1, shape: "round" } });
    const definition = await api.get(`${definitions}/widgets.example.org`);
    expect(definition.status.storedVersions).toEqual(["v1", "v2"]);
    expect((await api.get("/apis/example.org")).preferredVersion.version).toBe("v2");
  });

  test("of a definition whose names are taken are not served until those are free", async () => {
    await define(widgetDefinition());
    const other = widgetDefinition({}, { names: { plural: "gadgets", kind: "Widget", shortNames: ["wd"] } });
    await api.create(definitions, { ...other, metadata: { name: "gadgets.example.org" } });
    const path = `${definitions}/gadgets.example.org`;
    const refused = await api.until(path, ({ status }) => status?.conditions?.length > 0);
    expect(refused.status.conditions).toMatchObject([
      { type: "NamesAccepted", status: "False", reason: "ListKindConflict", message: '"WidgetList" is already in use' },
      { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" },
    ]);
    await api.delete(`${definitions}/widgets.example.org`);
    await api.until(path, isEstablished);
  });

  test("are selected by the fields that their definition names", async () => {
    await define(widgetDefinition({ selectableFields: [{ jsonPath: ".spec.color" }] }));
    await api.create(widgets, widget("a", { color: "red" }));
    await api.create(widgets, widget("b", { color: "blue" }));
    const { items } = await api.get(`${widgets}?fieldSelector=spec.color%3Dblue`);
    expect(items.map(({ metadata }: Json) => metadata.name)).toEqual(["b"]);
    const unknown = await api.call("GET", `${widgets}?fieldSelector=spec.size%3D1`);
    expect(unknown.status).toBe(400);
  });

  test("keep what they were, unchanged, though it is not valid any more", async () => {
    await define(widgetDefinition());
    await api.create(widgets, widget("old", { size: 50 }));
    await api.edit(`${definitions}/widgets.example.org`, (definition) => {
      const { spec } = definition.spec.versions[0].schema.openAPIV3Schema.properties;
      spec.properties.size.maximum = 10;
    });
    const labelled = await api.patch(`${widgets}/old`, "merge", { metadata: { labels: { a: "b" } } });
    expect(labelled.spec.size).toBe(50);
    const grown = await api.call("PATCH", `${widgets}/old`, {
      body: { spec: { size: 51 } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    expect(grown.status).toBe(422);
    expect(widgetSchema.type).toBe("object");
  });
});
