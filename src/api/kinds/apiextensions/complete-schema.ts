import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { JSONSchemaProps } from "../../types/index.ts";
import { schemaIn } from "./schema-node.ts";

/** Whatever the branches of a schema speak of must stand outside of them, too. */
export function checkComplete(schema: JSONSchemaProps, path: FieldPath, out: FieldError[]): void {
  checkBranches(schema, schema, path, path, out);
}

function checkBranches(
  values: JSONSchemaProps,
  structure: JSONSchemaProps,
  path: FieldPath,
  branchPath: FieldPath,
  out: FieldError[],
): void {
  if (values.not) checkBranch(values.not, structure, path, branchPath.child("not"), out);
  for (const field of ["allOf", "anyOf", "oneOf"] as const) {
    for (const [i, branch] of (values[field] ?? []).entries()) {
      checkBranch(branch, structure, path, branchPath.child(field).index(i), out);
    }
  }
}

function checkBranch(
  branch: JSONSchemaProps,
  structure: JSONSchemaProps | undefined,
  path: FieldPath,
  branchPath: FieldPath,
  out: FieldError[],
): void {
  if (!structure) {
    out.push(fieldError.required(path, `because it is defined in ${branchPath}`));
    return;
  }
  checkBranches(branch, structure, path, branchPath, out);
  const items = schemaIn(branch.items);
  if (items) checkBranch(items, schemaIn(structure.items), path.child("items"), branchPath.child("items"), out);
  for (const [name, property] of Object.entries(branch.properties ?? {})) {
    const at = path.child("properties").key(name);
    checkBranch(property, structure.properties?.[name], at, branchPath.child("properties").key(name), out);
  }
}
