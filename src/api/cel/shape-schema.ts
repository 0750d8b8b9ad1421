import type { ObjectShape, Scalar, Shape } from "../schema/index.ts";
import type { RuleSchema } from "./schema-types.ts";

/** What is not known of values is left to run time. */
const unknown: RuleSchema = { "x-kubernetes-preserve-unknown-fields": true };

const scalars: Readonly<Record<Scalar, RuleSchema>> = {
  string: { type: "string" },
  boolean: { type: "boolean" },
  int32: { type: "integer" },
  int64: { type: "integer" },
  number: { type: "number" },
  bytes: { type: "string", format: "byte" },
  intOrString: { "x-kubernetes-int-or-string": true },
  quantity: { "x-kubernetes-int-or-string": true },
  time: { type: "string", format: "date-time" },
  microTime: { type: "string", format: "date-time" },
  duration: { type: "string", format: "duration" },
};

const made = new WeakMap<ObjectShape, RuleSchema>();

/** The schema of a published kind, for the types of expressions. What is in itself, such as JSONSchemaProps, ends there. */
export function schemaOfShape(shape: ObjectShape): RuleSchema {
  return objectSchema(shape, new Set());
}

function schemaOf(shape: Shape, around: ReadonlySet<ObjectShape>): RuleSchema {
  switch (shape.kind) {
    case "object":
      return around.has(shape) ? unknown : objectSchema(shape, around);
    case "list":
      return { type: "array", items: schemaOf(shape.items, around) };
    case "map":
      return { type: "object", additionalProperties: schemaOf(shape.values, around) };
    case "scalar":
      return scalars[shape.scalar];
    case "any":
      return unknown;
  }
}

function objectSchema(shape: ObjectShape, around: ReadonlySet<ObjectShape>): RuleSchema {
  const known = made.get(shape);
  if (known !== undefined) return known;
  const within = new Set(around).add(shape);
  const properties: Record<string, RuleSchema> = {};
  for (const { name, shape: field } of shape.fields.values()) properties[name] = schemaOf(field, within);
  const schema: RuleSchema = { type: "object", properties };
  made.set(shape, schema);
  return schema;
}
