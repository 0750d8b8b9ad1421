import type { JsonObject } from "../../../src/api/meta/index.ts";

/** A definition with one version, whose parts can be set. */
export function widgetDefinition(
  version: JsonObject = {},
  spec: JsonObject = {},
): JsonObject & { metadata: { name: string } } {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.org" },
    spec: {
      group: "example.org",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget", shortNames: ["wd"], categories: ["all"] },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: widgetSchema }, ...version }],
      ...spec,
    },
  };
}

export const widgetSchema: JsonObject = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "integer", minimum: 0, default: 1 },
        color: { type: "string", enum: ["red", "blue"] },
        ports: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["port"],
          items: {
            type: "object",
            required: ["port"],
            properties: { port: { type: "integer" }, name: { type: "string" } },
          },
        },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
      "x-kubernetes-validations": [{ rule: "self.size < 100", message: "too big" }],
    },
    status: { type: "object", properties: { size: { type: "integer" }, selector: { type: "string" } } },
  },
};

export function widget(name: string, spec: JsonObject = {}, more: JsonObject = {}): JsonObject {
  return { apiVersion: "example.org/v1", kind: "Widget", metadata: { name }, spec, ...more };
}
