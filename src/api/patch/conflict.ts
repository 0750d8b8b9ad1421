import { type ApiError, errors, type StatusCause } from "../meta/index.ts";
import { FieldSet } from "./field-set.ts";
import { compareText, type Manager, type Managers } from "./managers.ts";
import { type PathElement, pathText } from "./path-element.ts";

/** A field that an apply would change and that another manager owns. */
export interface Conflict {
  readonly manager: Manager;
  readonly path: readonly PathElement[];
}

/** All conflicts, by manager and then by path. */
export function conflictsOf(fields: ReadonlyMap<string, FieldSet>, managers: Managers): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const id of [...fields.keys()].sort(compareText)) {
    const manager = managers.get(id);
    if (manager === undefined) continue;
    for (const path of fields.get(id)?.paths() ?? []) conflicts.push({ manager, path });
  }
  return conflicts;
}

export function fieldsInConflict(conflicts: readonly Conflict[]): FieldSet {
  return FieldSet.of(...conflicts.map(({ path }) => path));
}

export function conflictError(conflicts: readonly Conflict[]): ApiError {
  const causes: StatusCause[] = conflicts.map(({ manager, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${managerText(manager)}`,
    field: pathText(path),
  }));
  return errors.applyConflict(causes, conflictMessage(conflicts));
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${managerText(first.manager)}: ${pathText(first.path)}`;
  }
  const lines: string[] = [];
  let last: Manager | undefined;
  for (const { manager, path } of conflicts) {
    if (manager !== last) lines.push(`conflicts with ${managerText(manager)}:`);
    lines.push(`- ${pathText(path)}`);
    last = manager;
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}

function managerText(manager: Manager): string {
  const { operation, apiVersion, subresource } = manager;
  let text = JSON.stringify(manager.manager);
  if (subresource !== "") text += ` with subresource ${JSON.stringify(subresource)}`;
  return operation === "Update" ? `${text} using ${apiVersion}` : text;
}
