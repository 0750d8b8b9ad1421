import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { JSONSchemaProps } from "../../types/index.ts";

const fieldsMax = 8;
const step = /^\.([A-Za-z_][A-Za-z0-9_-]*)/;

/** By which fields custom objects can be selected: simple values, by a path of names. */
export function checkSelectableFields(
  fields: readonly { readonly jsonPath?: string }[] | undefined,
  schema: JSONSchemaProps | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  const all = fields ?? [];
  if (all.length > fieldsMax) out.push(fieldError.tooMany(path, all.length, fieldsMax));
  const seen = new Set<string>();
  for (const [i, { jsonPath = "" }] of all.entries()) {
    const at = path.index(i).child("jsonPath");
    if (jsonPath === "") {
      out.push(fieldError.required(at, ""));
      continue;
    }
    const problem = problemOf(jsonPath, schema);
    if (problem !== undefined) out.push(fieldError.invalid(at, jsonPath, problem));
    if (seen.has(jsonPath)) out.push(fieldError.duplicate(at, jsonPath));
    seen.add(jsonPath);
  }
}

function problemOf(jsonPath: string, schema: JSONSchemaProps | undefined): string | undefined {
  let rest = jsonPath;
  let node = schema;
  const names: string[] = [];
  while (rest !== "") {
    const name = step.exec(rest)?.[1];
    if (name === undefined) return `is an invalid path: expected [ or . but got: ${rest}`;
    rest = rest.slice(name.length + 1);
    names.push(name);
    node = node?.properties?.[name];
    if (!node) return "is an invalid path: does not refer to a valid field";
  }
  if (names[0] === "metadata") return "must not point to fields in metadata";
  if (node?.type === "string" || node?.type === "boolean" || node?.type === "integer") return undefined;
  return "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
}
