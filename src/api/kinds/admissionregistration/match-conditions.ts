import { compileMatchCondition } from "../../cel/index.ts";
import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { admissionregistrationV1 } from "../../types/index.ts";
import { checkQualifiedName } from "../field-checks.ts";

type MatchCondition = admissionregistrationV1.MatchCondition;

const conditionsMax = 64;

/** @param hasParams whether expressions may name the policy's parameters */
export function checkMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  path: FieldPath,
  out: FieldError[],
  hasParams = false,
): void {
  const all = conditions ?? [];
  if (all.length > conditionsMax) out.push(fieldError.tooMany(path, all.length, conditionsMax));
  const names = new Set<string>();
  for (const [i, { name, expression }] of all.entries()) {
    const at = path.index(i);
    checkCondition(expression ?? "", hasParams, at.child("expression"), out);
    if (!name) {
      out.push(fieldError.required(at.child("name"), ""));
      continue;
    }
    checkQualifiedName(name, at.child("name"), out);
    if (names.has(name)) out.push(fieldError.duplicate(at.child("name"), name));
    names.add(name);
  }
}

function checkCondition(expression: string, hasParams: boolean, path: FieldPath, out: FieldError[]): void {
  const trimmed = expression.trim();
  if (trimmed === "") {
    out.push(fieldError.required(path, ""));
    return;
  }
  const { error } = compileMatchCondition(trimmed, { hasParams });
  if (error !== undefined) out.push(fieldError.invalid(path, trimmed, error));
}

export function isBlank(text: string | undefined): boolean {
  return !text || text.trim() === "";
}
