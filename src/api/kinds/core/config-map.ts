import type { FieldError } from "../../meta/index.ts";
import { fieldError, isConfigMapKey, root, semanticEqual } from "../../meta/index.ts";
import type { ConfigMap } from "../../types/index.ts";
import { checkWith } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn } from "../table/cells.ts";

/** What the data of a config map or secret may weigh. */
export const dataBytesMax = 1024 * 1024;

const immutableDetail = "field is immutable when `immutable` is set";

export const configMapStrategy: KindStrategy = {
  validate: (map: ConfigMap) => checkConfigMap(map),
  validateUpdate(map: ConfigMap, old: ConfigMap) {
    const out: FieldError[] = [];
    checkFrozen(map, old, ["data", "binaryData"], out);
    return [...out, ...checkConfigMap(map)];
  },
  table: {
    columns: [nameColumn, { name: "Data", type: "string" }, ageColumn],
    cells: (map: ConfigMap, now) => [
      map.metadata.name ?? "",
      countOf(map.data) + countOf(map.binaryData),
      ageOf(map, now),
    ],
  },
};

export function countOf(map: object | null | undefined): number {
  return map ? Object.keys(map).length : 0;
}

function checkConfigMap(map: ConfigMap): FieldError[] {
  const out: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(map.data ?? {})) {
    checkWith(isConfigMapKey(key), key, root("data").key(key), out);
    if (map.binaryData && Object.hasOwn(map.binaryData, key)) {
      out.push(fieldError.invalid(root("data").key(key), key, "duplicate of key present in binaryData"));
    }
    size += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(map.binaryData ?? {})) {
    checkWith(isConfigMapKey(key), key, root("binaryData").key(key), out);
    size += base64Bytes(value);
  }
  if (size > dataBytesMax) out.push(fieldError.tooLong("[]", "", dataBytesMax));
  return out;
}

/** How many bytes a base64 text stands for. */
export function base64Bytes(text: string | null | undefined): number {
  return text ? Buffer.byteLength(text, "base64") : 0;
}

/** A frozen config map or secret stays as it is until it is deleted. */
export function checkFrozen<T extends { immutable?: boolean }>(
  object: T,
  old: T,
  fields: readonly (keyof T & string)[],
  out: FieldError[],
): void {
  if (!old.immutable) return;
  if (!object.immutable) out.push(fieldError.forbidden(root("immutable"), immutableDetail));
  for (const field of fields) {
    if (!semanticEqual(object[field], old[field])) out.push(fieldError.forbidden(root(field), immutableDetail));
  }
}
