import { type FieldShape, type ObjectShape, type Shape, shapeByName } from "../schema/index.ts";
import type { StructuralNode } from "./schema.ts";

/** Where nothing is said: objects are taken field by field, all else as a whole. */
const deduced: Shape = { kind: "any", form: "deduced" };
const text: Shape = { kind: "scalar", scalar: "string" };
const metadataName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** How server-side apply sees the objects of a schema. @param name of the definition, as the OpenAPI documents have it */
export function shapeOfSchema(root: StructuralNode, name: string): ObjectShape {
  const fields = fieldsOf(root);
  addResourceFields(fields);
  const rest = restOf(root);
  return { kind: "object", name, fields, ...(rest && { rest }) };
}

function addResourceFields(fields: Map<string, FieldShape>): void {
  const metadata = shapeByName(metadataName);
  if (metadata === undefined) throw new Error("the shape of metadata is not known");
  for (const [name, shape] of Object.entries({ apiVersion: text, kind: text, metadata })) {
    fields.set(name, { name, shape, required: false });
  }
}

function fieldsOf(node: StructuralNode): Map<string, FieldShape> {
  const required = new Set(node.schema.required ?? []);
  const fields = new Map<string, FieldShape>();
  for (const [name, child] of node.properties) {
    fields.set(name, { name, shape: shapeOf(child), required: required.has(name) });
  }
  return fields;
}

function shapeOf(node: StructuralNode): Shape {
  const { schema } = node;
  if (schema["x-kubernetes-int-or-string"]) return { kind: "scalar", scalar: "intOrString" };
  switch (schema.type) {
    case "object":
      return objectShape(node);
    case "array":
      return listShape(node);
    case "string":
      return text;
    case "integer":
      return { kind: "scalar", scalar: "int64" };
    case "number":
      return { kind: "scalar", scalar: "number" };
    case "boolean":
      return { kind: "scalar", scalar: "boolean" };
    default:
      return deduced;
  }
}

function objectShape(node: StructuralNode): Shape {
  const atomic = node.schema["x-kubernetes-map-type"] === "atomic";
  if (node.properties.size === 0 && !node.isEmbedded) {
    return { kind: "map", values: node.others === undefined ? deduced : shapeOf(node.others), atomic };
  }
  const fields = fieldsOf(node);
  if (node.isEmbedded) addResourceFields(fields);
  const rest = restOf(node);
  return { kind: "object", name: "", fields, atomic, ...(rest && { rest }) };
}

function restOf(node: StructuralNode): Shape | undefined {
  if (node.others !== undefined) return shapeOf(node.others);
  return node.preserves || node.allowsOthers || node.properties.size === 0 ? deduced : undefined;
}

function listShape({ schema, items }: StructuralNode): Shape {
  const listType = schema["x-kubernetes-list-type"];
  const mapKeys = schema["x-kubernetes-list-map-keys"];
  const keyDefaults: Record<string, string | number> = {};
  for (const key of mapKeys ?? []) {
    const value = items?.properties.get(key)?.default;
    if (typeof value === "string" || typeof value === "number") keyDefaults[key] = value;
  }
  return {
    kind: "list",
    items: items === undefined ? deduced : shapeOf(items),
    listType: listType === "map" || listType === "set" ? listType : "atomic",
    ...(mapKeys && { mapKeys }),
    ...(Object.keys(keyDefaults).length > 0 && { keyDefaults }),
  };
}
