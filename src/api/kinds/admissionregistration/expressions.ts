import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError } from "../../meta/index.ts";
import type { MatchCondition, Variable } from "../../types/index.ts";
import { checkQualifiedName } from "../field-checks.ts";

/** Whether expressions compile is not looked at here: only that they are there, and what names them. */

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
    if (!name) out.push(fieldError.required(at.child("name"), ""));
    else {
      checkQualifiedName(name, at.child("name"), out);
      if (names.has(name)) out.push(fieldError.duplicate(at.child("name"), name));
      names.add(name);
    }
  }
}

/** The same name may come twice: the later one hides the earlier. */
export function checkVariables(variables: readonly Variable[] | undefined, path: FieldPath, out: FieldError[]): void {
  for (const [i, { name, expression }] of (variables ?? []).entries()) {
    const at = path.index(i);
    if (isBlank(name)) out.push(fieldError.required(at.child("name"), "name is not specified"));
    else if (!isIdentifier(name)) {
      out.push(fieldError.invalid(at.child("name"), name, "name is not a valid CEL identifier"));
    }
    checkGiven(expression, "expression", at, out);
  }
}

/** An expression that must be there. */
export function checkGiven(text: string | undefined, field: string, path: FieldPath, out: FieldError[]): void {
  if (isBlank(text)) out.push(fieldError.required(path.child(field), `${field} is not specified`));
}

function isBlank(text: string | undefined): boolean {
  return (text ?? "").trim() === "";
}

const reserved = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

function isIdentifier(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !reserved.has(name);
}
