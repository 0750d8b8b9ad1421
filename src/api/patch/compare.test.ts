import { describe, expect, it } from "vitest";
import { deepFreeze, type JsonObject } from "../meta/index.ts";
import { shapeOf } from "../schema/index.ts";
import { compare, isSame } from "./compare.ts";
import { fieldsOf } from "./fields-of.ts";

const pod = shapeOf("v1", "Pod");
if (pod === undefined) throw new Error("no shape of Pod");
const shape = pod;

function changes(old: JsonObject, next: JsonObject): Record<string, JsonObject> {
  const { added, modified, removed } = compare(deepFreeze(old), deepFreeze(next), shape);
  return { added: added.toFieldsV1(), modified: modified.toFieldsV1(), removed: removed.toFieldsV1() };
}

const none = { added: {}, modified: {}, removed: {} };

describe("compare", () => {
  it("finds nothing between equal objects", () => {
    const object = { spec: { containers: [{ name: "a", args: ["x"] }] } };
    expect(isSame(compare(object, structuredClone(object), shape))).toBe(true);
  });

  it("tells added, modified and removed fields apart, with the containers that came or went", () => {
    expect(
      changes(
        { metadata: { labels: { a: "1", b: "1" } }, spec: { nodeName: "n" } },
        { metadata: { labels: { a: "2", c: "1" }, annotations: { x: "y" } }, spec: {} },
      ),
    ).toEqual({
      added: { "f:metadata": { "f:annotations": { ".": {}, "f:x": {} }, "f:labels": { "f:c": {} } } },
      modified: { "f:metadata": { "f:labels": { "f:a": {} } } },
      removed: { "f:metadata": { "f:labels": { "f:b": {} } }, "f:spec": { "f:nodeName": {} } },
    });
  });

  it("sees labels that are named as what all objects inherit come and go", () => {
    const labelled = { metadata: { labels: { constructor: "x", a: "b" } } };
    const plain = { metadata: { labels: { a: "b" } } };
    const fields = { "f:metadata": { "f:labels": { "f:constructor": {} } } };
    expect(changes(plain, labelled)).toEqual({ ...none, added: fields });
    expect(changes(labelled, plain)).toEqual({ ...none, removed: fields });
  });

  it("tells the items of a list apart by their keys, whatever their order", () => {
    const a = { name: "a", image: "1" };
    const b = { name: "b", image: "1" };
    expect(changes({ spec: { containers: [a, b] } }, { spec: { containers: [b, a] } })).toEqual(none);
    expect(changes({ spec: { containers: [a, b] } }, { spec: { containers: [{ ...b, image: "2" }] } })).toEqual({
      added: {},
      modified: { "f:spec": { "f:containers": { 'k:{"name":"b"}': { "f:image": {} } } } },
      removed: { "f:spec": { "f:containers": { 'k:{"name":"a"}': { ".": {}, "f:image": {}, "f:name": {} } } } },
    });
  });

  it("takes an atomic list as one value", () => {
    const at = (args: string[]): JsonObject => ({ spec: { containers: [{ name: "a", args }] } });
    expect(changes(at(["x"]), at(["x", "y"])).modified).toEqual({
      "f:spec": { "f:containers": { 'k:{"name":"a"}': { "f:args": {} } } },
    });
  });

  it("takes items that share their key as one leaf", () => {
    const at = (...values: string[]): JsonObject => ({
      spec: { containers: [{ name: "a", env: values.map((value) => ({ name: "X", value })) }] },
    });
    const leaf = { "f:spec": { "f:containers": { 'k:{"name":"a"}': { "f:env": { 'k:{"name":"X"}': {} } } } } };
    const whole = {
      "f:spec": {
        "f:containers": {
          'k:{"name":"a"}': { "f:env": { 'k:{"name":"X"}': { ".": {}, "f:name": {}, "f:value": {} } } },
        },
      },
    };
    expect(changes(at("1", "2"), at("1", "3"))).toEqual({ ...none, modified: leaf });
    expect(changes(at("1"), at("1", "3"))).toEqual({ ...none, added: leaf, removed: whole });
    expect(changes(at("1", "2"), at("1"))).toEqual({ ...none, added: whole, removed: leaf });
  });
});

describe("fieldsOf", () => {
  it("states leaves, map entries and list items, but not the structs that hold them", () => {
    const config = {
      metadata: { labels: { a: "1" }, finalizers: ["x"], annotations: {} },
      spec: { containers: [{ name: "a", ports: [{ containerPort: 80 }], resources: {} }], tolerations: [] },
    };
    expect(fieldsOf(deepFreeze(config), shape).toFieldsV1()).toEqual({
      "f:metadata": { "f:annotations": {}, "f:finalizers": { 'v:"x"': {} }, "f:labels": { "f:a": {} } },
      "f:spec": {
        "f:containers": {
          'k:{"name":"a"}': {
            ".": {},
            "f:name": {},
            "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
            "f:resources": {},
          },
        },
        "f:tolerations": {},
      },
    });
  });

  it("takes what becomes an object, where a schema says nothing, to go and come with all its fields", () => {
    const open = { kind: "any", form: "deduced" } as const;
    const { added, modified, removed } = compare({ x: "text", y: { a: 1 } }, { x: { a: 1 }, y: "text" }, open);
    expect(added.toFieldsV1()).toEqual({ "f:x": { ".": {}, "f:a": {} }, "f:y": {} });
    expect(removed.toFieldsV1()).toEqual({ "f:x": {}, "f:y": { ".": {}, "f:a": {} } });
    expect(modified.isEmpty).toBe(true);
  });
});
