import type { JsonObject, JsonValue } from "../../api/meta/index.ts";
import type { DiscoveredKind } from "./entry.ts";
import type { SchemaCollector } from "./openapi-schemas.ts";

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
/** Its texts of apiVersion and kind are those of all objects. */
const anyObject = "io.k8s.api.core.v1.ConfigMap";
const conventions = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";
/** The published texts have none for fields of a named type; what explains custom resources looks for these. */
const ofMetadata = `Standard object's metadata. More info: ${conventions}#metadata`;
const ofListMetadata = `Standard list metadata. More info: ${conventions}#types-kinds`;

/** Adds a custom resource's schema, completed by what every object has. */
export function customDefinition(kind: DiscoveredKind, schemas: SchemaCollector): JsonObject {
  const own = kind.openApiSchema ?? { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  // kubectl would take any property named here for the only ones allowed.
  const isOpen = schemas.version === "v2" && keepsUnknownFields(own);
  return schemas.put(nameOf(kind, kind.kind), {
    ...(isOpen ? {} : publishedSchema(own, schemas, true)),
    type: "object",
    "x-kubernetes-group-version-kind": [{ group: kind.group, kind: kind.kind, version: kind.version }],
  });
}

export function customListDefinition(kind: DiscoveredKind, schemas: SchemaCollector): JsonObject {
  const listKind = kind.listKind ?? `${kind.kind}List`;
  const ownName = nameOf(kind, kind.kind);
  return schemas.put(nameOf(kind, listKind), {
    description: `${listKind} is a list of ${kind.kind}`,
    type: "object",
    required: ["items"],
    properties: {
      apiVersion: typeField(schemas, "apiVersion"),
      items: {
        description: `List of ${kind.resource}. More info: ${conventions}`,
        type: "array",
        items: schemas.has(ownName) ? schemas.pathTo(ownName) : customDefinition(kind, schemas),
      },
      kind: typeField(schemas, "kind"),
      metadata: referring(schemas, `${meta}.ListMeta`, ofListMetadata),
    },
    "x-kubernetes-group-version-kind": [{ group: kind.group, kind: listKind, version: kind.version }],
  });
}

/** `org.example.v1.Widget` of a Widget in example.org/v1. */
function nameOf(kind: DiscoveredKind, name: string): string {
  return [...kind.group.split(".").reverse(), kind.version, name].join(".");
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeField(schemas: SchemaCollector, field: "apiVersion" | "kind"): JsonObject {
  const text = schemas.textOf(anyObject, field);
  return { ...(text && { description: text }), type: "string" };
}

/** OpenAPI 3 allows nothing beside a reference. */
function referring(schemas: SchemaCollector, definition: string, description: string): JsonObject {
  const ref = schemas.ref(definition);
  return schemas.version === "v2" ? { description, ...ref } : { allOf: [ref], description };
}

/** A schema as the documents show it: whole objects, also embedded ones, have the fields that all objects have. */
function publishedSchema(schema: JsonObject, schemas: SchemaCollector, isRoot: boolean): JsonObject {
  const shown = schemas.version === "v2" ? reduced(schema) : { ...schema };
  const { properties, items, additionalProperties } = shown;
  if (isObject(properties)) shown.properties = mapped(properties, (one) => publishedSchema(one, schemas, false));
  if (isObject(items)) shown.items = publishedSchema(items, schemas, false);
  if (isObject(additionalProperties)) {
    shown.additionalProperties = publishedSchema(additionalProperties, schemas, false);
  }
  const isEmbedded = schema["x-kubernetes-embedded-resource"] === true;
  if (!isRoot && !isEmbedded) return shown;
  if (isEmbedded && schemas.version === "v2" && keepsUnknownFields(schema)) return shown;
  const metadata = referring(schemas, `${meta}.ObjectMeta`, ofMetadata);
  const common = { apiVersion: typeField(schemas, "apiVersion"), kind: typeField(schemas, "kind"), metadata };
  const complete = { ...shown, properties: { ...(isObject(shown.properties) ? shown.properties : {}), ...common } };
  if (!isEmbedded) return complete;
  const required = Array.isArray(shown.required) ? shown.required : [];
  return { ...complete, required: [...required, ...["kind", "apiVersion"].filter((name) => !required.includes(name))] };
}

function keepsUnknownFields(schema: JsonObject): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true;
}

function mapped(properties: JsonObject, change: (schema: JsonObject) => JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).map(([name, one]) => [name, isObject(one) ? change(one) : (one ?? {})]),
  );
}

/**
 * What kubectl would misread in OpenAPI 2 is left out: branches, null, fields beside which others may stand, and the type
 * of what is then not described. A field that may be null is not required.
 */
function reduced(schema: JsonObject): JsonObject {
  const { allOf: _all, anyOf: _any, oneOf: _one, not: _not, nullable, ...rest } = schema;
  const isOpen = keepsUnknownFields(rest);
  if (Array.isArray(rest.required)) {
    const required = rest.required.filter((name) => !isNullable(schema.properties, name));
    if (required.length > 0 && !isNullableSchema(rest.additionalProperties)) rest.required = required;
    else delete rest.required;
  }
  if (isOpen || nullable === true) {
    delete rest.properties;
    delete rest.items;
  }
  const isBareArray = rest.type === "array" && rest.items === undefined;
  if (nullable === true || isBareArray || (isOpen && rest.type === "object")) delete rest.type;
  return rest;
}

function isNullable(properties: JsonValue | undefined, name: JsonValue): boolean {
  return isObject(properties) && typeof name === "string" && isNullableSchema(properties[name]);
}

function isNullableSchema(schema: JsonValue | undefined): boolean {
  return isObject(schema) && schema.nullable === true;
}
