import type { FieldPath } from "./field-path.ts";
export type Labels = Readonly<Record<string, string>>;
export type SelectorOperator = "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt";
export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
}
/** `requirements` all hold; `nothing` matches no object whatever they say. */
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
export declare const everything: Selector;
export declare const nothing: Selector;
/** Throws an Error with the original message. */
export declare function parseSelector(text: string, path?: FieldPath): Selector;
export declare function matches(selector: Selector, labels: Labels | undefined): boolean;
/** undefined or null selects nothing, {} everything. Throws an Error with the original message. */
export declare function labelSelectorAsSelector(selector: LabelSelector | null | undefined): Selector;
export declare function selectorFromLabels(labels: Labels | undefined): Selector;
export declare function selectorString(selector: Selector): string;
export declare function isEmptySelector(selector: Selector): boolean;
