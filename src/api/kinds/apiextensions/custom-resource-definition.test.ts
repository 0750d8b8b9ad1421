import { describe, expect, it } from "vitest";
import { errorMessage, type JsonObject } from "../../meta/index.ts";
import type { CustomResourceDefinition, JSONSchemaProps } from "../../types/index.ts";
import { customResourceDefinitionStrategy as strategy } from "./custom-resource-definition.ts";

function definition(schema: JSONSchemaProps, more: Partial<CustomResourceDefinition["spec"]> = {}) {
  const spec = {
    group: "example.org",
    scope: "Namespaced",
    names: { plural: "widgets", kind: "Widget" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    ...more,
  };
  const draft: CustomResourceDefinition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `widgets.${spec.group}` },
    spec,
  };
  strategy.applyDefaults?.(draft);
  strategy.prepareForCreate?.(draft);
  return draft;
}

function problems(draft: CustomResourceDefinition, old?: CustomResourceDefinition): string[] {
  const errors = old ? strategy.validateUpdate?.(draft, old) : strategy.validate?.(draft);
  return (errors ?? []).map(errorMessage);
}

const anything: JSONSchemaProps = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const schemaPath = "spec.validation.openAPIV3Schema";

describe("custom resource definitions", () => {
  it("may hold what generators of schemas write", () => {
    const condition: JsonObject = {
      type: "object",
      required: ["type"],
      properties: { type: { type: "string", maxLength: 316, pattern: "^([a-z0-9]+/)?[A-Za-z][-A-Za-z0-9_.]*$" } },
    };
    const schema: JSONSchemaProps = {
      description: "a widget",
      type: "object",
      properties: {
        apiVersion: { type: "string" },
        kind: { type: "string" },
        metadata: { type: "object" },
        spec: {
          type: "object",
          properties: {
            port: {
              anyOf: [{ type: "integer" }, { type: "string" }],
              "x-kubernetes-int-or-string": true,
              pattern: "^[0-9]+$",
            },
            labels: { type: "object", additionalProperties: { type: "string" } },
            template: {
              type: "object",
              "x-kubernetes-embedded-resource": true,
              "x-kubernetes-preserve-unknown-fields": true,
            },
            mode: { type: "string", default: "fast", enum: ["fast", "slow"] },
          },
          oneOf: [{ required: ["port"] }, { required: ["mode"] }],
        },
        status: {
          type: "object",
          properties: {
            conditions: {
              type: "array",
              items: condition,
              "x-kubernetes-list-type": "map",
              "x-kubernetes-list-map-keys": ["type"],
            },
          },
        },
      },
    };
    const versions = [
      { name: "v1", served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: schema } },
    ];
    expect(problems(definition(schema, { versions }))).toEqual([]);
  });

  it("leave metadata to the server", () => {
    const metadata: JSONSchemaProps = { type: "object", properties: { labels: { type: "object" } } };
    expect(problems(definition({ type: "object", properties: { metadata } }))).toEqual([
      `${schemaPath}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
    ]);
  });

  it("specify outside of branches what branches speak of", () => {
    const schema: JSONSchemaProps = { type: "object", allOf: [{ properties: { a: { minimum: 1 } } }] };
    expect(problems(definition(schema))).toEqual([
      `${schemaPath}.properties[a]: Required value: because it is defined in ${schemaPath}.allOf[0].properties[a]`,
    ]);
  });

  it("keep scope and kind once they are established, and group and plural always", () => {
    const old = definition(anything);
    old.status = { ...old.status, conditions: [{ type: "Established", status: "True" }] };
    const changed = definition(anything, { scope: "Cluster", names: { plural: "widgets", kind: "Gadget" } });
    expect(problems(changed, old)).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
      'spec.names.kind: Invalid value: "Gadget": field is immutable',
    ]);
    const moved = definition(anything, { group: "other.example.org" });
    expect(problems(moved, old)).toEqual(['spec.group: Invalid value: "other.example.org": field is immutable']);
  });

  it("may stay what v1beta1 let them be, and not become so", () => {
    const loose: JSONSchemaProps = { properties: { spec: { properties: { size: { type: "integer" } } } } };
    const old = definition(loose, { preserveUnknownFields: true });
    expect(problems(definition(loose, { preserveUnknownFields: true }), old)).toEqual([]);
    const without = { versions: [{ name: "v1", served: true, storage: true }] };
    expect(problems(definition(anything, without), definition(anything, without))).toEqual([]);
    expect(problems(definition(anything, { preserveUnknownFields: true }), definition(anything))).toEqual([
      "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
    ]);
    expect(problems(definition(loose), definition(anything))).toContain(
      `${schemaPath}.type: Required value: must not be empty at the root`,
    );
    expect(problems(definition(anything, without), definition(anything))).toEqual([
      "spec.versions[0].schema.openAPIV3Schema: Required value",
    ]);
  });

  it("need an approval in the project's own groups", () => {
    const draft = definition(anything, { group: "stuff.k8s.io" });
    expect(problems(draft)).toHaveLength(1);
    draft.metadata.annotations = { "api-approved.kubernetes.io": "unapproved, a test" };
    expect(problems(draft)).toEqual([]);
  });

  it("are warned of formats that mean nothing, once", () => {
    const withFormat = (format: string) =>
      definition({ type: "object", properties: { a: { type: "string", format } } });
    expect(strategy.warnings?.(withFormat("date-time"))).toEqual([]);
    expect(strategy.warnings?.(withFormat("poem"))).toEqual(['unrecognized format "poem"']);
    expect(strategy.warnings?.(withFormat("poem"), withFormat("poem"))).toEqual([]);
  });

  it("are selectable by simple values only", () => {
    const schema: JSONSchemaProps = {
      type: "object",
      properties: { spec: { type: "object", properties: { color: { type: "string" } } } },
    };
    const selectable = (jsonPath: string) =>
      definition(schema, {
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: { openAPIV3Schema: schema },
            selectableFields: [{ jsonPath }],
          },
        ],
      });
    expect(problems(selectable(".spec.color"))).toEqual([]);
    expect(problems(selectable(".spec"))).toHaveLength(1);
    expect(problems(selectable(".spec.size"))).toHaveLength(1);
  });
});
