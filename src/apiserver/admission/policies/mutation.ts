import { decodeKind, type ResourceKind } from "../../../api/kinds/index.ts";
import { cloneJson, deepEqual, type JsonObject, type JsonValue, type KubeObject } from "../../../api/meta/index.ts";
import type { Attributes } from "../admission.ts";
import { inVersion } from "./activation.ts";

/**
 * Changes a request's object as `change` says, in the version in which it was matched: what comes out is decoded by the
 * kind's shape and gets defaults. The draft stays the same object, so that those who hold it see the change.
 * @returns whether anything is different
 */
export function mutateObject(
  attributes: Attributes,
  matched: ResourceKind,
  change: (before: JsonValue) => JsonValue,
): boolean {
  const { object, kind } = attributes;
  if (object === undefined) return false;
  const isWhole = object.kind === kind.kind;
  const before = cloneJson(inVersion(object, attributes, matched)) as unknown as JsonValue; // objects are JSON
  const changed = change(before);
  if (changed === before || deepEqual(changed, before)) return false;
  const decoded = isWhole
    ? decodeKind(cloneJson(changed) as JsonObject, matched, { unknownFields: "drop" }).object
    : cloneJson(changed);
  const made = decoded as unknown as KubeObject; // decoded by the kind's shape
  if (isWhole) matched.strategy.applyDefaults?.(made);
  if (deepEqual(made, before)) return false;
  replaceContents(object, isWhole ? inVersion(made, { ...attributes, kind: matched }, kind) : made);
  return true;
}

function replaceContents(draft: KubeObject, by: KubeObject): void {
  for (const key of Object.keys(draft)) if (!(key in by)) Reflect.deleteProperty(draft, key);
  Object.assign(draft, by);
}
