import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { admissionregistrationV1 } from "../../types/index.ts";
import { checkQualifiedName } from "../field-checks.ts";

type MatchCondition = admissionregistrationV1.MatchCondition;

const conditionsMax = 64;

export function checkMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  const all = conditions ?? [];
  if (all.length > conditionsMax) out.push(fieldError.tooMany(path, all.length, conditionsMax));
  const names = new Set<string>();
  for (const [i, { name, expression }] of all.entries()) {
    const at = path.index(i);
    if (isBlank(expression)) out.push(fieldError.required(at.child("expression"), ""));
    if (!name) {
      out.push(fieldError.required(at.child("name"), ""));
      continue;
    }
    checkQualifiedName(name, at.child("name"), out);
    if (names.has(name)) out.push(fieldError.duplicate(at.child("name"), name));
    names.add(name);
  }
}

export function isBlank(text: string | undefined): boolean {
  return !text || text.trim() === "";
}
