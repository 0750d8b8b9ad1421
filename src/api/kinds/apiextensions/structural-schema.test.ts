import { describe, expect, it } from "vitest";
import { errorMessage, type FieldError, root } from "../../meta/index.ts";
import type { JSONSchemaProps } from "../../types/index.ts";
import { checkDefaults } from "./schema-defaults.ts";
import { checkSchemaRules } from "./schema-rules.ts";
import { checkStructural } from "./structural-schema.ts";

function problems(schema: JSONSchemaProps): string[] {
  const out: FieldError[] = [];
  checkStructural(schema, root("schema"), out);
  checkSchemaRules(schema, root("schema"), out);
  return out.map(errorMessage);
}

function defaultProblems(schema: JSONSchemaProps): string[] {
  const out: FieldError[] = [];
  checkDefaults(schema, root("schema"), out);
  return out.map(errorMessage);
}

describe("structural schemas", () => {
  it("give every field a type", () => {
    expect(problems({ type: "object", properties: { a: { type: "string" } } })).toEqual([]);
    expect(problems({ type: "object", properties: { a: {} } })).toEqual([
      "schema.properties[a].type: Required value: must not be empty for specified object fields",
    ]);
    expect(problems({})).toEqual(["schema.type: Required value: must not be empty at the root"]);
  });

  it("know what lists hold and by what their items are told apart", () => {
    const list: JSONSchemaProps = {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: { type: "object", required: ["name"], properties: { name: { type: "string" } } },
    };
    expect(problems({ type: "object", properties: { list } })).toEqual([]);
    const keyless = { ...list, "x-kubernetes-list-map-keys": [] };
    expect(problems({ type: "object", properties: { list: keyless } })).toEqual([
      "schema.properties[list].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
    ]);
    expect(problems({ type: "object", properties: { list: { type: "array" } } })).toEqual([
      "schema.properties[list].items: Required value: must be specified",
    ]);
  });

  it("say in branches only what values must be", () => {
    const branch: JSONSchemaProps = { type: "string", minLength: 1 };
    expect(problems({ type: "object", properties: { a: { type: "string", anyOf: [branch] } } })).toEqual([
      "schema.properties[a].anyOf[0].type: Forbidden: must be empty to be structural",
    ]);
  });

  it("have defaults that are values of theirs", () => {
    expect(defaultProblems({ type: "integer", minimum: 0, default: 1 })).toEqual([]);
    expect(defaultProblems({ type: "integer", minimum: 2, default: 1 })).toEqual([
      "schema.default: Invalid value: 1:  in body should be greater than or equal to 2",
    ]);
    expect(defaultProblems({ type: "string", default: 1 })).toEqual([
      'schema.default: Invalid value: "integer":  in body must be of type string: "integer"',
    ]);
  });
});
