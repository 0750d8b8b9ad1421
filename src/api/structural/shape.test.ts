import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "../meta/index.ts";
import { applyPatch } from "../patch/index.ts";
import type { JSONSchemaProps } from "../types/index.ts";
import { compileSchema, shapeOfSchema } from "./index.ts";

const text = { type: "string" };
const schema: JSONSchemaProps = {
  type: "object",
  properties: {
    set: { type: "array", "x-kubernetes-list-type": "set", items: text },
    atomicList: { type: "array", items: text },
    atomicMap: { type: "object", "x-kubernetes-map-type": "atomic", additionalProperties: text },
    map: { type: "object", additionalProperties: text },
    open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    either: { "x-kubernetes-int-or-string": true },
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port", "protocol"],
      items: {
        type: "object",
        properties: { port: { type: "integer" }, protocol: { ...text, default: "TCP" }, name: text },
      },
    },
    inner: {
      type: "object",
      "x-kubernetes-embedded-resource": true,
      properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
    },
  },
};
const shape = shapeOfSchema(compileSchema(schema), "org.example.v1.Widget");

/** What the object is after several managers have applied their parts, one after the other. */
function applied(...configs: readonly (readonly [manager: string, fields: JsonObject])[]): JsonValue {
  let live: JsonObject | undefined;
  for (const [manager, fields] of configs) {
    const config = { apiVersion: "example.org/v1", kind: "Widget", metadata: { name: "one" }, ...fields };
    const timestamp = "2026-01-01T00:00:00Z";
    const request = { live, config, manager, force: false, apiVersion: "example.org/v1", timestamp, shape };
    const { object, managedFields } = applyPatch(request);
    live = { ...object, metadata: { name: "one", managedFields: managedFields as unknown as JsonValue } };
  }
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = live ?? {};
  return rest;
}

describe("what applying makes of a custom resource", () => {
  it("shares sets, maps and list maps among managers", () => {
    expect(
      applied(
        ["a", { set: ["x"], map: { a: "1" }, ports: [{ port: 1, name: "one" }] }],
        ["b", { set: ["y"], map: { b: "2" }, ports: [{ port: 1, protocol: "UDP" }] }],
      ),
    ).toEqual({
      set: ["x", "y"],
      map: { a: "1", b: "2" },
      ports: [
        { port: 1, name: "one" },
        { port: 1, protocol: "UDP" },
      ],
    });
  });

  it("leaves what is atomic to one of them", () => {
    expect(() => applied(["a", { atomicList: ["x"] }], ["b", { atomicList: ["y"] }])).toThrow(".atomicList");
    expect(() => applied(["a", { atomicMap: { a: "1" } }], ["b", { atomicMap: { b: "2" } }])).toThrow(".atomicMap");
  });

  it("takes apart objects of free form, and lists in them as a whole", () => {
    const both = applied(
      ["a", { open: { deep: { x: 1 }, list: [1] } }],
      ["b", { open: { deep: { y: 2 } } }],
      ["a", { open: { list: [1] } }],
    );
    expect(both).toEqual({ open: { deep: { y: 2 }, list: [1] } });
    expect(() => applied(["a", { open: { list: [1] } }], ["b", { open: { list: [2] } }])).toThrow(".open.list");
  });

  it("gives up what a manager no longer states, and only that", () => {
    expect(applied(["a", { set: ["x", "z"], either: 1 }], ["b", { set: ["y", "z"] }], ["a", {}])).toEqual({
      set: ["y", "z"],
    });
  });

  it("knows the metadata of objects within", () => {
    const inner = (labels: JsonObject): JsonObject => ({
      inner: { apiVersion: "v1", kind: "Pod", metadata: { labels } },
    });
    expect(applied(["a", inner({ a: "1" })], ["b", inner({ b: "2" })])).toMatchObject(inner({ a: "1", b: "2" }));
  });

  it("refuses fields that the schema does not know", () => {
    expect(() => applied(["a", { nope: 1 }])).toThrow(".nope: field not declared in schema");
    expect(() => applied(["a", { ports: [{ port: "x" }] }])).toThrow("expected numeric (int or float), got string");
  });
});
