import type { AnyForm, FieldShape, ObjectShape, Scalar, Shape } from "./shape.ts";
import { type CompactField, compactDefinition, definitionOf, type FieldAttributes } from "./tables.ts";

const shapes = new Map<string, ObjectShape>();

/** The shape of a published kind, for example `shapeOf("apps/v1", "Deployment")`; list kinds and options included. */
export function shapeOf(apiVersion: string, kind: string): ObjectShape | undefined {
  const definition = definitionOf(apiVersion, kind);
  return definition === undefined ? undefined : shapeByName(definition);
}

/** The shape of a definition, for example `io.k8s.api.core.v1.PodSpec`. The same object each time. */
export function shapeByName(definition: string): ObjectShape | undefined {
  const known = shapes.get(definition);
  if (known !== undefined) return known;
  const compact = compactDefinition(definition);
  if (compact === undefined) return undefined;
  const shape = new DefinedObject(definition, compact.a === 1, compact.j === 1, compact.f);
  shapes.set(definition, shape);
  return shape;
}

/** Fields are built when first asked for, as definitions refer to each other, and JSONSchemaProps to itself. */
class DefinedObject implements ObjectShape {
  readonly kind = "object";
  readonly name: string;
  readonly protoName: string | undefined;
  readonly atomic: boolean;
  readonly #compact: Readonly<Record<string, CompactField>>;
  #fields: ReadonlyMap<string, FieldShape> | undefined;

  constructor(name: string, atomic: boolean, jsonOnly: boolean, compact: Readonly<Record<string, CompactField>>) {
    this.name = name;
    this.atomic = atomic;
    this.protoName = jsonOnly ? undefined : name.replace(/^io\.k8s\./, "k8s.io.").replaceAll("-", "_");
    this.#compact = compact;
  }

  get fields(): ReadonlyMap<string, FieldShape> {
    if (this.#fields === undefined) {
      const pkg = this.name.slice(0, this.name.lastIndexOf("."));
      this.#fields = new Map(
        Object.entries(this.#compact).map(([name, field]) => [name, fieldShape(pkg, name, field)]),
      );
    }
    return this.#fields;
  }
}

function fieldShape(pkg: string, name: string, [type, protoId, attributes = {}]: CompactField): FieldShape {
  const field: { -readonly [K in keyof FieldShape]: FieldShape[K] } = {
    name,
    shape: typeShape(pkg, type, attributes),
    required: attributes.r === 1,
  };
  if (attributes.w) field.always = true;
  if (attributes.z) field.omitZero = true;
  if (attributes.ps) field.patchStrategy = attributes.ps.split(",") as ("merge" | "replace" | "retainKeys")[];
  if (attributes.pk) field.patchMergeKey = attributes.pk;
  if (protoId > 0) field.protoId = protoId;
  if (attributes.in) field.protoEmbedded = attributes.in;
  return field;
}

const scalars: Readonly<Record<string, Scalar>> = {
  s: "string",
  b: "boolean",
  i: "int32",
  l: "int64",
  n: "number",
  y: "bytes",
  o: "intOrString",
  q: "quantity",
  t: "time",
  m: "microTime",
  d: "duration",
};

const anyForms: Readonly<Record<string, AnyForm>> = {
  "*r": "rawExtension",
  "*f": "fieldsV1",
  "*j": "json",
  "*a": "schemaOrArray",
  "*b": "schemaOrBool",
  "*s": "schemaOrStrings",
};

/** Reads the tables' type language: `[` list of, `{` map of, `.` definition of this package, `@` any definition, `*` any JSON. */
function typeShape(pkg: string, type: string, attributes: FieldAttributes): Shape {
  const rest = type.slice(1);
  switch (type[0]) {
    case "[":
      return {
        kind: "list",
        items: typeShape(pkg, rest, {}),
        listType: attributes.l === "m" ? "map" : attributes.l === "s" ? "set" : "atomic",
        ...(attributes.k && { mapKeys: attributes.k }),
        ...(attributes.d && { keyDefaults: attributes.d }),
        ...(attributes.e && { protoWrapped: true }),
      };
    case "{":
      return {
        kind: "map",
        values: typeShape(pkg, rest, attributes.e ? { e: 1 } : {}),
        ...(attributes.a && { atomic: true }),
      };
    case ".":
      return namedShape(`${pkg}.${rest}`, attributes);
    case "@":
      return namedShape(rest, attributes);
    case "*":
      return { kind: "any", form: anyForms[type] ?? "json" };
    default:
      return { kind: "scalar", scalar: scalars[type] ?? unknownType(pkg, type) };
  }
}

function namedShape(definition: string, attributes: FieldAttributes): ObjectShape {
  const shape = shapeByName(definition);
  if (shape === undefined) throw new Error(`no definition ${definition}`);
  if (!attributes.a || shape.atomic) return shape;
  // Few fields hold a struct atomically whose definition is not; they share its fields.
  return {
    kind: "object",
    name: shape.name,
    protoName: shape.protoName,
    atomic: true,
    get fields() {
      return shape.fields;
    },
  };
}

function unknownType(pkg: string, type: string): never {
  throw new Error(`${pkg}: unknown type ${type} in the tables`);
}
