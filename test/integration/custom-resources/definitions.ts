import type { JsonObject } from "../../../src/api/meta/index.ts";
import type { Api, Json } from "../../conformance/support/api.ts";

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

export const definitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
export const definitionPath = `${definitionsPath}/widgets.example.org`;

export function isEstablished({ status }: Json): boolean {
  return status?.conditions?.some(({ type, status: is }: Json) => type === "Established" && is === "True");
}

/** Deletes all definitions and waits until they have gone. */
export async function undefineAll(api: Api): Promise<void> {
  const { items } = await api.get(definitionsPath);
  for (const { metadata } of items) {
    await api.delete(`${definitionsPath}/${metadata.name}`);
    await api.untilGone(`${definitionsPath}/${metadata.name}`);
  }
}
