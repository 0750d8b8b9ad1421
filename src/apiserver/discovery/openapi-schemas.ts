import type { JsonObject, JsonValue } from "../../api/meta/index.ts";
import {
  type AnyForm,
  type FieldShape,
  kindTable,
  type Scalar,
  type Shape,
  shapeByName,
} from "../../api/schema/index.ts";
import { publishedEnum } from "./published-enums.ts";

/** OpenAPI 2 and 3 say the same in slightly different words. */
export type OpenApiVersion = "v2" | "v3";

/** Texts by definition: its own, and those of its fields. */
export type Descriptions = Readonly<Record<string, readonly [text: string, fields: Readonly<Record<string, string>>]>>;

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
const extensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";

/** Scalars that are definitions of their own in the documents. */
const scalarDefinitions: Partial<Record<Scalar, string>> = {
  quantity: "io.k8s.apimachinery.pkg.api.resource.Quantity",
  time: `${meta}.Time`,
  microTime: `${meta}.MicroTime`,
  duration: `${meta}.Duration`,
  intOrString: "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
};

const anyDefinitions: Readonly<Record<AnyForm, string>> = {
  rawExtension: "io.k8s.apimachinery.pkg.runtime.RawExtension",
  fieldsV1: `${meta}.FieldsV1`,
  json: `${extensions}.JSON`,
  deduced: `${extensions}.JSON`,
  schemaOrArray: `${extensions}.JSONSchemaPropsOrArray`,
  schemaOrBool: `${extensions}.JSONSchemaPropsOrBool`,
  schemaOrStrings: `${extensions}.JSONSchemaPropsOrStringArray`,
};

/** The body of every patch. */
export const patchDefinition = `${meta}.Patch`;

const leaves: Readonly<Record<string, Readonly<Record<OpenApiVersion, JsonObject>>>> = {
  [patchDefinition]: same({ type: "object" }),
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {
    v2: { type: "string" },
    v3: { oneOf: [{ type: "string" }, { type: "number" }] },
  },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
    v2: { type: "string", format: "int-or-string" },
    v3: { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
  },
  [`${meta}.Time`]: same({ type: "string", format: "date-time" }),
  [`${meta}.MicroTime`]: same({ type: "string", format: "date-time" }),
  [`${meta}.Duration`]: same({ type: "string" }),
  [`${meta}.FieldsV1`]: same({ type: "object" }),
  "io.k8s.apimachinery.pkg.runtime.RawExtension": same({ type: "object" }),
  [`${extensions}.JSON`]: same({}),
  [`${extensions}.JSONSchemaPropsOrArray`]: same({}),
  [`${extensions}.JSONSchemaPropsOrBool`]: same({}),
  [`${extensions}.JSONSchemaPropsOrStringArray`]: same({}),
};

function same(schema: JsonObject): Record<OpenApiVersion, JsonObject> {
  return { v2: schema, v3: schema };
}

/** Collects definitions as they are referred to, with all that they refer to. */
export class SchemaCollector {
  readonly version: OpenApiVersion;
  readonly #descriptions: Descriptions;
  readonly #schemas = new Map<string, JsonObject>();
  readonly #shared = new Map<string, JsonObject>();
  #kinds: ReadonlyMap<string, JsonObject[]> | undefined;

  constructor(version: OpenApiVersion, descriptions: Descriptions = {}) {
    this.version = version;
    this.#descriptions = descriptions;
  }

  /** A reference to a definition, which becomes part of the document. */
  ref(definition: string): JsonObject {
    if (!this.#schemas.has(definition)) {
      this.#schemas.set(definition, {}); // definitions may refer to themselves
      this.#schemas.set(definition, this.#define(definition));
    }
    return { $ref: this.#path(definition) };
  }

  /** Adds a schema that no table holds: a custom resource's. */
  put(definition: string, schema: JsonObject): JsonObject {
    this.#schemas.set(definition, schema);
    return { $ref: this.#path(definition) };
  }

  has(definition: string): boolean {
    return this.#schemas.has(definition);
  }

  /** A reference to a definition that is part of the document, or will be. */
  pathTo(definition: string): JsonObject {
    return { $ref: this.#path(definition) };
  }

  /** The published text of a field of a definition. */
  textOf(definition: string, field: string): string | undefined {
    return this.#descriptions[definition]?.[1][field];
  }

  /** Adds a parameter to those that OpenAPI 2 has in one place. */
  share(name: string, parameter: JsonObject): void {
    if (!this.#shared.has(name)) this.#shared.set(name, parameter);
  }

  /** The parameters in one place so far, by name. */
  parameters(): JsonObject {
    return sorted(this.#shared);
  }

  /** All definitions so far, by name. */
  schemas(): JsonObject {
    return sorted(this.#schemas);
  }

  #path(definition: string): string {
    return `${this.version === "v2" ? "#/definitions/" : "#/components/schemas/"}${definition}`;
  }

  #define(definition: string): JsonObject {
    const [text, fieldTexts] = this.#descriptions[definition] ?? ["", {}];
    const described: JsonObject = text ? { description: text } : {};
    const leaf = leaves[definition];
    if (leaf !== undefined) return { ...described, ...leaf[this.version] };
    const shape = shapeByName(definition);
    if (shape === undefined) throw new Error(`no definition ${definition}`);
    const schema: JsonObject = { ...described, type: "object" };
    const fields = [...shape.fields.values()];
    if (fields.length > 0) {
      schema.properties = Object.fromEntries(
        fields.map((f) => [f.name, this.#property(f, fieldTexts[f.name], publishedEnum(definition, f.name))]),
      );
    }
    const required = fields.filter((f) => f.required).map((f) => f.name);
    if (required.length > 0) schema.required = required;
    if (shape.atomic) schema["x-kubernetes-map-type"] = "atomic";
    this.#kinds ??= kindsByDefinition();
    const kinds = this.#kinds.get(definition);
    if (kinds) schema["x-kubernetes-group-version-kind"] = kinds;
    return schema;
  }

  #property(field: FieldShape, description: string | undefined, values: readonly string[] | undefined): JsonObject {
    const { shape } = field;
    const schema = values === undefined ? this.#schema(shape) : withValues(this.#schema(shape), values);
    // The texts' source has none for fields that hold a struct: its own says nearly the same.
    const text = description ?? (shape.kind === "object" ? this.#descriptions[shape.name]?.[0] : undefined);
    const extras: JsonObject = text ? { description: text } : {};
    if (shape.kind === "list") {
      extras["x-kubernetes-list-type"] = shape.listType;
      if (shape.mapKeys) extras["x-kubernetes-list-map-keys"] = [...shape.mapKeys];
    }
    if (shape.kind === "map" && shape.atomic) extras["x-kubernetes-map-type"] = "atomic";
    if (shape.kind === "object" && shape.atomic && !shapeByName(shape.name)?.atomic) {
      extras["x-kubernetes-map-type"] = "atomic";
    }
    if (field.patchStrategy) extras["x-kubernetes-patch-strategy"] = field.patchStrategy.join(",");
    if (field.patchMergeKey) extras["x-kubernetes-patch-merge-key"] = field.patchMergeKey;
    if (this.version === "v2" || schema.$ref === undefined) return { ...schema, ...extras };
    if (field.always && shape.kind === "object") extras.default = {};
    // OpenAPI 3 allows nothing beside a reference.
    return Object.keys(extras).length === 0 ? schema : { allOf: [schema], ...extras };
  }

  #schema(shape: Shape): JsonObject {
    switch (shape.kind) {
      case "object":
        return this.ref(shape.name);
      case "list":
        return { type: "array", items: this.#schema(shape.items) };
      case "map":
        return { type: "object", additionalProperties: this.#schema(shape.values) };
      case "any":
        return this.ref(anyDefinitions[shape.form]);
      case "scalar": {
        const definition = scalarDefinitions[shape.scalar];
        return definition === undefined ? plainScalar(shape.scalar) : this.ref(definition);
      }
    }
  }
}

/** A string, or a list of strings, of these values. */
function withValues(schema: JsonObject, values: readonly string[]): JsonObject {
  if (schema.type !== "array") return { ...schema, enum: [...values] };
  return { ...schema, items: { type: "string", enum: [...values] } };
}

function sorted(named: ReadonlyMap<string, JsonObject>): JsonObject {
  return Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function plainScalar(scalar: Scalar): JsonObject {
  switch (scalar) {
    case "int32":
    case "int64":
      return { type: "integer", format: scalar };
    case "number":
      return { type: "number", format: "double" };
    case "boolean":
      return { type: "boolean" };
    case "bytes":
      return { type: "string", format: "byte" };
    default:
      return { type: "string" };
  }
}

let kinds: ReadonlyMap<string, JsonObject[]> | undefined;

/** Definition to the group version kinds that it is; DeleteOptions and WatchEvent are of every group version. */
function kindsByDefinition(): ReadonlyMap<string, JsonObject[]> {
  if (kinds !== undefined) return kinds;
  const found = new Map<string, JsonObject[]>();
  const add = (definition: string, apiVersion: string, kind: string) => {
    const [version = "", group = ""] = apiVersion.split("/").reverse();
    const entry: Record<string, JsonValue> = { group, kind, version };
    found.set(definition, [...(found.get(definition) ?? []), entry]);
  };
  const { "*": everywhere = {}, ...table } = kindTable();
  for (const [apiVersion, own] of Object.entries(table)) {
    for (const [kind, definition] of Object.entries(own)) add(definition, apiVersion, kind);
    for (const [kind, definition] of Object.entries(everywhere)) add(definition, apiVersion, kind);
  }
  kinds = found;
  return found;
}
