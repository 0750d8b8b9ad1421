import type { FieldError } from "../../meta/index.ts";
import { controllerOf, fieldError, groupKindString, parseApiVersion, root } from "../../meta/index.ts";
import type { ControllerRevision } from "../../types/index.ts";
import { checkImmutable, checkNonNegative } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, none, text } from "../table/cells.ts";

export const controllerRevisionStrategy: KindStrategy = {
  validate: (revision: ControllerRevision) => checkRevision(revision),
  validateUpdate(revision: ControllerRevision, old: ControllerRevision) {
    const out: FieldError[] = [];
    checkNonNegative(revision.revision, root("revision"), out);
    checkImmutable(revision.data ?? null, old.data ?? null, root("data"), out);
    return out;
  },
  table: {
    columns: [nameColumn, text("Controller"), text("Revision"), ageColumn],
    cells: (revision: ControllerRevision, now) => [
      nameOf(revision),
      controller(revision),
      revision.revision ?? 0,
      ageOf(revision, now),
    ],
  },
};

function checkRevision(revision: ControllerRevision): FieldError[] {
  const out: FieldError[] = [];
  const data: unknown = revision.data;
  if (data === undefined || data === null) out.push(fieldError.required(root("data"), "data is mandatory"));
  else if (typeof data !== "object" || Array.isArray(data)) {
    out.push(fieldError.required(root("data"), "data must be a valid JSON object"));
  }
  checkNonNegative(revision.revision, root("revision"), out);
  return out;
}

function controller(revision: ControllerRevision): string {
  const owner = controllerOf(revision);
  if (!owner) return none;
  const { group } = parseApiVersion(owner.apiVersion);
  return `${groupKindString({ group, kind: owner.kind }).toLowerCase()}/${owner.name}`;
}
