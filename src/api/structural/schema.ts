import type { JsonValue } from "../meta/index.ts";
import type { JSONSchemaProps } from "../types/index.ts";

/** A structural schema with what is asked of it for every value at hand. */
export interface StructuralNode {
  readonly schema: JSONSchemaProps;
  readonly properties: ReadonlyMap<string, StructuralNode>;
  /** Schema of all other members; undefined beside `allowsOthers` where they may be anything. */
  readonly others: StructuralNode | undefined;
  readonly allowsOthers: boolean;
  readonly items: StructuralNode | undefined;
  /** x-kubernetes-preserve-unknown-fields */
  readonly preserves: boolean;
  /** x-kubernetes-embedded-resource */
  readonly isEmbedded: boolean;
  readonly isNullable: boolean;
  readonly default: JsonValue | undefined;
  /** Whether this node or one below has a default. */
  readonly hasDefaults: boolean;
  /** Whether a node below is an embedded resource. */
  readonly hasEmbedded: boolean;
  /** Whether this node or one below is a set or a list map. */
  readonly hasKeyedLists: boolean;
}

/** The schema in a field that may hold something else too (`items`, `additionalProperties`). */
export function schemaIn(value: JsonValue | undefined): JSONSchemaProps | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JSONSchemaProps) : undefined;
}

export function compileSchema(schema: JSONSchemaProps): StructuralNode {
  const properties = new Map<string, StructuralNode>();
  for (const [name, child] of Object.entries(schema.properties ?? {})) properties.set(name, compileSchema(child));
  const additional = schemaIn(schema.additionalProperties);
  const others = additional && compileSchema(additional);
  const itemSchema = schemaIn(schema.items);
  const items = itemSchema && compileSchema(itemSchema);
  const children = [...properties.values(), others, items].filter((child) => child !== undefined);
  const listType = schema["x-kubernetes-list-type"];
  return {
    schema,
    properties,
    others,
    allowsOthers: schema.additionalProperties !== undefined,
    items,
    preserves: schema["x-kubernetes-preserve-unknown-fields"] === true,
    isEmbedded: schema["x-kubernetes-embedded-resource"] === true,
    isNullable: schema.nullable === true,
    default: schema.default,
    hasDefaults: schema.default !== undefined || children.some((child) => child.hasDefaults),
    hasEmbedded: children.some((child) => child.isEmbedded || child.hasEmbedded),
    hasKeyedLists: listType === "map" || listType === "set" || children.some((child) => child.hasKeyedLists),
  };
}
