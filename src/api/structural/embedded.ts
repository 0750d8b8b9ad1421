import {
  type FieldError,
  FieldPath,
  fieldError,
  isDNS1035Label,
  type JsonObject,
  type JsonValue,
} from "../meta/index.ts";
import { DecodeFailure, decodePart, type ObjectShape, shapeByName } from "../schema/index.ts";
import { isObject, mapItems, mapMembers } from "./copy-on-write.ts";
import type { StructuralNode } from "./schema.ts";

/** Paths of fields that are not known; undefined where nobody wants to know. */
export type UnknownFields = string[] | undefined;

let metadata: ObjectShape | undefined;

function metadataShape(): ObjectShape {
  metadata ??= shapeByName("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  if (metadata === undefined) throw new Error("the shape of metadata is not known");
  return metadata;
}

/**
 * Metadata as the original holds it: known fields of their types alone. Works in place on the draft.
 * @throws DecodeFailure in the original's words
 */
export function coerceMetadata(value: JsonValue, path: string, unknown: UnknownFields): JsonObject {
  if (value === null) return {};
  const decoded = decodePart(value, metadataShape(), { unknownFields: unknown === undefined ? "drop" : "collect" });
  for (const field of decoded.unknownFields) unknown?.push(`${path}.${field}`);
  return decoded.object;
}

/** As coerceMetadata, for the objects that lie within: what is stored there is made well-formed. @throws DecodeFailure */
export function coerceEmbedded<T extends JsonValue>(value: T, node: StructuralNode, unknown: UnknownFields): T {
  return node.hasEmbedded ? (coerce(value, node, "", unknown, true) as T) : value;
}

function coerce(
  value: JsonValue,
  node: StructuralNode,
  path: string,
  unknown: UnknownFields,
  isRoot: boolean,
): JsonValue {
  if (Array.isArray(value)) {
    const { items } = node;
    if (items === undefined) return value;
    return mapItems(value, (item, i) => coerce(item, items, `${path}[${i}]`, unknown, false));
  }
  if (!isObject(value)) return value;
  return mapMembers(value, (member, key) => {
    const at = path === "" ? key : `${path}.${key}`;
    if (node.isEmbedded && !isRoot) {
      if (key === "metadata") return coerceMetadata(structuredCopy(member), at, unknown);
      if ((key === "apiVersion" || key === "kind") && typeof member !== "string") {
        throw new DecodeFailure(`${at}: Invalid value: ${JSON.stringify(member)}: must be string`);
      }
    }
    const below = node.properties.get(key) ?? node.others;
    return below === undefined ? member : coerce(member, below, at, unknown, false);
  });
}

function structuredCopy(value: JsonValue): JsonValue {
  return typeof value === "object" && value !== null ? (JSON.parse(JSON.stringify(value)) as JsonValue) : value;
}

/** What is wrong with the objects that lie within an object. `checkMetadata` is that of all objects. */
export function checkEmbedded(
  value: JsonValue,
  node: StructuralNode,
  checkMetadata: (metadata: JsonObject, path: FieldPath) => FieldError[],
): FieldError[] {
  const out: FieldError[] = [];
  if (node.hasEmbedded) check(value, node, undefined, { out, checkMetadata }, true);
  return out;
}

interface Checking {
  readonly out: FieldError[];
  readonly checkMetadata: (metadata: JsonObject, path: FieldPath) => FieldError[];
}

function check(
  value: JsonValue,
  node: StructuralNode,
  path: FieldPath | undefined,
  checking: Checking,
  isRoot: boolean,
): void {
  if (Array.isArray(value)) {
    const { items } = node;
    if (items === undefined) return;
    for (const [i, item] of value.entries()) check(item, items, new FieldPath(path, i, true), checking, false);
    return;
  }
  if (!isObject(value)) return;
  if (node.isEmbedded && !isRoot && path !== undefined) checkObject(value, path, checking);
  for (const [key, member] of Object.entries(value)) {
    const property = node.properties.get(key);
    if (property !== undefined) check(member, property, new FieldPath(path, key, false), checking, false);
    else if (node.others !== undefined) check(member, node.others, new FieldPath(path, key, true), checking, false);
  }
}

function checkObject(object: JsonObject, path: FieldPath, { out, checkMetadata }: Checking): void {
  for (const field of ["apiVersion", "kind"] as const) {
    const value = object[field];
    const at = path.child(field);
    if (value === undefined) out.push(fieldError.required(at, "must not be empty"));
    else if (typeof value !== "string") out.push(fieldError.invalid(at, value, "must be a string"));
    else if (value === "") out.push(fieldError.invalid(at, value, "must not be empty"));
    else if (field === "apiVersion" && value.split("/").length > 2) {
      out.push(fieldError.invalid(at, value, `unexpected GroupVersion string: ${value}`));
    } else if (field === "kind") {
      const problems = isDNS1035Label(value.toLowerCase());
      if (problems.length === 0) continue;
      const detail = `may have mixed case, but should otherwise match: ${problems.join(",")}`;
      out.push(fieldError.invalid(at, value, detail));
    }
  }
  if (isObject(object.metadata)) out.push(...checkMetadata(object.metadata, path.child("metadata")));
}
