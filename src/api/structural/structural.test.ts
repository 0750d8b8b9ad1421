import { describe, expect, it } from "vitest";
import { deepFreeze, errorMessage, type JsonObject, type JsonValue, root } from "../meta/index.ts";
import type { JSONSchemaProps } from "../types/index.ts";
import {
  applyDefaults,
  checkListTypes,
  compileSchema,
  compileValidator,
  dropNulls,
  isKnownFormat,
  pruneUnknown,
} from "./index.ts";

const text: JSONSchemaProps = { type: "string" };
const open: JSONSchemaProps = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

function object(properties: Record<string, JSONSchemaProps>, more: JSONSchemaProps = {}): JSONSchemaProps {
  return { type: "object", properties, ...more };
}

describe("pruning", () => {
  const prune = (schema: JSONSchemaProps, value: JsonObject) => {
    const unknown: string[] = [];
    return { value: pruneUnknown(deepFreeze(value), compileSchema(schema), unknown), unknown };
  };

  it("leaves out what the schema does not name, and tells where", () => {
    const schema = object({
      spec: object({ a: text, list: { type: "array", items: object({ b: text }) as JsonObject } }),
    });
    const { value, unknown } = prune(schema, {
      apiVersion: "v1",
      spec: { a: "x", z: 1, list: [{ b: "y", c: 1 }, {}] },
      other: { deep: true },
    });
    expect(value).toEqual({ apiVersion: "v1", spec: { a: "x", list: [{ b: "y" }, {}] } });
    expect(unknown).toEqual(["other", "spec.list[0].c", "spec.z"]);
  });

  it("gives the very object where there is nothing to leave out", () => {
    const value = { kind: "X", metadata: { name: "a" }, spec: { a: "x" } };
    expect(prune(object({ spec: object({ a: text }) }), value).value).toBe(value);
  });

  it("keeps what is unknown where it is to be preserved, and prunes again below what is named there", () => {
    const schema = object({ spec: { ...open, properties: { known: object({ a: text }) } } });
    const spec = { free: { any: 1 }, known: { a: "x", b: 1 } };
    const { value, unknown } = prune(schema, { spec });
    expect(value).toEqual({ spec: { free: { any: 1 }, known: { a: "x" } } });
    expect(unknown).toEqual(["spec.known.b"]);
  });

  it("leaves the metadata of objects within alone", () => {
    const embedded = object({ spec: text }, { "x-kubernetes-embedded-resource": true });
    const inner = { apiVersion: "v1", kind: "Pod", metadata: { any: 1 }, spec: "s" };
    const { value } = prune(object({ inner: embedded }), { inner: { ...inner, status: 1 } });
    expect(value).toEqual({ inner });
  });

  it("follows the schema of additional properties", () => {
    const schema = object({ map: { type: "object", additionalProperties: object({ a: text }) as JsonObject } });
    expect(prune(schema, { map: { x: { a: "1", b: 2 } } }).unknown).toEqual(["map.x.b"]);
  });
});

describe("defaults", () => {
  const fill = (schema: JSONSchemaProps, value: JsonValue) => applyDefaults(deepFreeze(value), compileSchema(schema));

  it("are filled in where nothing is given, also below what a default brings", () => {
    const inner = object({ b: { ...text, default: "B" } }, { default: {} });
    expect(fill(object({ a: { ...text, default: "A" }, inner }), {})).toEqual({ a: "A", inner: { b: "B" } });
  });

  it("do not make the object that they would lie in", () => {
    expect(fill(object({ inner: object({ b: { ...text, default: "B" } }) }), {})).toEqual({});
  });

  it("take the place of null where null is no value", () => {
    const schema = object({ a: { ...text, default: "A" }, b: { ...text, default: "B", nullable: true } });
    expect(fill(schema, { a: null, b: null })).toEqual({ a: "A", b: null });
  });

  it("reach into lists and maps", () => {
    const item = object({ p: { ...text, default: "TCP" } });
    const schema = object({
      list: { type: "array", items: item as JsonObject },
      map: { type: "object", additionalProperties: item as JsonObject },
    });
    expect(fill(schema, { list: [{}], map: { x: {} } })).toEqual({ list: [{ p: "TCP" }], map: { x: { p: "TCP" } } });
  });

  it("are not needed for nulls that mean nothing: those go", () => {
    const schema = object({ a: text, b: { ...text, nullable: true } });
    expect(dropNulls(deepFreeze({ a: null, b: null, c: null }), compileSchema(schema))).toEqual({ b: null, c: null });
  });
});

describe("validation", () => {
  const problems = (schema: JSONSchemaProps, value: JsonValue, old?: JsonValue) =>
    compileValidator(schema).check(value, old).map(errorMessage);

  it.each<[string, JSONSchemaProps, JsonValue, string[]]>([
    ["type", text, 1, ['<nil>: Invalid value: "integer":  in body must be of type string: "integer"']],
    ["whole numbers are integers", { type: "integer" }, 2, []],
    ["integers are numbers", { type: "number" }, 2, []],
    ["null", text, null, ['<nil>: Invalid value: "null":  in body must be of type string: "null"']],
    ["nullable", { ...text, nullable: true }, null, []],
    [
      "int or string",
      { "x-kubernetes-int-or-string": true },
      true,
      ['<nil>: Invalid value: "boolean":  in body must be of type integer,string: "boolean"'],
    ],
    [
      "minimum",
      { type: "integer", minimum: 1 },
      0,
      ["<nil>: Invalid value: 0:  in body should be greater than or equal to 1"],
    ],
    [
      "exclusive maximum",
      { type: "number", maximum: 1, exclusiveMaximum: true },
      1,
      ["<nil>: Invalid value: 1:  in body should be less than 1"],
    ],
    ["multiple", { type: "number", multipleOf: 2 }, 3, ["<nil>: Invalid value: 3:  in body should be a multiple of 2"]],
    ["length", { ...text, maxLength: 1 }, "ab", ["<nil>: Too long: may not be more than 1 byte"]],
    [
      "shortness",
      { ...text, minLength: 3 },
      "äb",
      ['<nil>: Invalid value: "äb":  in body should be at least 3 chars long'],
    ],
    ["pattern", { ...text, pattern: "^a+$" }, "b", ["<nil>: Invalid value: \"b\":  in body should match '^a+$'"]],
    ["format", { ...text, format: "ipv4" }, "x", ['<nil>: Invalid value: "x":  in body must be of type ipv4: "x"']],
    ["formats without meaning", { ...text, format: "nope" }, "x", []],
    ["enum", { ...text, enum: ["a", "b"] }, "c", ['<nil>: Unsupported value: "c": supported values: "a", "b"']],
    [
      "few items",
      { type: "array", minItems: 1 },
      [],
      ["<nil>: Invalid value: 0:  in body should have at least 1 items"],
    ],
    ["many items", { type: "array", maxItems: 1 }, [1, 2], ["<nil>: Too many: 2: must have at most 1 item"]],
    [
      "many properties",
      { type: "object", maxProperties: 0 },
      { a: 1 },
      ["<nil>: Too many: 1: must have at most 0 items"],
    ],
    ["required", object({}, { required: ["a"] }), {}, ["a: Required value"]],
    ["required with a default", object({ a: { ...text, default: "x" } }, { required: ["a"] }), {}, []],
    [
      "one of several",
      object({ a: text }, { oneOf: [{ required: ["a"] }, { required: ["b"] }] }),
      {},
      [
        '<nil>: Invalid value: "": "" must validate one and only one schema (oneOf). Found none valid',
        "a: Required value",
      ],
    ],
    [
      "none of it",
      object({ a: text }, { not: { required: ["a"] } }),
      { a: "x" },
      ['<nil>: Invalid value: "": "" must not validate the schema (not)'],
    ],
    [
      "all of it",
      { type: "integer", allOf: [{ minimum: 1 }, { maximum: 5 }] },
      9,
      [
        "<nil>: Invalid value: 9:  in body should be less than or equal to 5",
        '<nil>: Invalid value: "": "" must validate all the schemas (allOf)',
      ],
    ],
  ])("%s", (_, schema, value, expected) => {
    expect(problems(schema, value)).toEqual(expected);
  });

  it("names places by their fields, below a base if there is one", () => {
    const schema = object({
      spec: object({ list: { type: "array", items: object({ n: { type: "integer" } }) as JsonObject } }),
    });
    const value = { spec: { list: [{ n: 1 }, { n: "x" }] } };
    expect(problems(schema, value)).toEqual([
      'spec.list[1].n: Invalid value: "string": spec.list[1].n in body must be of type integer: "string"',
    ]);
    const below = compileValidator(object({ n: { type: "integer" } })).check({ n: true }, undefined, root("status"));
    expect(below.map(errorMessage)).toEqual([
      'status.n: Invalid value: "boolean": n in body must be of type integer: "boolean"',
    ]);
  });

  it("bears with what was there before, where it is the same value at the same place", () => {
    const small: JSONSchemaProps = { type: "integer", maximum: 5 };
    const schema = object({
      a: small,
      map: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
        items: object({ k: text, n: small }) as JsonObject,
      },
      list: { type: "array", items: small as JsonObject },
    });
    const old = { a: 9, map: [{ k: "x", n: 9 }], list: [9, 1] };
    expect(problems(schema, { ...old, b: 1 }, old)).toEqual([]);
    expect(problems(schema, { ...old, a: 8 }, old)).toHaveLength(1);
    expect(
      problems(
        schema,
        {
          ...old,
          map: [
            { k: "y", n: 1 },
            { k: "x", n: 9, m: 1 },
          ],
        },
        old,
      ),
    ).toEqual([]);
    // Items of a plain list cannot be told apart.
    expect(problems(schema, { ...old, list: [9, 2] }, old)).toHaveLength(1);
  });

  it("finds what a set or a list map holds twice", () => {
    const set: JSONSchemaProps = { type: "array", "x-kubernetes-list-type": "set", items: text as JsonObject };
    const found = checkListTypes({ s: ["a", "b", "a"] }, compileSchema(object({ s: set })));
    expect(found.map(errorMessage)).toEqual(['s[2]: Duplicate value: "a"']);
  });
});

describe("formats", () => {
  const fits = (format: string, value: string) => compileValidator({ ...text, format }).check(value).length === 0;

  it.each<[string, string[], string[]]>([
    ["date-time", ["2024-02-29T12:00:00Z", "2024-01-01t00:00:00.5+02:00"], ["2023-02-29T00:00:00Z", "2024-01-01", "x"]],
    ["date", ["2024-02-29"], ["2023-02-29", "2024-13-01"]],
    ["duration", ["1h30m", "0", "3 days"], ["h", "1x"]],
    ["uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123"]],
    ["cidr", ["10.0.0.0/8"], ["10.0.0.0"]],
    ["ipv6", ["::1"], ["1.2.3.4"]],
    ["mac", ["00:1b:63:84:45:e6"], ["00:1b"]],
    ["byte", ["aGk="], ["aGk"]],
    ["email", ["a@b.c", "A <a@b.c>"], ["a"]],
    ["uri", ["https://a/b", "/a"], ["a b", "a"]],
    ["hostname", ["a.b-c.d"], ["-a", "a..b"]],
    ["hexcolor", ["#fff"], ["#ffff0"]],
    ["k8s-short-name", ["a-b"], ["a.b"]],
  ])("%s", (format, good, bad) => {
    expect(isKnownFormat(format)).toBe(true);
    for (const value of good) expect(fits(format, value), value).toBe(true);
    for (const value of bad) expect(fits(format, value), value).toBe(false);
  });
});
