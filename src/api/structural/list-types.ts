import { deepEqual, type FieldError, FieldPath, fieldError, type JsonValue } from "../meta/index.ts";
import { isObject } from "./copy-on-write.ts";
import type { StructuralNode } from "./schema.ts";

/** Items that a set or a list map may hold once only. */
export function checkListTypes(value: JsonValue, node: StructuralNode): FieldError[] {
  const out: FieldError[] = [];
  if (node.hasKeyedLists) check(value, node, undefined, out);
  return out;
}

function check(value: JsonValue, node: StructuralNode, path: FieldPath | undefined, out: FieldError[]): void {
  if (Array.isArray(value)) {
    checkItems(value, node, path, out);
    const { items } = node;
    if (!items?.hasKeyedLists) return;
    for (const [i, item] of value.entries()) check(item, items, new FieldPath(path, i, true), out);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, member] of Object.entries(value)) {
    const property = node.properties.get(key);
    if (property?.hasKeyedLists) check(member, property, new FieldPath(path, key, false), out);
    else if (property === undefined && node.others?.hasKeyedLists) {
      check(member, node.others, new FieldPath(path, key, true), out);
    }
  }
}

function checkItems(
  list: readonly JsonValue[],
  node: StructuralNode,
  path: FieldPath | undefined,
  out: FieldError[],
): void {
  const listType = node.schema["x-kubernetes-list-type"];
  if (listType === "set") checkUnique(list, path, out);
  if (listType !== "map") return;
  const keys = node.schema["x-kubernetes-list-map-keys"] ?? [];
  const values = list.map((item) => {
    if (!isObject(item)) return null;
    const named = keys.map((key) => [key, item[key] ?? node.items?.properties.get(key)?.default] as const);
    return Object.fromEntries(named.filter(([, value]) => value !== undefined)) as JsonValue;
  });
  checkUnique(values, path, out);
}

/** Simple values are compared by a set; what is deep is compared with those before it. */
function checkUnique(values: readonly JsonValue[], path: FieldPath | undefined, out: FieldError[]): void {
  const seen = new Set<string>();
  const deep: JsonValue[] = [];
  for (const [i, value] of values.entries()) {
    const isDeep = typeof value === "object" && value !== null && !isFlat(value);
    const text = isDeep ? "" : JSON.stringify(value);
    const isKnown = isDeep ? deep.some((other) => deepEqual(other, value)) : seen.has(text);
    if (isKnown) out.push(fieldError.duplicate(new FieldPath(path, i, true), value));
    else if (isDeep) deep.push(value);
    else seen.add(text);
  }
}

function isFlat(value: object): boolean {
  return !Array.isArray(value) && Object.values(value).every((member) => typeof member !== "object");
}
