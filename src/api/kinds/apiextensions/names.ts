import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1035Label } from "../../meta/index.ts";
import type { CustomResourceDefinitionNames } from "../../types/index.ts";
import { checkWith } from "../field-checks.ts";

const required = ["plural", "singular", "kind", "listKind"] as const;

export function checkRequiredNames(names: CustomResourceDefinitionNames, path: FieldPath, out: FieldError[]): void {
  for (const field of required) if (!names[field]) out.push(fieldError.required(path.child(field), ""));
}

export function checkNames(names: CustomResourceDefinitionNames, path: FieldPath, out: FieldError[]): void {
  const { plural, singular, kind, listKind } = names;
  if (plural) checkWith(isDNS1035Label(plural), plural, path.child("plural"), out);
  if (singular) checkWith(isDNS1035Label(singular), singular, path.child("singular"), out);
  checkLabels(names.shortNames, path.child("shortNames"), out);
  if (kind) checkMixedCase(kind, path.child("kind"), out);
  if (listKind) checkMixedCase(listKind, path.child("listKind"), out);
  if (kind && kind === listKind) {
    out.push(fieldError.invalid(path.child("listKind"), listKind, "kind and listKind may not be the same"));
  }
  checkLabels(names.categories, path.child("categories"), out);
}

function checkLabels(names: readonly string[] | undefined, path: FieldPath, out: FieldError[]): void {
  for (const [i, name] of (names ?? []).entries()) checkWith(isDNS1035Label(name), name, path.index(i), out);
}

function checkMixedCase(name: string, path: FieldPath, out: FieldError[]): void {
  for (const message of isDNS1035Label(name.toLowerCase())) {
    out.push(fieldError.invalid(path, name, `may have mixed case, but should otherwise match: ${message}`));
  }
}
