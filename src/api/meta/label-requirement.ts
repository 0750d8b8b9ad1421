import { errorMessage, type FieldError, invalid } from "./field-error.ts";
import type { FieldPath } from "./field-path.ts";
import { isQualifiedName, isValidLabelValue } from "./names.ts";

export type SelectorOperator = "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt";

export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
}

/** A checked requirement; values are sorted and distinct. Throws an Error with all that is wrong. */
export function newRequirement(
  key: string,
  operator: SelectorOperator,
  given: readonly string[] | null | undefined,
  path?: FieldPath,
): Requirement {
  const values = given ?? [];
  const at = (step: string) => (path === undefined ? step : path.child(step).toString());
  const found: FieldError[] = [];
  const keyErrors = isQualifiedName(key);
  if (keyErrors.length > 0) found.push(invalid(at("key"), key, keyErrors.join("; ")));
  const complaint = valuesComplaint(operator, values);
  if (complaint !== undefined) found.push(invalid(at("values"), given ?? null, complaint));
  values.forEach((value, index) => {
    const field = `${at("values")}[${index}]`;
    if ((operator === "gt" || operator === "lt") && parseInt64(value) === undefined) {
      found.push(invalid(field, value, "for 'Gt', 'Lt' operators, the value must be an integer"));
    }
    const errors = isValidLabelValue(value);
    if (errors.length > 0) found.push(invalid(`${field}[${key}]`, value, errors.join("; ")));
  });
  if (found.length > 0) throw new Error(aggregate(found));
  return { key, operator, values: [...new Set(values)].sort() };
}

function valuesComplaint(operator: SelectorOperator, values: readonly string[]): string | undefined {
  switch (operator) {
    case "in":
    case "notin":
      return values.length === 0 ? "for 'in', 'notin' operators, values set can't be empty" : undefined;
    case "=":
    case "==":
    case "!=":
      return values.length === 1 ? undefined : "exact-match compatibility requires one single value";
    case "exists":
    case "!":
      return values.length === 0 ? undefined : "values set must be empty for exists and does not exist";
    case "gt":
    case "lt":
      return values.length === 1 ? undefined : "for 'Gt', 'Lt' operators, exactly one value is required";
  }
}

function aggregate(found: readonly FieldError[]): string {
  const messages = [...new Set(found.map(errorMessage))];
  return messages.length === 1 ? (messages[0] ?? "") : `[${messages.join(", ")}]`;
}

/** A whole number that fits into 64 bits, written in decimal. */
export function parseInt64(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return undefined;
  const value = text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
