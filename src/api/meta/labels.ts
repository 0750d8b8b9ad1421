import type { FieldPath } from "./field-path.ts";
import { parseRequirements } from "./label-parser.ts";
import { newRequirement, parseInt64, type Requirement, type SelectorOperator } from "./label-requirement.ts";

export type Labels = Readonly<Record<string, string>>;
/** All requirements must hold; with `nothing`, no object matches. */
export interface Selector {
  readonly requirements: readonly Requirement[];
  readonly nothing?: boolean;
}

export interface LabelSelectorRequirement {
  key: string;
  operator: string;
  values?: string[];
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: LabelSelectorRequirement[];
}

export const everything: Selector = { requirements: [] };
export const nothing: Selector = { requirements: [], nothing: true };

/** The selector of a query text such as `a=b,c!=d,e in (x,y),!f`. Throws an Error with the original message. */
export function parseSelector(text: string, path?: FieldPath): Selector {
  if (text === "") return everything;
  return { requirements: byKey(parseRequirements(text, path)) };
}

export function matches(selector: Selector, labels: Labels | undefined): boolean {
  if (selector.nothing) return false;
  for (const requirement of selector.requirements) {
    if (!holds(requirement, labels)) return false;
  }
  return true;
}

function holds(requirement: Requirement, labels: Labels | undefined): boolean {
  const { key, operator, values } = requirement;
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "=":
    case "==":
      return value === values[0];
    case "in":
      return value !== undefined && values.includes(value);
    case "!=":
      return value !== values[0];
    case "notin":
      return value === undefined || !values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "gt":
      return compares(value, values[0], (a, b) => a > b);
    case "lt":
      return compares(value, values[0], (a, b) => a < b);
  }
}

function compares(value: string | undefined, bound: string | undefined, test: (a: bigint, b: bigint) => boolean) {
  const left = parseInt64(value);
  const right = parseInt64(bound);
  return left !== undefined && right !== undefined && test(left, right);
}

const expressionOperators: Readonly<Record<string, SelectorOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
};

/**
 * The selector of a LabelSelector object: undefined and null select nothing, {} everything. Throws an Error with the
 * original message for what is not valid.
 */
export function labelSelectorAsSelector(selector: LabelSelector | null | undefined): Selector {
  if (selector === null || selector === undefined) return nothing;
  const requirements: Requirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push(newRequirement(key, "=", [value]));
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = Object.hasOwn(expressionOperators, operator) ? expressionOperators[operator] : undefined;
    if (known === undefined) throw new Error(`${JSON.stringify(operator)} is not a valid label selector operator`);
    requirements.push(newRequirement(key, known, values?.length ? values : null));
  }
  return requirements.length === 0 ? everything : { requirements: byKey(requirements) };
}

/** Every label must be there with its value; the labels are not checked. No labels select everything. */
export function selectorFromLabels(labels: Labels | undefined): Selector {
  const requirements = Object.entries(labels ?? {}).map(([key, value]): Requirement => {
    return { key, operator: "=", values: [value] };
  });
  return { requirements: byKey(requirements) };
}

export function isEmptySelector(selector: Selector): boolean {
  return selector.nothing !== true && selector.requirements.length === 0;
}

/** The query text of a selector. */
export function selectorString(selector: Selector): string {
  return selector.requirements.map(requirementString).join(",");
}

function requirementString({ key, operator, values }: Requirement): string {
  switch (operator) {
    case "!":
      return `!${key}`;
    case "exists":
      return key;
    case "in":
    case "notin":
      return `${key} ${operator} (${values.join(",")})`;
    case "gt":
      return `${key}>${values[0]}`;
    case "lt":
      return `${key}<${values[0]}`;
    default:
      return `${key}${operator}${values[0]}`;
  }
}

function byKey(requirements: Requirement[]): Requirement[] {
  return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}
