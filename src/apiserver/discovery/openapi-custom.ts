import type { JsonObject } from "../../api/meta/index.ts";
import type { DiscoveredKind } from "./entry.ts";
import type { SchemaCollector } from "./openapi-schemas.ts";

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** Adds a custom resource's schema, completed by what every object has. */
export function customDefinition(kind: DiscoveredKind, schemas: SchemaCollector): JsonObject {
  const own = kind.openApiSchema ?? { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const properties = typeof own.properties === "object" && own.properties !== null ? own.properties : {};
  return schemas.put(nameOf(kind, kind.kind), {
    ...own,
    properties: {
      ...properties,
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { allOf: [schemas.ref(`${meta}.ObjectMeta`)] },
    },
    "x-kubernetes-group-version-kind": [{ group: kind.group, kind: kind.kind, version: kind.version }],
  });
}

export function customListDefinition(kind: DiscoveredKind, schemas: SchemaCollector): JsonObject {
  const listKind = `${kind.kind}List`;
  return schemas.put(nameOf(kind, listKind), {
    type: "object",
    required: ["items"],
    properties: {
      apiVersion: { type: "string" },
      items: { type: "array", items: customDefinition(kind, schemas) },
      kind: { type: "string" },
      metadata: { allOf: [schemas.ref(`${meta}.ListMeta`)] },
    },
    "x-kubernetes-group-version-kind": [{ group: kind.group, kind: listKind, version: kind.version }],
  });
}

/** `org.example.v1.Widget` of a Widget in example.org/v1. */
function nameOf(kind: DiscoveredKind, name: string): string {
  return [...kind.group.split(".").reverse(), kind.version, name].join(".");
}
